"""The protocol of Vault's transit engine, as its documentation records it."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from runyard.secrets import keys
from runyard.secrets.keys import MasterKeyUnusable
from runyard.secrets.sealing import SealBroken
from runyard.secrets.transit import VaultTransit, version_of
from runyard.secrets.wrapping import LocalWrapper, Served
from runyard.settings import KeySettings

TOKEN = "hvs.CAESIJ"
SETTINGS = KeySettings(wrapper="vault", vault_address="http://vault.test:8200", vault_token=TOKEN)


class Recorded:
    """Answers as Vault does: a real cipher is not needed to hold the shapes."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.version = 1
        self.kept: dict[str, tuple[str, str | None]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body: Any = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        if request.headers.get("X-Vault-Token") != TOKEN:
            return httpx.Response(403, json={"errors": ["permission denied"]})
        what = request.url.path.split("/")[3]
        if what == "encrypt":
            ciphertext = f"vault:v{self.version}:{base64.b64encode(str(len(self.kept)).encode()).decode()}"
            self.kept[ciphertext] = (body["plaintext"], body["associated_data"])
            data: dict[str, Any] = {"ciphertext": ciphertext, "key_version": self.version}
        elif what == "decrypt":
            plaintext, bound = self.kept.get(body["ciphertext"], ("", None))
            if bound != body["associated_data"]:
                errors = ["cipher: message authentication failed"]
                return httpx.Response(400, json={"errors": errors})
            data = {"plaintext": plaintext}
        else:
            data = {"name": "runyard", "type": "aes256-gcm96", "latest_version": self.version, "keys": {"1": 1}}
        return httpx.Response(200, json={"request_id": "b9b4", "lease_duration": 0, "data": data})


def made(answer: Callable[[httpx.Request], httpx.Response], settings: KeySettings = SETTINGS) -> VaultTransit:
    return VaultTransit(settings, httpx.MockTransport(answer))


def test_what_is_said_to_vault() -> None:
    vault = Recorded()
    transit = made(vault)
    wrapped = transit.wrap(b"k" * 32, "data key:1")
    assert transit.unwrap(wrapped, "data key:1") == b"k" * 32
    encoded = {"key": base64.b64encode(b"k" * 32).decode(), "context": base64.b64encode(b"data key:1").decode()}
    assert vault.asked == [
        (
            "POST",
            "/v1/transit/encrypt/runyard",
            {"plaintext": encoded["key"], "associated_data": encoded["context"]},
        ),
        ("POST", "/v1/transit/decrypt/runyard", {"ciphertext": wrapped, "associated_data": encoded["context"]}),
    ]
    with pytest.raises(SealBroken):
        transit.unwrap(wrapped, "data key:2")


def test_after_vault_has_rotated_its_key_what_it_wrapped_is_outdated() -> None:
    vault = Recorded()
    transit = made(vault)
    old = transit.wrap(b"k" * 32, "c")
    assert not transit.outdated(old)
    vault.version = 2
    assert transit.outdated(old)
    assert not transit.outdated(transit.wrap(transit.unwrap(old, "c"), "c"))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(403, json={"errors": ["permission denied"]}), "token"),
        (httpx.Response(404, json={"errors": []}), "mounted"),
        (httpx.Response(503, json={"errors": ["Vault is sealed"]}), "503"),
        (httpx.Response(200, text="<html>"), "not Vault"),
        (httpx.Response(200, json={"data": {}}), "no ciphertext"),
    ],
)
def test_what_vault_refuses_is_said_plainly(answer: httpx.Response, said: str) -> None:
    with pytest.raises(MasterKeyUnusable, match=said) as refused:
        made(lambda _request: answer).wrap(b"k" * 32, "c")
    assert TOKEN not in refused.value.detail


def test_a_vault_that_is_away_is_said_plainly() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(MasterKeyUnusable, match="refused"):
        made(away).unwrap("vault:v1:abc", "c")


def test_a_token_in_a_file_is_read_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("stale\n")
    transit = made(Recorded(), KeySettings(wrapper="vault", vault_address="http://v", vault_token_file=file))
    with pytest.raises(MasterKeyUnusable, match="token"):
        transit.wrap(b"k" * 32, "c")
    file.write_text(f"{TOKEN}\n")
    transit.wrap(b"k" * 32, "c")
    file.unlink()
    with pytest.raises(MasterKeyUnusable, match="can't be read"):
        transit.wrap(b"k" * 32, "c")


def test_the_master_key_stands_wrapped_in_its_file(tmp_path: Path) -> None:
    transit = made(Recorded())
    first = keys.ring(tmp_path, {}, transit).present
    assert (tmp_path / keys.FILE).read_text().startswith("vault:v1:")
    assert keys.ring(tmp_path, {}, transit).present == first
    keys.prepend(tmp_path, transit)
    both = keys.ring(tmp_path, {}, transit)
    assert both.older == (first,)
    with pytest.raises(MasterKeyUnusable, match="no key service"):
        keys.ring(tmp_path, {})


def test_what_the_master_key_wrapped_before_there_was_a_vault_still_opens(tmp_path: Path) -> None:
    local = LocalWrapper(keys.ring(tmp_path, {}))
    old = local.wrap(b"k" * 32, "c")
    served = Served(made(Recorded()), local)
    assert served.unwrap(old, "c") == b"k" * 32
    assert served.outdated(old)
    new = served.wrap(b"k" * 32, "c")
    assert version_of(new) == 1
    assert not served.outdated(new)
    assert served.name == "vault transit/runyard"


@pytest.mark.parametrize(
    ("text", "version"),
    [("vault:v12:abc", 12), ("vault:v:abc", None), ("rs1.abc.def", None), ("", None), ("vault:v1", None)],
)
def test_versions(text: str, version: int | None) -> None:
    assert version_of(text) == version
