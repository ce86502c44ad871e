"""Sessions: where they are kept and how they are renewed."""

import base64
import contextlib
import json
import stat
import time
from pathlib import Path

import pytest

from runyard.access.authenticator import STEP_S, code_at
from runyard.cli.client import Server
from runyard.cli.errors import Misuse
from runyard.cli.session import NoPlaceForSession, Session, Sessions, address, chosen

from .conftest import PASSWORD, Commands, MakeYard, Yard


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("https://Yard.Example.org/", "https://yard.example.org"),
        ("http://h/sub/api/v1/", "http://h/sub"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    assert address(text) == url


@pytest.mark.parametrize("text", ["", "http://", "ftp://h", "http://h:x", "http://h:99999"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Misuse):
        address(text)


def test_the_place_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("RUNYARD_CONFIG", "XDG_CONFIG_HOME", "HOME", "RUNYARD_URL", "RUNYARD_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NoPlaceForSession), Sessions.here().turn():
        pass
    assert chosen(Sessions.here()) == "http://127.0.0.1:8700"
    for name, value, path in (
        ("HOME", tmp_path / "home", tmp_path / "home/.config/runyard/session.json"),
        ("XDG_CONFIG_HOME", tmp_path / "xdg", tmp_path / "xdg/runyard/session.json"),
        ("RUNYARD_CONFIG", tmp_path / "own.json", tmp_path / "own.json"),
    ):
        monkeypatch.setenv(name, str(value))
        Sessions.here().put("http://a", Session(username="x"), current=True)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert chosen(Sessions.here()) == "http://a"
    monkeypatch.setenv("RUNYARD_URL", "b:1")
    assert chosen(Sessions.here()) == "http://b:1"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"v": 99}', '{"v": 1, "servers": {"http://a": {"zzz": 1}}}'])
def test_a_file_that_is_damaged_is_no_session(tmp_path: Path, content: str) -> None:
    path = tmp_path / "session.json"
    path.write_text(content)
    assert Sessions(path).get("http://a") is None
    Sessions(path).put("http://a", Session(username="x"))
    assert Sessions(path).get("http://a") == Session(username="x")


def kept(commands: Commands) -> Path:
    return Path(commands.env["RUNYARD_CONFIG"])


def expire(commands: Commands) -> None:
    """Make the access token look old."""
    whole = json.loads(kept(commands).read_text())
    for session in whole["servers"].values():
        session["expires_at"] = 0
    kept(commands).write_text(json.dumps(whole))


def test_signing_in_and_out(bare: Commands, yard: Yard) -> None:
    wrong = bare("login", yard.url, "--password-stdin", stdin="wrong-password\n")
    assert (wrong.code, wrong.out) == (1, "")
    assert "password is wrong" in wrong.err
    assert not kept(bare).exists()
    right = bare("login", yard.url, "--password-stdin", stdin=PASSWORD + "\n")
    assert right.code == 0
    assert stat.S_IMODE(kept(bare).stat().st_mode) == 0o600
    assert PASSWORD not in kept(bare).read_text()
    assert bare("whoami", "--json").json["username"] == "admin"
    assert f"admin (administrator) at {yard.url}" in bare("whoami").out
    refresh = json.loads(kept(bare).read_text())["servers"][yard.url]["refresh_token"]
    assert bare("logout").code == 0
    assert refresh not in kept(bare).read_text()
    assert "You were not signed in" in bare("logout").out
    assert bare("whoami").code == 1


def test_a_token_from_the_environment(ry: Commands, yard: Yard, bare: Commands) -> None:
    token = json.loads(kept(ry).read_text())["servers"][yard.url]["access_token"]
    env = {"RUNYARD_URL": yard.url, "RUNYARD_TOKEN": token, "RUNYARD_CONFIG": "/nowhere/at/all"}
    assert bare("whoami", **env).code == 0
    env["RUNYARD_TOKEN"] = "forged"
    done = bare("whoami", **env)
    assert done.code == 1
    assert "does not accept RUNYARD_TOKEN" in done.err


def test_the_access_token_is_renewed_when_it_is_old(ry: Commands) -> None:
    before = kept(ry).read_text()
    expire(ry)
    assert ry("whoami").code == 0
    after = kept(ry).read_text()
    assert after != before
    assert ry("whoami").code == 0
    assert kept(ry).read_text() == after


def test_commands_at_the_same_time_renew_it_once(ry: Commands) -> None:
    expire(ry)
    several = [ry.begin("whoami") for _ in range(3)]
    for process in several:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said


def test_a_session_that_has_ended_says_so(ry: Commands) -> None:
    whole = json.loads(kept(ry).read_text())
    for session in whole["servers"].values():
        session["expires_at"], session["refresh_token"] = 0, "worthless"
    kept(ry).write_text(json.dumps(whole))
    done = ry("whoami")
    assert done.code == 1
    assert "has ended" in done.err
    assert "runyard login" in done.err


def test_what_is_not_runyard_is_told_apart(bare: Commands, tmp_path: Path) -> None:
    import http.server
    import threading

    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        done = bare("runs", RUNYARD_URL=url, RUNYARD_TOKEN="x")
    finally:
        server.shutdown()
        server.server_close()
    assert done.code == 1
    assert "is not Runyard" in done.err


def test_a_second_factor_is_asked_for(bare: Commands, make_yard: MakeYard) -> None:
    yard = make_yard()
    assert bare("login", yard.url, "--password-stdin", stdin=PASSWORD + "\n").code == 0
    with contextlib.closing(Server(yard.url, Sessions(kept(bare)))) as server:
        secret = base64.b32decode(server.post("/me/second-factor", {"current_password": PASSWORD})["secret"])
        step = int(time.time()) // STEP_S
        codes = server.post("/me/second-factor/confirm", {"code": code_at(secret, step)})["recovery_codes"]
    asked = bare("login", yard.url, "--password-stdin", stdin=PASSWORD + "\n")
    assert (asked.code, "--code" in asked.err) == (2, True)
    wrong = bare("login", yard.url, "--password-stdin", "--code", "000000", stdin=PASSWORD + "\n")
    assert (wrong.code, "code is wrong" in wrong.err) == (1, True)
    right = bare("login", yard.url, "--password-stdin", "--code", codes[0], stdin=PASSWORD + "\n")
    assert right.code == 0, right.err
    assert bare("whoami", "--json").json["username"] == "admin"


def test_a_compulsory_second_factor_is_set_up_here(bare: Commands, make_yard: MakeYard) -> None:
    yard = make_yard(RUNYARD_ACCESS__SECOND_FACTOR="everybody")
    done = bare("login", yard.url, "--password-stdin", stdin=PASSWORD + "\n")
    assert done.code == 0
    assert "`runyard second-factor`" in done.err
    refused = bare("scripts", "list")
    assert refused.code == 1
    assert "compulsory" in refused.err
    assert "`runyard second-factor`" in refused.err

    setting_up = bare.begin("second-factor", "--password-stdin")
    assert setting_up.stdin is not None
    assert setting_up.stdout is not None
    setting_up.stdin.write(PASSWORD + "\n")
    setting_up.stdin.flush()
    secret = base64.b32decode(setting_up.stdout.readline().split()[1])
    assert "otpauth://" in setting_up.stdout.readline()
    out, err = setting_up.communicate(code_at(secret, int(time.time()) // STEP_S) + "\n", timeout=60)
    assert setting_up.returncode == 0, err
    assert len(out.splitlines()) == 10
    assert bare("scripts", "list").code == 0
    code = out.splitlines()[-1]
    assert bare("login", yard.url, "--password-stdin", "--code", code, stdin=PASSWORD + "\n").err == ""
