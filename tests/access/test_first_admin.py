import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from runyard.access.first_admin import FirstAdmin
from runyard.access.models import User
from runyard.access.passwords import Passwords
from runyard.access.service import AccessService

from .yard import CHEAP, Yard, sign_in

MakeYard = Callable[..., Awaitable[Yard]]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def begin(yard: Yard) -> FirstAdmin | None:
    # At the first start nobody waits for the transaction: passwords that don't mind being computed within it.
    access = AccessService(yard.database, yard.settings, yard.key, yard.projects, Passwords(CHEAP))
    async with yard.database.write() as session:
        return await access.first_admin(session, yard.settings)


async def may_sign_in(yard: Yard, password: str) -> bool:
    async with yard.client() as client:
        return (await sign_in(client, "admin", password)).status_code == 200


async def test_a_password_is_made_up_told_once_and_kept_for_the_owner_alone(
    make_yard: MakeYard, tmp_path: Path
) -> None:
    yard = await make_yard()
    first = await begin(yard)
    assert first is not None
    assert first.password is not None
    assert (first.username, first.kept_in) == ("admin", tmp_path / "admin-password")
    assert (tmp_path / "admin-password").read_text() == first.password + "\n"
    assert stat.S_IMODE((tmp_path / "admin-password").stat().st_mode) == 0o600
    assert len(first.password) >= 20
    assert first.password not in repr(first)
    assert await may_sign_in(yard, first.password)
    assert await begin(yard) is None


async def test_a_given_password_is_neither_told_nor_kept(make_yard: MakeYard, tmp_path: Path) -> None:
    yard = await make_yard(admin_password="given one")
    assert await begin(yard) == FirstAdmin("admin", None, None)
    assert not (tmp_path / "admin-password").exists()
    assert await may_sign_in(yard, "given one")
    assert not await may_sign_in(yard, "")


async def test_an_empty_password_is_none_at_all(make_yard: MakeYard, tmp_path: Path) -> None:
    yard = await make_yard(admin_password="")
    first = await begin(yard)
    assert first is not None
    assert first.password


async def test_where_there_are_users_nothing_is_made(make_yard: MakeYard, tmp_path: Path) -> None:
    yard = await make_yard(admin_password="given one")
    await yard.add_user("Ada")
    assert await begin(yard) is None
    async with yard.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 1


async def test_a_file_of_an_earlier_try_is_replaced_and_closed_to_others(make_yard: MakeYard, tmp_path: Path) -> None:
    (tmp_path / "admin-password").write_text("an older one\n")
    (tmp_path / "admin-password").chmod(0o644)
    yard = await make_yard()
    first = await begin(yard)
    assert first is not None
    assert (tmp_path / "admin-password").read_text() == f"{first.password}\n"
    assert stat.S_IMODE((tmp_path / "admin-password").stat().st_mode) == 0o600


async def test_where_the_password_cannot_be_kept_no_user_is_made(make_yard: MakeYard, tmp_path: Path) -> None:
    (tmp_path / "admin-password").mkdir()
    yard = await make_yard()
    with pytest.raises(OSError, match="admin-password"):
        await begin(yard)
    async with yard.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 0
    assert [name for name in names(tmp_path) if name.startswith(".")] == []
