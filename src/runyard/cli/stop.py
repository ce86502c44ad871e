"""Stopping what serves a data directory."""

import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from runyard.cli.errors import Trouble
from runyard.cli.options import Data, option, settings

STEP_S = 0.05


class StillRunning(Trouble):
    """It has not ended yet."""

    hint = "It may be busy: look at its log, or wait longer with --timeout."


def stop(
    cancel_runs: Annotated[bool, typer.Option("--cancel-runs", help="End the runs too.")] = False,
    data: Data = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait for each step.")] = 30.0,
) -> None:
    """Stop what serves the data directory. Runs go on, unless they are cancelled with --cancel-runs."""
    from runyard import locks

    folder = settings(data=data).data
    holders = locks.holders(folder / "locks")
    if holders:
        _end(holders, folder, timeout)
    else:
        print(f"Nothing serves {folder}.")
    going = _live(folder / "spool")
    if not going:
        print("No run is going on.")
    elif cancel_runs:
        _cancel(going, timeout)
        print(f"{_runs(len(going))} ended. `runyard up{option(data)}` notes how, at its next start.")
    else:
        goes, them = ("goes", "it") if len(going) == 1 else ("go", "them")
        print(f"{_runs(len(going))} {goes} on without Runyard.")
        ends = f"`runyard stop --cancel-runs{option(data)}` ends {them}"
        print(f"`runyard up{option(data)}` takes {them} up again, {ends}.")


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _end(holders: dict[str, dict[str, Any]], folder: Path, timeout: float) -> None:
    from runyard import locks

    pids = {facts["pid"] for facts in holders.values() if isinstance(facts.get("pid"), int)}
    for pid in pids:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
        except PermissionError as error:
            raise Trouble(f"Process {pid} serves {folder}, and belongs to another user.") from error
    until = time.monotonic() + timeout
    while locks.holders(folder / "locks"):
        if time.monotonic() > until:
            raise StillRunning(f"What serves {folder} ({_named(pids)}) has not ended within {timeout:g} s.")
        time.sleep(STEP_S)
    print(f"Stopped {', '.join(sorted(holders))} ({_named(pids)}).")


def _named(pids: set[int]) -> str:
    return ", ".join(f"pid {pid}" for pid in sorted(pids)) or "pid unknown"


def _live(spool: Path) -> list[Path]:
    """Return the spools of the attempts that a live shim keeps."""
    from runyard.runner import read_exit, shim_alive

    if not spool.is_dir():
        return []
    return [place for place in sorted(spool.iterdir()) if shim_alive(place) and read_exit(place) is None]


def _cancel(going: list[Path], timeout: float) -> None:
    import asyncio

    left = asyncio.run(_settled(going, timeout))
    if left:
        raise StillRunning(f"{_runs(len(left))} did not end within {timeout:g} s: {', '.join(left)}.")


async def _settled(going: list[Path], timeout: float) -> list[str]:  # noqa: ASYNC109 - given by the user
    """Cancel those attempts and wait until their ends are on record; return the ones that are not."""
    import asyncio

    from runyard.runner import ShimGone, ShimLink

    async def settle(spool: Path) -> None:
        try:
            link = await ShimLink.attach(spool)
        except ShimGone:
            return
        try:
            await link.cancel()
            async for _event in link.events():
                pass
        except ShimGone:
            pass
        finally:
            link.close()

    tasks = {asyncio.create_task(settle(spool)): spool for spool in going}
    _, pending = await asyncio.wait(tasks, timeout=timeout)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return [tasks[task].name for task in pending]
