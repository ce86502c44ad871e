from pathlib import Path

import pytest

from runyard.live.bus import Bus, LocalBus
from runyard.live.peers import PeerBus, opened

from .conformance import BusConformance


class TestLocalBus(BusConformance):
    @pytest.fixture
    def ends(self) -> tuple[Bus, Bus]:
        bus = LocalBus()
        return bus, bus


async def test_starting_and_closing_do_nothing() -> None:
    bus = LocalBus()
    await bus.start()
    await bus.close()


def test_a_process_alone_needs_no_peers(tmp_path: Path) -> None:
    assert isinstance(opened(tmp_path, alone=True), LocalBus)
    assert isinstance(opened(tmp_path, alone=False), PeerBus)


def test_missed_reaches_each_listener_once() -> None:
    bus = LocalBus()
    with bus.subscribe("a", "b*") as news:
        bus.miss()
        assert news.missed
        assert [message["type"] for _topic, message in news.pending()] == ["missed"]


def test_nothing_is_kept_of_those_who_left() -> None:
    bus = LocalBus()
    with bus.subscribe("a", "b*"):
        pass
    assert not bus._exact
    assert not bus._prefix
