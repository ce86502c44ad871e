"""Whose account somebody is given who comes from elsewhere for the first time."""

import pytest
from msgspec.structs import replace

from runyard import clock, ids
from runyard.access import repository
from runyard.access.actors import Actors
from runyard.access.models import User
from runyard.access.roles import Roles
from runyard.db.session import Database
from runyard.projects.service import ProjectService
from runyard.sso.arrivals import Arrivals, NoAccountHere
from runyard.sso.mapping import Stranger
from runyard.sso_settings import Mapping

MEI = Stranger("oidc", "https://id.example.com", "1", "mei", mail="Mei@Example.com")


async def local(database: Database, name: str, mail: str | None) -> str:
    user = User(id=ids.new("usr"), username=name, username_key=repository.folded(name), created_at=clock.now())
    user.password_hash = "x"
    user.email, user.email_key = mail, repository.email_key(mail) if mail else None
    async with database.write() as session:
        session.add(user)
    return user.id


async def arrive(database: Database, stranger: Stranger, *, link: bool, create: bool = True) -> str:
    projects = ProjectService()
    actors = Actors(database, projects)
    arrivals = Arrivals(projects, Roles(actors), actors)
    async with database.write() as session:
        return (await arrivals.settle(session, stranger, Mapping(create_users=create), link_by_mail=link)).id


async def test_a_verified_mail_gives_its_account_where_that_is_switched_on(database: Database) -> None:
    mine = await local(database, "meichen", "mei@example.com")
    assert await arrive(database, MEI, link=True) == mine
    # From now on it is the subject that counts.
    assert await arrive(database, replace(MEI, mail=""), link=False) == mine
    # And nobody else of that provider is given the account.
    assert await arrive(database, replace(MEI, subject="2"), link=True) != mine


@pytest.mark.parametrize(
    ("owners", "mail", "link"),
    [
        (["mei@example.com"], "mei@example.com", False),
        (["mei@example.com"], "", True),
        (["mei@example.com"], "other@example.com", True),
        (["mei@example.com", "MEI@example.com"], "mei@example.com", True),
        ([None], "", True),
    ],
    ids=["switched off", "not verified", "another", "shared", "none"],
)
async def test_else_nobody_is_given_anothers_account(
    sqlite: Database,
    owners: list[str | None],
    mail: str,
    link: bool,  # noqa: FBT001
) -> None:
    theirs = [await local(sqlite, f"user{number}", owner) for number, owner in enumerate(owners)]
    with pytest.raises(NoAccountHere):
        await arrive(sqlite, replace(MEI, mail=mail), link=link, create=False)
    assert await arrive(sqlite, replace(MEI, mail=mail), link=link) not in theirs


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Mei@Example.com", "Mei@Example.com"),
        ("", None),
        ("no address", None),
        ("mei@example.com\nBcc: eve@example.com", None),
        ("mei@例え.jp", None),
    ],
)
async def test_somebody_new_has_the_address_that_is_known_to_be_theirs(
    sqlite: Database, told: str, kept: str | None
) -> None:
    mine = await arrive(sqlite, replace(MEI, mail=told), link=False)
    async with sqlite.read() as session:
        user = await session.get_one(User, mine)
    assert (user.email, user.email_key) == (kept, kept and kept.casefold())
