"""An attempt's end: what its exit means, what it used, what a failure is the same as, and who is told."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from runyard import clock, log
from runyard.engine.crew import Crew
from runyard.runner import Exit, ShimLink, shim_alive
from runyard.runs import jobruns
from runyard.runs.fingerprints import MOST_LINES, fingerprint
from runyard.runs.gatekeeper import freed
from runyard.runs.lifecycle import Ending, Move, State, on_exit
from runyard.runs.repository import Claim, Token
from runyard.runs.retry import Retry
from runyard.runs.settling import FAILED, Failed
from runyard.scripts.content import Pinned
from runyard.secrets.masking import Masker

logger = log.get("engine")

MB = 1_000_000
END_S = 10.0


def told(ending: Exit, masker: Masker, timeout_s: float | None, trouble: str | None) -> Move:
    """Return what a command's exit means for its run; `trouble` is what was wrong with its outputs."""
    return on_exit(
        Ending(
            reason=ending.reason,
            exit_code=ending.exit_code,
            at=clock.from_us(ending.finished_at_us),
            oom=ending.oom,
            crowded=ending.crowded,
            message=masker.mask_text(ending.message) if ending.message else None,
            timeout_s=timeout_s,
            outputs_problem=masker.mask_text(trouble) if trouble else None,
        )
    )


def used(ending: Exit) -> dict[str, Any]:
    """Return what an attempt used, as its row keeps it."""
    peak = ending.usage.memory_peak_bytes
    return {
        "wall_s": ending.usage.wall_s,
        "cpu_s": ending.usage.cpu_s,
        "memory_peak_mb": None if peak is None else round(peak / MB, 3),
        "output_bytes": ending.output.bytes,
        "output_dropped_bytes": ending.output.dropped,
    }


async def end_shim(link: ShimLink, spool: Path) -> None:
    """End a shim that should not be there any more, and what it keeps; wait for that, but not for ever."""
    if not shim_alive(spool):
        return
    await link.cancel(0)
    with suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            while shim_alive(spool):
                await asyncio.sleep(0.02)


async def failed(crew: Crew, claim: Claim, pinned: Pinned, move: Move) -> Failed | None:
    """Return what an attempt's failure is the same as, from its error and its last lines; None when it did not fail."""
    if move.target not in FAILED or move.failure is None:
        return None
    token = claim.token
    try:
        tail = await asyncio.to_thread(_tail, crew, token)
    except Exception:
        # A log that can't be read is no reason to leave a run unsettled.
        logger.exception("run.tail_unread", run_id=token.run_id)
        tail = []
    found = fingerprint(move.failure.code, move.failure.message, tail)
    return Failed(claim.project_id, claim.script_id, pinned.script_name, found)


def tell(
    crew: Crew, claim: Claim, pinned: Pinned, move: Move, again: Retry | None, began: str | None, lines: int | None
) -> None:
    """Tell whoever watches that an attempt is over, and the gatekeeper that its place is free."""
    if again is None:
        crew.announce(claim, pinned, move.target, move, began, lines)
        if claim.job_id is not None:
            jobruns.over(crew.bus)
    else:
        after = replace(claim, token=replace(claim.token, attempt=again.attempt))
        crew.announce(after, pinned, State.queued, move)
        logger.info("run.retried", run_id=claim.token.run_id, attempt=again.attempt, delay_s=again.delay_s)
    if claim.gate is not None:
        freed(crew.bus)


def _tail(crew: Crew, token: Token) -> list[str]:
    with crew.logs.reader(token.run_id, token.attempt) as reader:
        return [line.text for line in reader.tail(MOST_LINES) if line.stream != "system"]
