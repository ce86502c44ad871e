"""Starting, stopping, looking after this machine."""

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

from .conftest import PASSWORD, Commands, MakeYard, Yard, environment

SLEEPS = "echo up; sleep 300\n"


def test_the_first_start_tells_the_password_once(bare: Commands, tmp_path: Path) -> None:
    yard = Yard(tmp_path / "y" / "data")
    yard.data.mkdir(parents=True)
    yard.extra = {"RUNYARD_ADMIN_PASSWORD": ""}
    first = yard.start().stop()
    kept = (yard.data / "admin-password").read_text().strip()
    assert f"Sign in as admin with the password {kept}" in first
    assert "No run was going on" in first
    again = yard.start()
    assert bare("login", again.url, "--password-stdin", stdin=kept + "\n").code == 0
    said = yard.stop()
    assert kept not in said
    assert "admin-password" in said


def test_two_cannot_serve_one_directory(make_yard: MakeYard, bare: Commands) -> None:
    yard = make_yard()
    other = bare("up", "--data", yard.data, "--port", "0")
    assert other.code == 1
    assert "already serves" in other.err
    taken = bare("up", "--data", bare.folder / "other", "--port", str(yard.port))
    assert taken.code == 1
    assert "--port" in taken.err
    refused = bare("migrate", "--revision", "base", "--data", yard.data)
    assert refused.code == 1
    assert "runyard stop" in refused.err


def test_stopping_leaves_runs_going_unless_told(make_yard: MakeYard, login: Callable[[Yard], Commands]) -> None:
    yard = make_yard(RUNYARD_SEED_EXAMPLES="false")
    ry = login(yard)
    following = ry.begin("run", ry.write("sleeps.sh", SLEEPS), "-f")
    assert following.stdout is not None
    assert following.stdout.readline() == "up\n"
    stopped = ry("stop", "--data", yard.data)
    assert stopped.code == 0
    assert "1 run goes on without Runyard" in stopped.out
    ended = ry("stop", "--cancel-runs", "--data", yard.data)
    assert "Nothing serves" in ended.out
    assert "1 run ended" in ended.out
    assert "No run is going on" in ry("stop", "--cancel-runs", "--data", yard.data).out
    yard.stop()
    yard.start()
    following.communicate(timeout=60)
    assert following.returncode == 130
    assert ry("runs", "--json").json[0]["state"] == "cancelled"


def test_the_doctor_finds_a_machine_that_works(make_yard: MakeYard, bare: Commands) -> None:
    yard = make_yard()
    said = bare("doctor", "--data", yard.data, "--json")
    assert said.code == 0, said.out
    assert said.json["ok"] is True
    found = {check["name"]: check for check in said.json["checks"]}
    assert {check["state"] for check in found.values()} <= {"ok", "degraded", "missing"}
    assert found["Data directory"]["state"] == found["Database"]["state"] == found["Master key"]["state"] == "ok"
    assert yard.url in found["Address"]["detail"]
    assert {
        "Isolation process",
        "Isolation bubblewrap",
        "Control groups",
        "uv",
        "Node.js with npm",
        "Editor's programs",
    } <= found.keys()
    builds = found["Builds of packages"]
    assert builds["state"] == "ok"
    assert builds["detail"].endswith("services on this machine's loopback included")
    assert all(check["fix"] for check in found.values() if check["state"] == "missing")
    (yard.data / "master.key").chmod(0o644)
    broken = bare("doctor", "--data", yard.data)
    assert broken.code == 1
    assert "chmod 600" in broken.out
    (yard.data / "master.key").chmod(0o600)


def test_the_doctor_finds_what_can_not_work(bare: Commands) -> None:
    # A directory below a file can't be written by anybody, root included.
    place = bare.write("file", "") / "data"
    done = bare("doctor", "--data", place, "--port", "0")
    assert done.code == 1
    assert "missing   Data directory" in done.out
    assert "--data" in done.out
    up = bare("up", "--data", place, "--port", "0")
    assert up.code == 1
    assert str(place) in up.err


def test_the_doctor_changes_nothing(bare: Commands) -> None:
    place = bare.folder / "data"
    said = bare("doctor", "--data", place, "--port", "0", "--json").json
    assert said["ok"] is True
    assert not place.exists()


def test_the_doctor_reports_a_database_that_does_not_answer(bare: Commands) -> None:
    done = bare(
        "doctor", "--data", bare.folder / "data", "--database-url", "postgresql://u:hush@127.0.0.1:9/x", "--json"
    )
    assert done.code == 1
    found = next(check for check in done.json["checks"] if check["name"] == "Database")
    assert found["state"] == "missing"
    assert "hush" not in done.out


def test_migrations_by_hand(bare: Commands) -> None:
    data = bare.folder / "data"
    before = bare("migrate", "--check", "--data", data)
    assert before.code == 1
    assert "runyard up" in before.err
    assert bare("migrate", "--data", data).code == 0
    assert bare("migrate", "--check", "--data", data, "--json").json["fits"] is True
    unknown = bare("migrate", "--revision", "nonsense", "--data", data)
    assert unknown.code == 2
    down = bare("migrate", "--revision", "base", "--data", data)
    assert down.code == 0
    assert "Backed up to" in down.err
    assert bare("migrate", "--check", "--data", data).code == 1
    assert bare("migrate", "--data", data).code == 0
    backups = list(data.glob("runyard.db.*.bak"))
    assert backups
    for backup in backups:
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        sqlite3.connect(backup).close()


def test_a_forgotten_password(make_yard: MakeYard, login: Callable[[Yard], Commands]) -> None:
    yard = make_yard(RUNYARD_SEED_EXAMPLES="false")
    ry = login(yard)
    assert ry("admin", "reset-password", "nobody", "--data", yard.data).code == 1
    assert ry("admin", "reset-password", "admin", "--password-stdin", "--data", yard.data, stdin="x\n").code == 2
    done = ry("admin", "reset-password", "admin", "--data", yard.data)
    password = done.out.rpartition("Password: ")[2].strip()
    assert ry("login", yard.url, "--password-stdin", stdin=PASSWORD + "\n").code == 1
    assert ry("login", yard.url, "--password-stdin", stdin=password + "\n").code == 0


def test_roles_apart_want_a_schema(bare: Commands) -> None:
    assert "RUNYARD_DATA" not in environment()
    done = bare("worker", "--data", bare.folder / "data")
    assert done.code == 1
    assert "runyard migrate" in done.err
