"""Shapes: what they take, how they are told, and when their secrets stay."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runyard.connections.giving import connected
from runyard.connections.kinds import DRIVERS
from runyard.connections.schemas import NewConnection
from runyard.connections.shapes import SHAPES, kind_of, opened

SSH = {"kind": "ssh", "host": "there.example", "username": "me"}
ADDRESSES: list[tuple[dict[str, Any], str]] = [
    (
        {"kind": "postgresql", "host": "db", "username": "me", "password": "a/b c", "database": "my db"},
        "postgresql://me:a%2Fb%20c@db:5432/my%20db?sslmode=verify-full",
    ),
    ({"kind": "postgresql", "host": "::1", "username": "me", "tls": "off"}, "postgresql://me@[::1]:5432/postgres?sslmode=disable"),
    ({"kind": "mysql", "host": "db", "username": "me", "password": "x", "database": "d"}, "mysql://me:x@db:3306/d"),
    (
        {"kind": "mongodb", "host": "db", "username": "me", "password": "x", "tls": "unverified"},
        "mongodb://me:x@db:27017/?authSource=admin&tls=true&tlsAllowInvalidCertificates=true",
    ),
    ({"kind": "redis", "host": "db", "password": "x", "database": 3}, "rediss://:x@db:6379/3"),
    (
        {"kind": "s3", "endpoint": "https://s.example", "bucket": "b", "access_key_id": "k", "secret_access_key": "x"},
        "https://s.example/b",
    ),
    ({**SSH, "password": "x"}, "ssh://me@there.example:22"),
    ({**SSH, "kind": "sftp", "password": "x", "path": "/in box"}, "sftp://me@there.example:22/in%20box"),
    ({"kind": "ftp", "host": "f"}, "ftpes://anonymous@f:21/"),
    ({"kind": "http", "url": "https://a.example/b", "auth": "basic", "username": "me", "password": "x"}, "https://me:x@a.example/b"),
    ({"kind": "http", "url": "https://a.example/b", "auth": "bearer", "token": "x"}, "https://a.example/b"),
    ({"kind": "git", "url": "https://g.example/x.git", "username": "me", "password": "x"}, "https://me:x@g.example/x.git"),
    ({"kind": "registry", "username": "me", "password": "x"}, "https://me:x@registry-1.docker.io"),
    ({"kind": "kubernetes", "url": "https://k.example:6443", "token": "x"}, "https://k.example:6443"),
]  # fmt: skip


def test_every_kind_has_a_driver_and_says_where_its_secrets_go() -> None:
    assert {kind_of(shape) for shape in SHAPES} == set(DRIVERS)
    for shape in SHAPES:
        assert set(shape.leads_to) & set(shape.model_fields), shape
        assert shape.secret_fields(), shape
        assert {settings["kind"] for settings, _ in ADDRESSES} == set(DRIVERS)


@pytest.mark.parametrize(("settings", "url"), ADDRESSES)
def test_a_script_finds_a_url_and_all_of_it_as_json(settings: dict[str, Any], url: str) -> None:
    shape = opened(settings)
    assert shape.lacking() == {}
    found = connected("THERE", shape)
    assert found.environment["THERE"] == url
    assert json.loads(found.environment["THERE_JSON"]).items() >= settings.items()
    assert opened(json.loads(found.environment["THERE_JSON"])) == shape
    assert set(found.hidden) == set(shape.secrets().values())
    assert not set(shape.secrets()) & set(shape.public())


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30))
def test_a_password_survives_its_url(password: str) -> None:
    shape = opened({"kind": "mysql", "host": "db", "username": "me", "password": password})
    assert unquote(urlsplit(shape.address()).password or "") == password


BAD: list[dict[str, Any]] = [
    {"kind": "nothing"},
    {"kind": "postgresql", "host": "a/b", "username": "x"},
    {"kind": "postgresql", "host": "a@b", "username": "x"},
    {"kind": "postgresql", "host": "a", "username": ""},
    {"kind": "postgresql", "host": "a", "username": "x", "port": 0},
    {"kind": "postgresql", "host": "a", "username": "x", "extra": 1},
    {"kind": "postgresql", "host": "a", "username": "x", "password": "\0"},
    {"kind": "postgresql", "host": "a", "username": "x\ny"},
    {"kind": "http", "url": "ftp://a"},
    {"kind": "http", "url": "https://user@a"},
    {"kind": "http", "url": "https://a/?q=1"},
    {"kind": "http", "url": "https://a", "header": "X: y"},
    {"kind": "git", "url": "file:///etc"},
    {"kind": "git", "url": "https://a\r\nX: y/"},
    {"kind": "s3", "access_key_id": "x", "bucket": "../a"},
]


@pytest.mark.parametrize("settings", BAD)
def test_what_makes_no_sense_is_refused_and_not_repeated(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        NewConnection.model_validate({"name": "A", "settings": {"password": "hunter2", **settings}})
    assert "hunter2" not in str(refused.value)


LACKING: list[tuple[dict[str, Any], str]] = [
    (SSH, "password"),
    ({"kind": "s3", "access_key_id": "x"}, "secret_access_key"),
    ({"kind": "kubernetes", "url": "https://k"}, "token"),
    ({"kind": "http", "url": "https://k", "auth": "bearer"}, "token"),
    ({"kind": "http", "url": "https://k", "auth": "basic"}, "password"),
    ({"kind": "git", "url": "ssh://k/x"}, "password"),
]


@pytest.mark.parametrize(("settings", "field"), LACKING)
def test_what_is_lacking_is_said_by_field(settings: dict[str, Any], field: str) -> None:
    assert list(opened(settings).lacking()) == [field]


KEPT: list[tuple[dict[str, Any], dict[str, str], tuple[str, ...]]] = [
    ({}, {"password": "old", "passphrase": "p"}, ()),
    ({"username": "another"}, {"password": "old", "passphrase": "p"}, ()),
    ({"password": "new"}, {"password": "new", "passphrase": "p"}, ()),
    ({"password": ""}, {"passphrase": "p"}, ()),
    ({"host": "evil.example"}, {}, ("password", "passphrase")),
    ({"port": 2222}, {}, ("password", "passphrase")),
    ({"host_key": ""}, {}, ("password", "passphrase")),
    ({"host": "evil.example", "password": "new", "passphrase": ""}, {"password": "new"}, ()),
]


@pytest.mark.parametrize(("change", "secrets", "needed"), KEPT)
def test_secrets_stay_only_where_they_go_where_they_went(
    change: dict[str, Any], secrets: dict[str, str], needed: tuple[str, ...]
) -> None:
    before = opened({**SSH, "password": "old", "passphrase": "p", "host_key": "SHA256:x"}).whole()
    merged, missing = opened({**SSH, "host_key": "SHA256:x", **change}).with_kept(before)
    assert (merged.secrets(), missing) == (secrets, needed)
