import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runyard.live import peers
from runyard.live.bus import Bus
from runyard.live.peers import PeerBus

from .conformance import BusConformance

ECHO = """
import asyncio, sys
from pathlib import Path
from runyard.live.peers import PeerBus

async def main():
    bus = PeerBus(Path(sys.argv[1]))
    await bus.start()
    with bus.subscribe("ask") as asked:
        bus.publish("answer", {"type": "ready"})
        async for _topic, message in asked:
            bus.publish("answer", {"type": "echo", "of": message})
            if message["type"] == "end":
                break
    await bus.close()

asyncio.run(main())
"""


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory whose path is longer than a socket's address may be."""
    return tmp_path / ("long" * 40) / "live"


class TestPeerBus(BusConformance):
    @pytest.fixture
    async def ends(self, folder: Path) -> AsyncIterator[tuple[Bus, Bus]]:
        here, there = PeerBus(folder), PeerBus(folder)
        await here.start()
        await there.start()
        # the first has heard of the second once a message has come all the way
        with here.subscribe("greeting") as news:
            there.publish("greeting", {"type": "x"})
            await news.get()
        assert here._peers == {there._name}
        yield here, there
        await there.close()
        await here.close()
        assert names(folder) == []


async def test_a_message_goes_to_another_process_and_back(folder: Path) -> None:
    bus = PeerBus(folder)
    await bus.start()
    with bus.subscribe("answer") as answers:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", ECHO, str(folder))
        assert (await answers.get())[1] == {"type": "ready"}
        for n in range(5):
            bus.publish("ask", {"type": "x", "n": n})
        bus.publish("ask", {"type": "end"})
        heard = [(await answers.get())[1]["of"] for _ in range(6)]
        assert heard == [*({"type": "x", "n": n} for n in range(5)), {"type": "end"}]
    assert await process.wait() == 0
    await bus.close()


async def test_peers_that_died_are_swept_away(folder: Path) -> None:
    bus = PeerBus(folder)
    await bus.start()
    with bus.subscribe("answer") as answers:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", ECHO, str(folder))
        await answers.get()
        process.kill()
        await process.wait()
        assert len(names(folder)) == 2
        bus.publish("ask", {"type": "x"})
    assert names(folder) == [bus._name]
    assert bus._peers == set()
    await bus.close()


async def test_a_socket_that_was_removed_is_forgotten(folder: Path) -> None:
    here, there = PeerBus(folder), PeerBus(folder)
    await there.start()
    await here.start()
    (folder / there._name).unlink()
    here.publish("a", {"type": "x"})
    assert here._peers == set()
    await here.close()
    await there.close()


async def test_one_that_comes_later_is_found_by_looking(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "_SCAN_S", 0.01)
    monkeypatch.setattr(PeerBus, "_announce", lambda _self: None)
    here, there = PeerBus(folder), PeerBus(folder)
    await here.start()
    await there.start()
    with there.subscribe("a") as news:
        while not news.pending():
            here.publish("a", {"type": "x"})
            await asyncio.sleep(0.01)
    await here.close()
    await there.close()


async def test_one_that_does_not_read_is_told_that_it_missed_something(folder: Path) -> None:
    here, there = PeerBus(folder), PeerBus(folder)
    await there.start()
    await here.start()
    with there.subscribe("a") as news:
        # nothing is read while the loop has no turn, and no kernel holds that much
        for n in range(5000):
            here.publish("a", {"type": "x", "n": n, "pad": "x" * 1000})
        assert here._slow == {there._name}
        heard = []
        while (message := (await news.get())[1])["type"] != "missed":
            heard.append(message["n"])
        assert heard == list(range(len(heard)))
        assert news.missed
        assert here._slow == set()
        here.publish("a", {"type": "x", "n": -1})
        assert (await news.get())[1]["n"] == -1
    await here.close()
    await there.close()


async def test_before_others_are_heard_again_they_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "_TELL_S", 3600)
    here, there = PeerBus(folder), PeerBus(folder)
    await there.start()
    await here.start()
    with there.subscribe("a") as news:
        for n in range(5000):
            here.publish("a", {"type": "x", "n": n, "pad": "x" * 1000})
        await news.get()
        news.pending()
        here.publish("a", {"type": "last"})
        kinds = []
        while "last" not in kinds:
            kinds.append((await news.get())[1]["type"])
        assert kinds[-2:] == ["missed", "last"]
    await here.close()
    await there.close()


async def test_what_is_no_message_is_left_alone(folder: Path) -> None:
    bus = PeerBus(folder)
    await bus.start()
    with bus.subscribe("*") as news, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        address = bus._address(bus._name)
        for junk in (b"", b"\xff", b"5", b"[1]", b'["a", 5]', b'["a", {}]', b'["a","b","c"]', b'[["a"], 1]'):
            stranger.sendto(junk, address)
            await asyncio.sleep(0)
        stranger.sendto(json.dumps(["a", {"type": "x"}]).encode(), address)
        assert (await news.get())[1] == {"type": "x"}
        assert news.pending() == []
    await bus.close()


async def test_a_message_too_large_for_the_way_stays_here(folder: Path) -> None:
    here, there = PeerBus(folder), PeerBus(folder)
    await there.start()
    await here.start()
    with here.subscribe("a") as own, there.subscribe("a") as news:
        here.publish("a", {"type": "big", "text": "x" * 70_000})
        here.publish("a", {"type": "small"})
        assert (await news.get())[1]["type"] == "small"
        assert [m["type"] for _topic, m in own.pending()] == ["big", "small"]
    await here.close()
    await there.close()


async def test_one_that_was_never_started_speaks_to_itself(folder: Path) -> None:
    bus = PeerBus(folder)
    with bus.subscribe("a") as news:
        bus.publish("a", {"type": "x"})
        assert len(news.pending()) == 1
    await bus.close()


async def test_without_proc_the_plain_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = pytest.MonkeyPatch()
    elsewhere.setattr(Path, "exists", lambda _self: False)
    bus = PeerBus(Path("live"))
    await bus.start()
    assert bus._address("x") == "live/x"
    assert names(Path("live")) == [bus._name]
    elsewhere.undo()
    await bus.close()
