from pathlib import Path

import pytest
from pydantic import SecretStr

from runyard.insights.security import SETTINGS, Fact, facts
from runyard.secrets import keys
from runyard.settings import Settings


def said(settings: Settings) -> dict[str, Fact]:
    return {fact.key: fact for fact in facts(settings, local_login=True)}


def test_what_is_in_force_is_said_with_what_changes_it(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path,
        allow_from=("10.0.0.0/8",),
        rates={"user": "5/second"},
        limits={"body": "1MiB"},
    )
    found = said(settings)
    assert found["allow_from"].value == ["10.0.0.0/8"]
    assert found["cors_origins"].value == []
    assert found["rates.user"].value == "5/second"
    assert found["limits.body"].value == 1024 * 1024
    assert found["rates.user"].variable == "RUNYARD_RATES__USER"
    assert "unsafe" not in str(found["content_policy"].value)
    assert found["content_policy"].setting is None
    assert (found["access.local_login"].value, found["sso"].value) == (True, [])
    assert {name for _, name in SETTINGS} < set(found)


def test_groups_stand_together(tmp_path: Path) -> None:
    groups = [fact.group for fact in facts(Settings(data=tmp_path), local_login=False)]
    assert groups == sorted(groups, key=groups.index)


@pytest.mark.parametrize(
    ("settings", "variable", "kind"),
    [
        ({}, None, "file"),
        ({}, "x", "environment"),
        ({"keys": {"wrapper": "vault", "vault_address": "https://vault.test", "vault_token": "hush"}}, None, "vault"),
    ],
)
def test_where_the_master_key_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], variable: str | None, kind: str
) -> None:
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(keys.VARIABLE, variable)
    assert said(Settings(data=tmp_path, **settings))["keys.wrapper"].value == kind  # type: ignore[arg-type]


def test_no_secret_is_told(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path,
        redis_url=SecretStr("redis://:hush@localhost/0"),
        admin_password=SecretStr("hush"),
        database_url="postgresql://u:hush@h/db",
    )
    found = said(settings)
    assert found["redis_url"].value is True
    assert "hush" not in repr(found)
