"""What the audit says of runs that were given secrets, and that it says nothing of those that were not."""

from typing import Any

import pytest

from runyard.secrets.giving import Giver

from .yard import Running, opened, options, place


async def used(yard: Running) -> list[dict[str, Any]]:
    return list((await yard.get("/audit", action="secret.use"))["items"])


async def test_a_use_says_who_had_which_run_given_which_names() -> None:
    async with place() as data, opened(options(data)) as yard:
        for name in ("TOKEN", "ANOTHER", "UNUSED"):
            await yard.post("/secrets", {"name": name, "value": f"value of {name}"}, 201)
        await yard.post("/variables", {"name": "URL", "value": "x"}, 201)
        listed: dict[str, Any] = {"secrets": ["TOKEN", "ANOTHER"], "variables": ["URL"]}
        script_id = await yard.script("exit 1", **listed, retries=1, retry_delay_s=0)
        run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {}))["id"])
        second, first = await used(yard)
        assert (first["actor"]["name"], first["actor"]["kind"]) == ("admin", "user")
        assert (first["object"]["kind"], first["object"]["id"]) == ("run", run["id"])
        assert first["changes"]["names"] == [None, ["ANOTHER", "TOKEN"]]
        assert [one["changes"]["attempt"][1] for one in (first, second)] == [1, 2]
        assert "value of" not in str(await yard.get("/audit"))
        assert (await yard.get("/audit/verify"))["flaw"] is None


async def test_a_run_without_names_asks_nobody_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def give(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Giver, "give", give)
    async with place() as data, opened(options(data)) as yard:
        assert (await yard.run("true"))["state"] == "succeeded"
        assert await used(yard) == []


async def test_variables_alone_are_no_secrets() -> None:
    async with place() as data, opened(options(data)) as yard:
        await yard.post("/variables", {"name": "URL", "value": "x"}, 201)
        assert (await yard.run("true", variables=["URL"]))["state"] == "succeeded"
        assert await used(yard) == []
