import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select

from runyard import clock
from runyard.access.brake import FORGOTTEN, FREE, TooManyAttempts
from runyard.access.guesses import Guesses, forget_guesses
from runyard.access.models import Guess
from runyard.db.session import Database
from runyard.secrets.keys import MasterKey

from .yard import PASSWORD, Yard, sign_in, signed_in

KEY = MasterKey(b"k" * 32)
STRANGER = ("address", "ada", "10.0.0.1")


async def rows(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(Guess)) or 0


async def test_processes_count_together(database: Database) -> None:
    one, other = Guesses(database, KEY), Guesses(database, KEY)
    for guesses in (one, other, one, other, one):
        await guesses.demand_patience("password", STRANGER)
        await guesses.wrong("password", STRANGER)
    for guesses in (one, other):
        with pytest.raises(TooManyAttempts):
            await guesses.demand_patience("password", STRANGER)
    # Of codes it is told apart, and so are others.
    await other.demand_patience("code", STRANGER)
    await other.demand_patience("password", ("address", "ada", "10.0.0.2"))
    await other.demand_patience("password", ("device", "ada"))


async def test_strangers_from_everywhere_share_one_budget_in_all_processes(database: Database) -> None:
    processes = [Guesses(database, KEY) for _ in range(3)]
    for number in range(50):
        await processes[number % 3].wrong("password", ("address", "ada", f"10.0.1.{number}"))
    for guesses in processes:
        with pytest.raises(TooManyAttempts):
            await guesses.demand_patience("password", ("address", "ada", "10.0.2.1"))
        await guesses.demand_patience("password", ("address", "bob", "10.0.2.1"))


async def test_codes_tried_at_the_same_moment_in_two_processes_count_one_after_the_other(database: Database) -> None:
    one, other = Guesses(database, KEY), Guesses(database, KEY)
    tries = [guesses.tried("code", STRANGER, lambda: None) for guesses in (one, other) for _ in range(8)]
    told = await asyncio.gather(*tries, return_exceptions=True)
    assert told.count(None) == FREE
    assert all(isinstance(one, TooManyAttempts) for one in told if one is not None)


async def test_a_right_one_forgets_the_guesser_and_not_what_strangers_have_used_up(database: Database) -> None:
    guesses = Guesses(database, KEY)
    assert not await guesses.demand_patience("password", STRANGER)
    for _ in range(FREE):
        await guesses.wrong("password", STRANGER)
    async with database.write() as session:
        await guesses.right(session, "password", STRANGER)
    assert not await guesses.demand_patience("password", STRANGER)
    assert await rows(database) == 1


async def test_what_is_a_day_old_is_forgotten(database: Database) -> None:
    guesses = Guesses(database, KEY)
    await guesses.wrong("password", STRANGER)
    for after, left in ((FORGOTTEN / 2, 2), (FORGOTTEN * 2, 0)):
        async with database.write() as session:
            await forget_guesses(session, clock.now() + after)
        assert await rows(database) == left


async def test_whoever_invents_names_fills_no_disk(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runyard.access.guesses.KEPT", 6)
    monkeypatch.setattr("runyard.access.guesses._TRIM_EVERY", 5)
    guesses = Guesses(database, KEY)
    for number in range(20):
        await guesses.wrong("password", ("address", f"nobody {number}", "10.0.0.1"))
    assert await rows(database) == 6


async def test_no_name_is_kept_as_it_was_typed(database: Database) -> None:
    await Guesses(database, KEY).wrong("password", ("address", "my secret password", "10.0.0.1"))
    async with database.read() as session:
        names = (await session.scalars(select(Guess.name))).all()
    assert len(names) == 2
    assert all(len(name) == 64 and set(name) <= set("0123456789abcdef") for name in names)


async def test_two_servers_on_one_database_are_one_door(make_yard: Callable[..., Awaitable[Yard]]) -> None:
    one, other = await make_yard(), await make_yard()
    await one.add_user("Ada")
    async with one.client() as here, other.client() as there:
        codes = [(await sign_in(client, password="wrong")).status_code for client in (here, there) * 4]
        assert codes == [401] * 5 + [429] * 3
        assert (await sign_in(there)).status_code == 429
        one.clock.move(16)
        await signed_in(there, password=PASSWORD)
        # And what is forgotten is forgotten in both.
        assert (await sign_in(here, password="wrong")).status_code == 401
