"""A server in this process, told to stop by a signal."""

import os
import signal
import socket
import tempfile
import threading
from pathlib import Path

import httpx
import pytest

from runyard.api.server import AddressTaken, serve
from runyard.locks import AlreadyRunning, Locks
from runyard.wiring import Ready
from tests.engine.yard import options


@pytest.fixture(autouse=True)
def _tempdir(monkeypatch: pytest.MonkeyPatch) -> None:
    """A yard sets where temporary files go, and a server how things are logged; here only for one test."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    monkeypatch.setattr("runyard.log.configure", lambda **_: None)


def served(data: Path, number: int, *roles: str, **changes: object) -> tuple[list[Ready], list[int], list[int]]:
    """Serve until a visitor has come and sent that signal."""
    ready: list[Ready] = []
    left: list[int] = []
    answers: list[int] = []

    def visit(url: str) -> None:
        if url:
            answers.append(httpx.get(f"{url}/readyz").status_code)
        os.kill(os.getpid(), number)

    def up(word: Ready) -> None:
        ready.append(word)
        threading.Thread(target=visit, args=(word.url,)).start()

    settings = options(data, **changes)
    if roles:
        serve(settings, frozenset(roles), on_ready=up, on_stopped=left.append)
    else:
        serve(settings, on_ready=up, on_stopped=left.append)
    return ready, left, answers


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: int) -> None:
    ready, left, answers = served(tmp_path / "data", number)
    assert answers == [200]
    assert left == [0]
    assert ready[0].url.startswith("http://127.0.0.1:")
    assert ready[0].url != "http://127.0.0.1:0"
    # and again, on another family of addresses if there is one; nothing is locked
    host = "::1" if socket.has_ipv6 and Path("/proc/net/if_inet6").exists() else "127.0.0.1"
    ready, left, answers = served(tmp_path / "data", number, host=host)
    assert (left, answers) == ([0], [200])
    ready, left, answers = served(tmp_path / "data", number, "scheduler", "worker")
    assert (ready[0].url, left, answers) == ("", [0], [])


def test_an_address_that_is_taken_and_a_directory_that_is_served(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressTaken, match=f"127.0.0.1:{port}: Address already in use"):
            serve(options(tmp_path / "data", port=port))
        (tmp_path / "data" / "locks").mkdir(parents=True, exist_ok=True)
        held = Locks(tmp_path / "data" / "locks", ["api"])
        held.take()
        with pytest.raises(AlreadyRunning):
            serve(options(tmp_path / "data", port=port))
        held.release()
