import re
import threading

import pytest

from runyard import ids


def test_the_form() -> None:
    assert re.fullmatch(r"run_[0-9a-hjkmnp-tv-z]{26}", ids.new("run"))
    assert len(ids.new("run")) <= 32


def test_ids_sort_in_the_order_in_which_they_were_made() -> None:
    made = [ids.new("x") for _ in range(5000)]
    assert made == sorted(set(made))


def test_they_do_though_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([2_000_000_000.0, 2_000_000_000.0, 1_000_000_000.0, 2_000_000_001.0])
    monkeypatch.setattr(ids, "_last", 0)
    monkeypatch.setattr("runyard.ids.time.time", lambda: next(times))
    made = [ids.new("x") for _ in range(4)]
    assert made == sorted(set(made))


def test_threads_share_one_order() -> None:
    found: list[list[str]] = [[] for _ in range(4)]

    def make(mine: list[str]) -> None:
        mine += [ids.new("x") for _ in range(500)]

    threads = [threading.Thread(target=make, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in found)
    assert len({one for mine in found for one in mine}) == 2000


def test_later_ids_are_greater_across_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ids.new("x")
    monkeypatch.setattr(ids, "_last", 0)
    monkeypatch.setattr("runyard.ids.time.time", lambda: 4_000_000_000.0)
    assert ids.new("x") > first
