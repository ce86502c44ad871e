"""What a trigger says and when it is due next, before it is saved."""

from fastapi import APIRouter

from runyard import clock
from runyard.jobs.calendar_schemas import Preview, PreviewBody, Time
from runyard.jobs.preview import Upcoming, preview
from runyard.jobs.reading import reading
from runyard.jobs.recurrence.cron import parse
from runyard.jobs.routes import Reader
from runyard.jobs.trigger_schemas import CronIn, IntervalIn, Words
from runyard.jobs.words.triggers import of_cron, of_date, of_interval

router = APIRouter(prefix="/triggers", tags=["jobs"])


@router.post("/preview", operation_id="preview_trigger")
async def preview_trigger(actor: Reader, body: PreviewBody) -> Preview:
    """Tell what a trigger says in words, and its next times, with what clocks that are set do to them."""
    del actor
    trigger, after = body.trigger, body.after or clock.now()
    if isinstance(trigger, CronIn):
        words = of_cron(trigger.cron)
    elif isinstance(trigger, IntervalIn):
        words = of_interval(trigger.every_s)
    else:
        words = of_date(trigger.at)
    found = preview(trigger.rule(after), clock.to_us(after), body.count)
    return Preview(
        words=Words(en=words[0], zh=words[1]),
        reading=reading(parse(trigger.cron)).as_json() if isinstance(trigger, CronIn) else None,
        times=[_time(each) for each in found],
    )


def _time(each: Upcoming) -> Time:
    note = Words(en=each.note("en"), zh=each.note("zh-CN"))
    return Time(at=each.at, local=each.local, fires=each.fires, dst=each.dst, note=note)
