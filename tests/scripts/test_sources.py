"""Scripts kept in step with Git repositories, over a real ``git http-backend``, and with Gists."""

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from runyard.scripts import git, outbound
from runyard.scripts.errors import SourceRefused
from runyard.scripts.source_routes import router
from runyard.scripts.sources import Sources
from runyard.scripts.transfer import Transfer
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.settings import ImportSettings
from runyard.web.outbound import Reach, is_outside

from .gitsite import TOKEN, Backend, Repository, serving
from .yard import Yard


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, type[Backend]]]:
    with serving(tmp_path / "repositories") as found:
        yield found


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
    assert refused.status_code == 422
    assert (await kept.get(f"{path}/source")).json()["path"] == "job"


async def test_one_file_of_a_repository(kept: httpx.AsyncClient, server: tuple[str, type[Backend]]) -> None:
    repository = Repository(server[1].root / "tools")
    repository.commit({"jobs/tidy up.py": "print('tidy')\n", "jobs/other.py": "", "tidy up.py": ""})
    body = {"kind": "git", "url": f"{server[0]}/tools/.git"}
    answer = await kept.post("/imports/source", json={**body, "path": "jobs/tidy up.py"})
    assert answer.status_code == 201, answer.text
    made = (await kept.get(f"/scripts/{answer.json()['items'][0]['id']}")).json()
    assert (made["name"], made["code"], made["files"]) == ("tidy up", "print('tidy')\n", [])
    refused = await kept.post("/imports/source", json={**body, "path": "jobs/gone.py", "ref": "main"})
    assert refused.json()["detail"] == "The repository has no jobs/gone.py at main."
    assert refused.json()["errors"][0]["field"] == "path"


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
        ({"path": "nowhere"}, "source_refused"),
        ({"path": "../etc"}, "source_refused"),
        ({"path": "*.py"}, "source_refused"),
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


@pytest.mark.parametrize("host", ["plain.test", "PLAIN.test", "plain.test.", "münchen.test"])
async def test_git_goes_to_the_address_that_was_judged(
    server: tuple[str, type[Backend]], host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No resolver knows these names: where git looked one up by itself, it would get nowhere."""

    async def found(_host: str, port: int, **_how: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    address, backend = server
    revision = Repository(backend.root / "named").commit({"main.py": "print(1)\n"})
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found, raising=False)
    url = f"{address.replace('127.0.0.1', host)}/named/.git"
    target = await outbound.judged(url, Reach.of(("127.0.0.0/8",)))
    assert (await git.snapshot(target, "", "", None, 60)).revision == revision


@pytest.mark.parametrize("url", ["http://example.org", "ftp://example.org", "https://", "https://a:b@example.org", "x"])
async def test_urls_that_are_not_asked(url: str) -> None:
    with pytest.raises(SourceRefused):
        await outbound.judged(url, Reach())
