import os
from pathlib import Path

import pytest

from runyard.editor.cells import Cells, Order
from runyard.editor.problems import ProgramFailed, ProgramTooSlow, ProgramUnconfined
from runyard.sandbox import Sandboxes


def bash(text: str, **more: object) -> Order:
    return Order(("/bin/bash", "-c", text), **more)  # type: ignore[arg-type]


async def test_a_program_reads_its_input_and_its_files_and_says_how_it_ended(cells: Cells) -> None:
    done = await cells.run(bash("cat; cat code; echo no >&2; exit 3", files={"code": "second\r\n"}), "first\n")
    assert (done.code, done.stdout, done.stderr) == (3, "first\nsecond\r\n", "no\n")


async def test_a_program_sees_neither_our_variables_nor_our_data(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNYARD_ADMIN_PASSWORD", "hush")
    secret = tmp_path / "data" / "master.key"
    secret.write_text("hush")
    secret.chmod(0o600)
    done = await cells.run(bash(f"env; cat {secret} 2>/dev/null; id -u; echo x 2>/dev/null >/usr/planted"))
    assert "hush" not in done.stdout
    if os.geteuid() == 0:
        assert done.stdout.splitlines()[-1] != "0"
    assert not os.path.exists("/usr/planted")  # noqa: ASYNC240, PTH110 - one look


async def test_a_program_that_takes_too_long_is_stopped_with_all_it_started(cells: Cells) -> None:
    impatient = Cells(cells._folder, cells._sandboxes, at_once=1, patience_s=0.5)
    with pytest.raises(ProgramTooSlow):
        await impatient.run(bash("sleep 600 & sleep 600"))
    # The one place is free again.
    assert (await Cells(cells._folder, cells._sandboxes, at_once=1, patience_s=60).run(bash("echo hi"))).code == 0


async def test_a_program_that_says_too_much_is_stopped(cells: Cells) -> None:
    with pytest.raises(ProgramFailed, match="eight megabytes"):
        await cells.run(bash("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"))


async def test_memory_is_bounded(cells: Cells) -> None:
    done = await cells.run(bash("x=$(head -c 400000000 /dev/zero | tr '\\0' a); echo survived", memory_mb=256))
    assert "survived" not in done.stdout


async def test_what_a_dead_process_left_is_cleared(cells: Cells) -> None:
    (cells._folder / "cell_left" / "deep").mkdir(parents=True)
    cells.clear()
    assert not list(cells._folder.iterdir())


async def test_nothing_runs_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A program that only root can reach leaves the process level no user to change to.
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.touch(0o700)
    from runyard.sandbox import Level

    sandboxes = Sandboxes(tmp_path / "sandbox", uid_base=65_000, uid_count=2, default=Level.process)
    folder = tmp_path / "cells"
    folder.mkdir()
    with pytest.raises(ProgramUnconfined, match=r"would run as root|is closed to other users"):
        await Cells(folder, sandboxes, at_once=1, patience_s=5).run(Order((str(program),), (program,)))
