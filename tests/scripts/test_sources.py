"""Scripts kept in step with Git repositories, over a real ``git http-backend``, and with Gists."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from runyard.scripts import outbound
from runyard.scripts.errors import SourceRefused
from runyard.scripts.source_routes import router
from runyard.scripts.sources import Sources
from runyard.scripts.transfer import Transfer
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.settings import ImportSettings
from runyard.web.outbound import Reach, is_outside

from .yard import Yard

TOKEN = "a-token"


class Backend(BaseHTTPRequestHandler):
    """Serves repositories below `root` by ``git http-backend``, and one Gist."""

    root: Path
    gist: dict[str, Any]

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith("/gists/"):
            self._answer(200, json.dumps(self.gist).encode())
            return
        if path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", f"/{path.removeprefix('/moved/')}?{query}")
            self.end_headers()
            return
        wanted = "Basic " + base64.b64encode(f"git:{TOKEN}".encode()).decode()
        if path.startswith("/private") and self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
            return
        length = int(self.headers.get("Content-Length") or 0)
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "REMOTE_ADDR": "127.0.0.1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        }  # fmt: skip
        done = subprocess.run(
            ["git", "http-backend"], input=self.rfile.read(length), env=env, capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._answer(int(fields.pop("Status", "200").split()[0]), body, fields)

    do_GET = do_POST = _serve  # noqa: N815 - the server's names

    def _answer(self, status: int, body: bytes, fields: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, type[Backend]]]:
    root = tmp_path / "repositories"
    root.mkdir()
    kind = type("Own", (Backend,), {"root": root, "gist": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", kind
        http.shutdown()
        thread.join()


class Repository:
    """A repository with a working copy to commit in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._git("init", "--quiet", "--initial-branch=main", str(path), cwd=path.parent)

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=change")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str, cwd: Path | None = None) -> str:
        who = {f"GIT_{role}_{what}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", **who}
        done = subprocess.run(
            ["git", *words], cwd=cwd or self.path, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout


@pytest.fixture
def sources(yard: Yard, server: tuple[str, type[Backend]]) -> Sources:
    settings = ImportSettings(gist_api=server[0], timeout_s=60)
    made = Sources(
        settings, Reach.of(("127.0.0.0/8",)), yard.database, Transfer(yard.scripts), Sealer(MasterKey(bytes(32)))
    )
    yard.app.include_router(router, prefix="/api/v1")
    yard.app.state.provided[Sources] = made
    return made


@pytest.fixture
def kept(sources: Sources, api: httpx.AsyncClient) -> httpx.AsyncClient:
    return api


async def test_a_repository_is_kept_in_step(
    sources: Sources, yard: Yard, kept: httpx.AsyncClient, server: tuple[str, type[Backend]]
) -> None:
    repository = Repository(server[1].root / "tools")
    first = repository.commit({"job/main.py": "print(1)\n", "job/lib.py": "x = 1\n", "other.py": "", "job/.git-x": ""})
    body = {"kind": "git", "url": f"{server[0]}/tools/.git", "path": "job", "every_s": 60}
    answer = await kept.post("/imports/source", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    path = f"/scripts/{made['items'][0]['id']}"
    script = (await kept.get(path)).json()
    assert (script["name"], script["code"], script["entry"]) == ("job", "print(1)\n", "main.py")
    assert [file["path"] for file in script["files"]] == [".git-x", "lib.py"]
    source = (await kept.get(f"{path}/source")).json()
    assert (source["revision"], source["error"]) == (first, None)
    assert made["webhook_key"] not in json.dumps(source)
    # Nothing is due yet; then the repository says that it has changed.
    assert await sources.sync_next() is False
    second = repository.commit({"job/main.py": "print(2)\n"})
    await kept.patch(path, json={"timeout_s": 5})
    for signature in ("", "sha256=" + "0" * 64, "sha256=ü"):
        call = await kept.post(made["webhook"].removeprefix("/api/v1"), content=b"{}", headers=_signed(signature))
        assert (call.status_code, call.json()["code"]) == (403, "bad_signature")
    assert await sources.sync_next() is False
    signature = "sha256=" + hmac.new(made["webhook_key"].encode(), b'{"ref": "x"}', hashlib.sha256).hexdigest()
    call = await kept.post(made["webhook"].removeprefix("/api/v1"), content=b'{"ref": "x"}', headers=_signed(signature))
    assert call.status_code == 202
    assert await sources.sync_next() is True
    assert await sources.sync_next() is False
    script = (await kept.get(path)).json()
    assert (script["version"], script["code"], script["timeout_s"]) == (3, "print(2)\n", 5)
    versions = (await kept.get(f"{path}/versions")).json()["items"]
    assert second[:12] in versions[0]["note"]
    # Asked for by hand; what can't be fetched is told, and the script stays.
    (repository.path / "job/main.py").unlink()
    repository.commit({"job/more.py": ""})
    assert (await kept.post(f"{path}/source/sync")).status_code == 202
    assert await sources.sync_next() is True
    assert "Choose which file is started" in (await kept.get(f"{path}/source")).json()["error"]
    assert (await kept.get(path)).json()["code"] == "print(2)\n"
    assert (await kept.delete(f"{path}/source")).status_code == 204
    assert (await kept.get(f"{path}/source")).json() is None
    async with yard.client("vic") as viewer:
        assert (await viewer.post("/imports/source", json=body)).status_code == 403


def _signed(signature: str) -> dict[bytes, bytes]:
    return {b"X-Hub-Signature-256": signature.encode()}


async def test_a_script_that_is_here_is_attached(
    sources: Sources, yard: Yard, kept: httpx.AsyncClient, server: tuple[str, type[Backend]]
) -> None:
    repository = Repository(server[1].root / "tools")
    first = repository.commit({"main.py": "print('theirs')\n"})
    new = {"name": "Mine", "language": "python", "code": "print('mine')\n", "timeout_s": 30}
    path = f"/scripts/{(await kept.post('/scripts', json=new)).json()['id']}"
    body = {"kind": "git", "url": f"{server[0]}/tools/.git", "every_s": None}
    answer = await kept.put(f"{path}/source", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"][0]["outcome"] == "updated"
    script = (await kept.get(path)).json()
    assert (script["name"], script["code"], script["version"]) == ("Mine", "print('theirs')\n", 2)
    assert script["timeout_s"] == 30
    assert (await kept.get(f"{path}/versions/1")).json()["code"] == "print('mine')\n"
    source = (await kept.get(f"{path}/source")).json()
    assert (source["revision"], source["every_s"]) == (first, None)
    # Attached to another place, it follows that one, and the first key is worth nothing any more.
    repository.commit({"job/main.py": "print('job')\n"})
    again = await kept.put(f"{path}/source", json={**body, "path": "job"})
    assert (await kept.get(f"{path}/source")).json()["path"] == "job"
    assert (await kept.get(path)).json()["code"] == "print('job')\n"
    for key, status in ((answer.json()["webhook_key"], 403), (again.json()["webhook_key"], 202)):
        signature = "sha256=" + hmac.new(key.encode(), b"{}", hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": signature}
        called = await kept.post(again.json()["webhook"].removeprefix("/api/v1"), content=b"{}", headers=headers)
        assert called.status_code == status
    refused = await kept.put(f"{path}/source", json={**body, "path": "nowhere"})
    assert refused.status_code == 503
    assert (await kept.get(f"{path}/source")).json()["path"] == "job"


async def test_a_module_is_not_attached(kept: httpx.AsyncClient, server: tuple[str, type[Backend]]) -> None:
    new = {"name": "sums", "language": "python", "code": "", "kind": "module"}
    made = (await kept.post("/scripts", json=new)).json()
    body = {"kind": "git", "url": f"{server[0]}/tools/.git"}
    answer = await kept.put(f"/scripts/{made['id']}/source", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "source_refused")


async def test_what_a_repository_must_not_do(kept: httpx.AsyncClient, server: tuple[str, type[Backend]]) -> None:
    repository = Repository(server[1].root / "evil")
    repository.commit({"main.py": "print(1)\n", ".gitattributes": "*.py filter=evil export-subst\n"})
    url = f"{server[0]}/evil/.git"
    once = {"kind": "git", "url": url, "keep": False, "name": "fine"}
    answer = await kept.post("/imports/source", json=once)
    assert (answer.status_code, answer.json()["webhook_key"]) == (201, None)
    (repository.path / "link").symlink_to("/etc/passwd")
    repository.commit({})
    answer = await kept.post("/imports/source", json={**once, "name": "b"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_tree")
    assert "links are not taken" in answer.json()["detail"]
    for change, code in (
        ({"ref": "--upload-pack=touch /tmp/x"}, "source_refused"),
        ({"ref": "nothing"}, "source_unreachable"),
        ({"path": "nowhere"}, "source_unreachable"),
        ({"url": f"file://{repository.path}"}, "source_refused"),
        ({"url": f"ext::sh -c {repository.path}"}, "source_refused"),
        ({"url": "ssh://git@127.0.0.1/x"}, "source_refused"),
        ({"url": str(repository.path)}, "source_refused"),
        ({"url": f"{server[0]}/moved/evil/.git"}, "source_unreachable"),
        ({"url": url.replace("//", "//me:secret@")}, "source_refused"),
        ({"url": f"{server[0]}/nothing/.git"}, "source_unreachable"),
    ):
        answer = await kept.post("/imports/source", json={**once, **change})
        assert answer.json()["code"] == code, (change, answer.text)


async def test_a_token_opens_a_private_one(kept: httpx.AsyncClient, server: tuple[str, type[Backend]]) -> None:
    Repository(server[1].root / "private").commit({"main.sh": "echo\n"})
    body = {"kind": "git", "url": f"{server[0]}/private/.git", "keep": False}
    refused = await kept.post("/imports/source", json=body)
    assert (refused.status_code, refused.json()["code"]) == (503, "source_unreachable")
    assert (await kept.post("/imports/source", json={**body, "token": TOKEN})).status_code == 201


async def test_a_gist(sources: Sources, kept: httpx.AsyncClient, server: tuple[str, type[Backend]]) -> None:
    server[1].gist = {
        "description": "Clean up",
        "history": [{"version": "a" * 40}],
        "files": {"clean.sh": {"content": "echo 1\n", "truncated": False}},
    }
    answer = await kept.post(
        "/imports/source", json={"kind": "gist", "url": "https://gist.github.com/me/0123456789abcdef"}
    )
    assert answer.status_code == 201, answer.text
    path = f"/scripts/{answer.json()['items'][0]['id']}"
    assert ((await kept.get(path)).json()["name"], (await kept.get(path)).json()["code"]) == ("Clean up", "echo 1\n")
    server[1].gist = {**server[1].gist, "history": [{"version": "b" * 40}]}
    server[1].gist["files"]["clean.sh"]["content"] = "echo 2\n"
    await kept.post(f"{path}/source/sync")
    assert await sources.sync_next() is True
    assert (await kept.get(path)).json()["code"] == "echo 2\n"
    server[1].gist = {"message": "Not Found"}
    answer = await kept.post("/imports/source", json={"kind": "gist", "url": "0123456789abcdef"})
    assert answer.json()["code"] == "source_refused"
    assert (await kept.post("/imports/source", json={"kind": "gist", "url": "../users"})).status_code == 422


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1",
    ],
)  # fmt: skip
async def test_addresses_within(address: str) -> None:
    assert not is_outside(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(SourceRefused):
        await outbound.judged(f"https://{host}/x.git", Reach())


def test_addresses_outside() -> None:
    assert is_outside("93.184.216.34")
    assert is_outside("2606:2800:220:1::1")


@pytest.mark.parametrize("url", ["http://example.org", "ftp://example.org", "https://", "https://a:b@example.org", "x"])
async def test_urls_that_are_not_asked(url: str) -> None:
    with pytest.raises(SourceRefused):
        await outbound.judged(url, Reach())
