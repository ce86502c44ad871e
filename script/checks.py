"""Every check of the project, counted. Called by `script/test` once everything is installed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = ROOT / ".venv" / "bin"
SCRATCH = Path(tempfile.mkdtemp(prefix="runyard-test-"))
COVERAGE = SCRATCH / "coverage"


# Tests of real processes may meet a busy machine; so few failures are looked at a second time, and told.
MOST_AGAIN = 8

LEFT_OUT = {
    "all": "tests that take long, Lighthouse, coverage",
    "fast": "tests that take long, reach a registry or drive a browser, the wheel, Lighthouse, coverage",
}


@dataclass
class Tally:
    """What was counted, and what there is to say about it."""

    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add another count."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.again += other.again


@dataclass(frozen=True)
class Check:
    """One command. `read` counts what it did; without it, it is one check that passes or fails.

    What it prints is shown when it fails, and otherwise if it `tells` something.
    """

    name: str
    command: tuple[str, ...]
    read: Callable[[], Tally] | None = None
    env: tuple[tuple[str, str], ...] = ()
    tells: bool = False


def main(kind: str) -> int:
    """Run the checks of that kind; 0 if none failed."""
    began = time.monotonic()
    total = Tally()
    provide(total)
    run(Check("oidc-provider is installed", ("npm", "--prefix", "tests/sso/provider", "ci", "--silent")), total)
    if kind == "full":
        lighthouse = Check("Lighthouse is installed", ("npm", "--prefix", "tests/e2e/lighthouse", "ci", "--silent"))
        run(lighthouse, total)
    first, second = lanes(kind)
    other = Tally()
    lane = threading.Thread(target=run_all, args=(second, other))
    lane.start()
    run_all(first, total)
    lane.join()
    total.add(other)
    for failure in total.failures:
        say(f"FAILED  {failure}")
    for name in total.again:
        say(f"passed at the second try only: {name}")
    for skip in total.skipped:
        say(f"skipped {skip}")
    if kind in LEFT_OUT:
        say(f"left to `script/test full`: {LEFT_OUT[kind]}")
    say(f"took {time.monotonic() - began:.0f} s")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    say(f"{total.passed} passed, {total.failed} failed, {len(total.skipped)} skipped")
    return 1 if total.failed else 0


def lanes(kind: str) -> tuple[list[Check], list[Check]]:
    """Return two lists of checks that run side by side: Python's and the page's."""
    npm = ("npm", "--prefix", "frontend", "run", "--silent")
    vitest = SCRATCH / "vitest.json"
    static = [
        Check("format (ruff)", (tool("ruff"), "format", "--check", "--quiet", ".")),
        Check("lint (ruff)", (tool("ruff"), "check", "--quiet", "--output-format", "concise", ".")),
        Check("import contracts", (tool("lint-imports"), "--no-cache")),
        Check("types (mypy)", (tool("mypy"), "--no-error-summary")),
        Check("OpenAPI document is fresh", (tool("python"), "script/openapi", "--check")),
        *shell_checks(),
    ]
    page = [
        Check("page: format", (*npm, "format:check")),
        Check("page: lint", (*npm, "lint")),
        Check("page: client is fresh", (*npm, "api:check")),
        Check("page: types", (*npm, "typecheck")),
        Check(
            "page: tests",
            (*npm, "test", "--", "--reporter=json", f"--outputFile={vitest}"),
            lambda: read_vitest(vitest),
        ),
    ]
    if kind == "fast":
        return [*static, pytest("tests", "-m", "not needs_registry and not browser and not slow", cover=False)], page
    full = kind == "full"
    which = "slow or not slow" if full else "not slow"
    coverage = Check("coverage", (tool("python"), "script/coverage_gate.py", str(COVERAGE)), tells=True)
    return [
        *static,
        pytest("tests", "-m", f"({which}) and not browser", cover=full),
        Check("wheel carries page and examples", (tool("python"), "script/wheel_check.py")),
        pytest("tests/e2e", "-m", f"({which}) and browser", cover=full, name="browser", workers="0"),
        *([coverage] if full else []),
    ], page


def tool(name: str) -> str:
    """Return a tool of the virtual environment."""
    return str(BIN / name)


def pytest(*arguments: str, cover: bool, name: str = "backend", workers: str = "2") -> Check:
    """Return a run of pytest whose tests are counted one by one."""
    report = SCRATCH / f"{name}.xml"
    # Other runs of pytest clear old directories away from the usual place.
    own = f"--basetemp={SCRATCH / name}"
    command = [tool("python"), "-m", "pytest", *arguments, f"--junitxml={report}", "-n", workers, own]
    command += ["--dist", "loadgroup"] if workers != "0" else []
    env: list[tuple[str, str]] = []
    if cover:
        # What one run after the other has measured is judged together, when all are over.
        COVERAGE.mkdir(exist_ok=True)
        command += ["--cov=runyard", "--cov-report=", "--cov-append"]
        env.append(("COVERAGE_FILE", str(COVERAGE / ".coverage")))
    return Check(f"{name} tests", tuple(command), lambda: read_junit(report), tuple(env))


def shell_checks() -> list[Check]:
    """Return the check of shell scripts, where the tool is at hand."""
    if shutil.which("shellcheck") is None:
        return []
    scripts = ["script/setup", "script/server", "script/test", ".ci/run"]
    return [Check("shell scripts (shellcheck)", ("shellcheck", *scripts))]


def run_all(checks: Iterable[Check], tally: Tally) -> None:
    """Run checks one after another."""
    for check in checks:
        run(check, tally)


def run(check: Check, tally: Tally) -> None:
    """Run one check and count it."""
    began = time.monotonic()
    env = {**os.environ, **dict(check.env), "PATH": f"{BIN}:{ROOT / '.tools' / 'node'}:{os.environ['PATH']}"}
    done = subprocess.run(
        check.command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    took = time.monotonic() - began
    counted = check.read() if check.read is not None else Tally()
    known = all(ROOT.joinpath(node_id(name).partition("::")[0]).is_file() for name in counted.failures)
    if done.returncode and known and 0 < len(counted.failures) <= MOST_AGAIN and "pytest" in check.command:
        say(done.stdout[-20_000:].rstrip())
        done = again(counted, env)
    if done.returncode and not counted.failed:
        counted.failed += 1
        counted.failures.append(check.name)
    elif not done.returncode and check.read is None:
        counted.passed += 1
    tally.add(counted)
    say(f"{'ok  ' if not done.returncode else 'FAIL'} {check.name} ({took:.1f} s)")
    if done.returncode or check.tells:
        say(done.stdout[-20_000:].rstrip())


def again(counted: Tally, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the few tests that failed once more, alone; those that pass now are counted as passed, and named."""
    say(f"once more, alone: {', '.join(counted.failures)}")
    report = SCRATCH / "again.xml"
    report.unlink(missing_ok=True)
    ids = [node_id(name) for name in counted.failures]
    command = [tool("python"), "-m", "pytest", *ids, f"--junitxml={report}", "-n", "0"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    second = read_junit(report)
    if second.passed + second.failed >= len(ids):
        counted.again += sorted(set(counted.failures) - set(second.failures))
        counted.passed += second.passed
        counted.failed, counted.failures = second.failed, second.failures
    return done


def node_id(name: str) -> str:
    """Return pytest's name of a test for the one in its report (``tests.a.test_b.Class::test_c[x]``)."""
    # pytest-xdist adds a test's group to its name.
    place, _, test = re.sub(r"@[^\]@]*$", "", name).partition("::")
    parts = place.split(".")
    for count in range(len(parts), 0, -1):
        file = Path(f"{'/'.join(parts[:count])}.py")
        if (ROOT / file).is_file():
            return "::".join([str(file), *parts[count:], test])
    return name


def read_junit(path: Path) -> Tally:
    """Count pytest's report."""
    tally = Tally()
    if not path.exists():
        return tally
    for case in ET.parse(path).getroot().iter("testcase"):  # noqa: S314 - our own file
        name = f"{case.get('classname')}::{case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
            tally.failures.append(name)
        elif skip is not None:
            # Of a whole file that skips itself, the message says only that it did.
            why = skip.get("message")
            tally.skipped.append(f"{name}: {skip.text if why == 'collection skipped' else why}")
        else:
            tally.passed += 1
    return tally


def read_vitest(path: Path) -> Tally:
    """Count Vitest's report."""
    tally = Tally()
    if not path.exists():
        return tally
    for file in json.loads(path.read_text())["testResults"]:
        for case in file["assertionResults"]:
            if case["status"] == "passed":
                tally.passed += 1
            elif case["status"] == "failed":
                tally.failed += 1
                tally.failures.append(f"page: {case['fullName']}")
            else:
                tally.skipped.append(f"page: {case['fullName']}: {case['status']}")
    return tally


def provide(tally: Tally) -> None:
    """Install what tests need from the system where we may; say what is missing where we may not."""
    wanted = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "shellcheck": ("shellcheck",)}
    if os.geteuid() == 0:
        # The other ends of connections.
        wanted |= {"openssh-server": ("/usr/sbin/sshd",), "mariadb-server-core": ("/usr/sbin/mariadbd",)}
        wanted |= {"mariadb-client-core": ("my_print_defaults",)}
    if sys.platform == "linux":
        # Real container engines for the tests of isolation.
        wanted |= {"docker.io": ("dockerd",), "podman": ("podman",), "runc": ("runc",)}
        # A real directory for the tests of signing in by one.
        wanted |= {"slapd": ("slapd", "/usr/sbin/slapd")}
    missing = [package for package, names in wanted.items() if not any(shutil.which(name) for name in names)]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {', '.join(missing)} …")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        log = (SCRATCH / "apt.log").open("w")
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", *arguments], env=env, stdout=log, stderr=log, check=False)
    for package in missing:
        if not any(shutil.which(name) for name in wanted[package]):
            tally.skipped.append(f"what needs {package}: it is not installed, and can't be installed from here")


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "all"
    if chosen not in {"all", "fast", "full"}:
        sys.exit("usage: script/test [fast|full]")
    sys.exit(main(chosen))
