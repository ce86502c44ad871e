"""A real server for the commands to speak to, and the commands as people start them."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "a-password-for-tests"
PATIENCE_S = 60
_READY = re.compile(r"ready at (http://\S+)")


def environment(**added: str) -> dict[str, str]:
    """The least that commands need: no HOME, nothing of the developer's own."""
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **added}


@dataclass
class Yard:
    """A server in a process of its own, on a data directory that outlives it."""

    data: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: "subprocess.Popen[str] | None" = None
    url: str = ""
    said: list[str] = field(default_factory=list)

    def start(self) -> "Yard":
        """Start `runyard up` and wait until it says where it is; the same port as before, if there was one."""
        log = (self.data.parent / "server.log").open("a")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runyard", "up", "--data", str(self.data), "--port", str(self.port)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(**{"RUNYARD_ADMIN_PASSWORD": PASSWORD, "RUNYARD_SLOTS": "2", **self.extra}),
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if found := _READY.search(line):
                self.url = found[1]
                self.port = int(self.url.rpartition(":")[2])
                return self
        raise AssertionError((self.data.parent / "server.log").read_text())

    def stop(self, number: int = signal.SIGTERM) -> str:
        """End the server by a signal; return what it said last."""
        if self.process is None:
            return ""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        # Not communicate(): it would miss what was read ahead with the line that says the address.
        said = self.process.stdout.read()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        self.process = None
        return said


@dataclass
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output, which must be one JSON document."""
        return json.loads(self.out)

    @property
    def ndjson(self) -> list[Any]:
        """Its standard output, one JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Commands:
    """`runyard` with an environment of its own."""

    env: dict[str, str]
    folder: Path

    def __call__(self, *arguments: str | Path, stdin: str = "", **env: str) -> Done:
        """Run a command to its end."""
        process = self.begin(*arguments, **env)
        out, err = process.communicate(stdin, timeout=PATIENCE_S)
        assert "Traceback" not in err
        return Done(process.returncode, out, err)

    def begin(self, *arguments: str | Path, **env: str) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "runyard", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.env, **env},
            cwd=self.folder,
        )

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder in which commands are run."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


MakeYard = Callable[..., Yard]


@pytest.fixture
def make_yard(tmp_path: Path) -> Iterator[MakeYard]:
    """Servers of the test's own, ended with it; their runs are ended too."""
    made: list[Yard] = []

    def make(name: str = "data", **extra: str) -> Yard:
        made.append(Yard(tmp_path / "yards" / name, extra))
        made[-1].data.mkdir(parents=True)
        return made[-1].start()

    yield make
    for yard in made:
        yard.stop()
        end_runs(yard)


@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """One server for all tests that don't stop it."""
    data = tmp_path_factory.mktemp("yard") / "data"
    shared = Yard(data, {"RUNYARD_SEED_EXAMPLES": "false"}).start()
    yield shared
    shared.stop()
    end_runs(shared)


def end_runs(yard: Yard) -> None:
    """End what a stopped server has left going."""
    subprocess.run(
        [sys.executable, "-m", "runyard", "stop", "--cancel-runs", "--data", str(yard.data)],
        check=True,
        capture_output=True,
        env=environment(),
        timeout=PATIENCE_S,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Commands:
    """Commands of somebody who has never signed in."""
    folder = tmp_path / "here"
    folder.mkdir()
    return Commands(environment(RUNYARD_CONFIG=str(tmp_path / "config" / "session.json")), folder)


@pytest.fixture
def login(bare: Commands) -> Callable[[Yard], Commands]:
    """Sign in to a server; the commands then speak to it."""

    def sign_in(yard: Yard) -> Commands:
        done = bare("login", yard.url, "--password-stdin", stdin=PASSWORD + "\n")
        assert done.code == 0, done.err
        return bare

    return sign_in


@pytest.fixture
def ry(yard: Yard, login: Callable[[Yard], Commands]) -> Commands:
    """Commands of somebody who is signed in to the shared server."""
    return login(yard)
