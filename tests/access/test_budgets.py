"""Budgets are the installation's: processes share them, and time alone fills them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from runyard import clock
from runyard.access.budgets import Budgets
from runyard.access.models import Guess
from runyard.db.session import Database
from runyard.secrets.keys import MasterKey
from runyard.web.buckets import Rate
from runyard.web.throttle import TooManyRequests

KEY = MasterKey(b"k" * 32)
HERE, ALL = ("here", "10.0.0.1"), ("all",)
RATES = {HERE: Rate(2, 3600), ALL: Rate(3, 3600)}
ELSEWHERE = {("here", "10.0.0.2"): Rate(2, 3600), ALL: Rate(3, 3600)}


async def test_processes_spend_one_budget(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at)
    await Budgets(database, KEY).spend(RATES)
    await Budgets(database, KEY).spend(RATES)
    with pytest.raises(TooManyRequests) as refused:
        await Budgets(database, KEY).spend(RATES)
    assert refused.value.retry_after_s == 1800
    # Who was refused has spent nothing of what there is for all.
    await Budgets(database, KEY).spend(ELSEWHERE)
    with pytest.raises(TooManyRequests):
        await Budgets(database, KEY).spend(ELSEWHERE)
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(seconds=1800))
    await Budgets(database, KEY).spend(RATES)


async def test_whoever_comes_from_everywhere_fills_no_disk(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runyard.access.guesses.KEPT", 4)
    monkeypatch.setattr("runyard.access.budgets._TRIM_EVERY", 5)
    budgets = Budgets(sqlite, KEY)
    for number in range(10):
        await budgets.spend({("here", f"10.0.0.{number}"): Rate(2, 3600)})
    async with sqlite.read() as session:
        kept = await session.scalar(select(func.count()).select_from(Guess))
    assert kept == 4
