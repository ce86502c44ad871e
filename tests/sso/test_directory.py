"""A real directory is asked who somebody is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.sso.directory import Directory, DirectoryUnreachable
from runyard.sso_settings import LdapSettings

from .slapd import BASE, Slapd, directory


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with directory(tmp_path_factory.mktemp("slapd")) as slapd:
        yield slapd


@pytest.mark.parametrize("way", ["ldaps", "starttls", "template"])
async def test_a_right_password_tells_who_it_is(slapd: Slapd, way: str) -> None:
    ways: dict[str, dict[str, object]] = {
        "ldaps": {},
        "starttls": {"url": slapd.plain_url},
        "template": {"bind_dn": "", "bind_password": None, "user_dn": f"uid={{username}},ou=people,{BASE}"},
    }
    other = ways[way]
    found = await Directory(slapd.settings(**other)).person("Jan", "jan's password")
    assert found is not None
    assert (found.provider, found.username, found.display_name) == ("ldap", "jan", "Jan (the \\2a one)")
    assert {"Makers", "Leads", f"cn=Makers,ou=groups,{BASE}"} <= found.groups
    # A number of the directory's own, which nobody else is ever given.
    assert len(found.subject) == 36


async def test_who_stays_the_same_however_they_are_spelt(slapd: Slapd) -> None:
    ask = Directory(slapd.settings()).person
    one, other = await ask("mei", "mei's password"), await ask("MEI", "mei's password")
    assert one == other
    assert one is not None
    assert one.groups == {"Makers", f"cn=Makers,ou=groups,{BASE}"}


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("mei", "not it"),
        ("mei", ""),
        ("nobody", "mei's password"),
        ("*", "mei's password"),
        ("m*", "mei's password"),
        ("mei)(uid=*", "mei's password"),
        ("mei)(|(uid=*", "mei's password"),
        ("\0", "mei's password"),
        ("mei\\2a", "mei's password"),
        ("twin", "twin's password"),
        ("{dn}", "mei's password"),
    ],
)
@pytest.mark.parametrize("by_name", [False, True])
async def test_nobody_else_gets_in(slapd: Slapd, username: str, password: str, by_name: bool) -> None:  # noqa: FBT001
    other = {"user_dn": f"uid={{username}},ou=people,{BASE}"} if by_name else {}
    assert await Directory(slapd.settings(**other)).person(username, password) is None


async def test_a_name_is_no_part_of_a_distinguished_name(slapd: Slapd) -> None:
    ask = Directory(slapd.settings(user_dn=f"uid={{username}},{BASE}")).person
    assert await ask("mei,ou=people", "mei's password") is None


@pytest.mark.parametrize(
    "other",
    [
        {"ca_file": ""},
        {"bind_password": "wrong"},
        {"url": "ldaps://127.0.0.1:9"},
        {"id_attribute": "employeeNumber"},
    ],
    ids=["a certificate nobody knows", "the service is refused", "nobody there", "no such attribute"],
)
async def test_what_says_nothing_of_a_password_is_trouble(slapd: Slapd, other: dict[str, object]) -> None:
    with pytest.raises(DirectoryUnreachable):
        await Directory(slapd.settings(**other)).person("mei", "mei's password")


async def test_no_password_is_sent_before_the_line_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with directory(tmp_path / "strict", strict=True) as strict:
        found = await Directory(strict.settings(url=strict.plain_url)).person("mei", "mei's password")
        assert found is not None
        clear = strict.settings(url=strict.plain_url, start_tls=False)
        with pytest.raises(DirectoryUnreachable):
            await Directory(clear).person("mei", "mei's password")


@pytest.mark.parametrize(
    "facts",
    [
        {"url": "http://127.0.0.1", "base": BASE},
        {"url": "ldap://ldap.example.org", "start_tls": False, "base": BASE},
        {"url": "ldaps://ldap.example.org"},
        {"url": "ldaps://ldap.example.org", "base": BASE, "user_filter": "(uid=mei)"},
        {"url": "ldaps://ldap.example.org", "user_dn": BASE},
    ],
)
def test_settings_that_can_not_work_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"sso\.ldap|address|clear"):
        LdapSettings.model_validate(facts)
