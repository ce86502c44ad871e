"""Why a slot has its outcome, and what a clock that is set did to it, in words. Pure."""

from typing import Literal

from runyard.jobs.recurrence.rules import Dst
from runyard.jobs.slots import Reason, Slot

Language = Literal["en", "zh-CN"]

REASONS: dict[Reason, tuple[str, str]] = {
    Reason.on_time: ("It was due.", "到时触发。"),
    Reason.moved: (
        "Its local time was skipped when clocks went forward; it fired at the end of the gap.",
        "时钟拨快时跳过了它的本地时间，于是在跳过的时段结束时触发。",
    ),
    Reason.caught_up: ("It was decided late, and caught up.", "未能按时触发，事后补上。"),
    Reason.stood_for: ("It was decided late; one run stood for all of these.", "未能按时触发，由一次运行代替全部。"),
    Reason.too_late: ("It was decided later than its grace time allows.", "超过了宽限时间。"),
    Reason.too_many: (
        "More were late than are to be caught up; these are the oldest.",
        "待补的次数超过上限，较早的不再补。",
    ),
    Reason.overlap: ("A run of the job was in the way.", "该作业已有运行尚未结束。"),
    Reason.blackout: ("It fell into the blackout window {name}.", "处于禁止运行的时段 {name}。"),
    Reason.blackout_since: (
        "It was due before, but by the time it was decided the blackout window {name} was open.",
        "到时未能触发，之后已进入禁止运行的时段 {name}。",
    ),
    Reason.paused: ("It was paused by {name}.", "已被 {name} 暂停。"),
    Reason.paused_since: (
        "It was due before, but by the time it was decided it was paused by {name}.",
        "到时未能触发，之后已被 {name} 暂停。",
    ),
    Reason.clock_set_back: (
        "Its local time came for the second time after clocks went back; it was due at the first.",
        "时钟拨慢后它的本地时间再次出现，只在第一次触发。",
    ),
    Reason.broken: ("The job can't run.", "该作业无法运行。"),
}
THINGS = {"the circuit breaker": "熔断机制", "shadow mode": "影子模式"}
"""What pauses a job where nobody does, in Chinese."""
NOTES: dict[Dst, tuple[str, str]] = {
    Dst.moved: (
        "{wanted} does not exist on that day, as clocks go forward; it is due at {local} instead.",
        "当天时钟拨快，{wanted} 不存在，改在 {local} 触发。",
    ),
    Dst.merged: (
        "Clocks go forward; this one also stands for {wanted}, which does not exist on that day.",
        "当天时钟拨快，{wanted} 不存在，与这一次合并。",
    ),
    Dst.repeated: (
        "Clocks go back; {local} comes for the second time, and is due each time.",
        "时钟拨慢，{local} 第二次出现，两次都触发。",
    ),
    Dst.suppressed: (
        "Clocks go back; {local} comes for the second time, and is due at the first only.",
        "时钟拨慢，{local} 第二次出现，只在第一次触发。",
    ),
}


def why(slot: Slot, language: Language) -> str:
    """Return why a slot has its outcome."""
    name = THINGS.get(slot.name, slot.name) if language == "zh-CN" else slot.name
    return REASONS[slot.reason][language == "zh-CN"].format(name=name)


def note(dst: Dst, local: str, wanted: str, language: Language) -> str:
    """Return what a clock that is set does to an occurrence; the two are times of the day."""
    return NOTES[dst][language == "zh-CN"].format(local=local, wanted=wanted)
