"""Connections from a terminal: kept, listed, tried, given to a run, masked in what was said before, deleted."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.connections import counterparts

from .conftest import Commands, MakeYard, Yard

TOKEN = "a-token-of-the-shop"


@pytest.fixture
def ry(make_yard: MakeYard, login: Callable[[Yard], Commands]) -> Commands:
    """Commands of somebody whose server may reach what listens on its own machine."""
    return login(make_yard(RUNYARD_FETCH_ALLOW="127.0.0.0/8", RUNYARD_SEED_EXAMPLES="false"))


@pytest.fixture
def shop() -> Iterator[str]:
    """A web server that lets nobody in without the token; its URL."""
    known = f"Bearer {TOKEN}"
    with counterparts.web(lambda asked: (200 if asked.headers.get("Authorization") == known else 401, {}, b"")) as url:
        yield url


def test_a_connection_is_kept_tried_listed_and_deleted(ry: Commands, shop: str) -> None:
    empty = ry("connections", "list", "--json")
    assert (empty.code, empty.json) == (0, [])
    kept = ry("connections", "set", "SHOP", "http", f"url={shop}", "auth=bearer", stdin=json.dumps({"token": TOKEN}))
    assert (kept.code, "SHOP (project default, every stage) is at version 1." in kept.err) == (0, True), kept.err
    tried = ry("connections", "test", "SHOP")
    assert (tried.code, tried.out.startswith("counterpart/1 answered within ")) == (0, True), tried.err
    row = next(line for line in ry("connections", "list").out.splitlines() if line.startswith("SHOP"))
    assert ("http" in row, shop in row, "works, " in row) == (True, True, True)
    [listed] = ry("connections", "list", "--json").json
    assert (listed["settings"]["url"], listed["secrets_set"]) == (shop, ["token"])

    described = ry("connections", "set", "SHOP", "http", "--description", "where things are sold")
    assert (described.code, "at version" in described.err) == (0, True), described.err
    wrong = ry("connections", "set", "SHOP", "http", stdin=json.dumps({"token": "another-token"}))
    assert wrong.code == 0, wrong.err
    failed = ry("connections", "test", "SHOP")
    assert (failed.code, failed.out, "401" in failed.err) == (1, "", True)
    assert "fails, " in ry("connections", "list").out

    assert ry("connections", "delete", "SHOP").code == 0
    gone = ry("connections", "test", "SHOP")
    assert (gone.code, "There is no SHOP there." in gone.err) == (1, True)
    said = [one.out + one.err for one in (kept, tried, described, wrong, failed, gone)]
    assert not [text for text in said if TOKEN in text or "another-token" in text]


def test_what_is_misread_is_said_before_anything_is_sent(ry: Commands) -> None:
    unknown = ry("connections", "set", "A", "oracle", "host=db.example")
    assert (unknown.code, "There is no kind oracle." in unknown.err, "postgresql" in unknown.err) == (2, True, True)
    open_ = ry("connections", "set", "A", "redis", "host=db.example", "password=swordfish")
    assert (open_.code, "password is secret" in open_.err) == (2, True)
    for piped in ("swordfish", '["swordfish"]', '{"host": "db.example"}'):
        refused = ry("connections", "set", "A", "redis", "host=db.example", stdin=piped)
        assert (refused.code, "piped in" in refused.err, "swordfish" in refused.err) == (2, True, False)
    lacking = ry("connections", "set", "A", "ssh", "host=db.example", "username=me")
    assert (lacking.code, "password" in lacking.err) == (1, True)
    assert ry("connections", "list", "--json").json == []


def test_secrets_that_were_said_before_they_were_kept_are_masked(ry: Commands, shop: str) -> None:
    run = ry("run", ry.write("leak.sh", f"echo {TOKEN}\n"), "--json").json["id"]
    assert ry("logs", run, "-f").out == f"{TOKEN}\n"
    ry("connections", "set", "SHOP", "http", f"url={shop}", "auth=bearer", stdin=json.dumps({"token": TOKEN}))
    done = ry("connections", "scrub", "SHOP")
    assert (done.code, "it was in 1." in done.err) == (0, True), done.err
    assert ry("logs", run).out == "***\n"
