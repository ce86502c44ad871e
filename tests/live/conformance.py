"""What every backend of the live bus must do. A backend's test class inherits this and gives `ends`."""

import asyncio
from typing import Any

from runyard.live.bus import BACKLOG, CLOSING, Bus, Subscription


async def drained(subscription: Subscription, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Wait for `count` messages."""
    return [await subscription.get() for _ in range(count)]


class BusConformance:
    """`ends` is a fixture: the bus that is spoken into and the one that is listened at; they may be the same."""

    async def test_messages_arrive_in_order(self, ends: tuple[Bus, Bus]) -> None:
        here, there = ends
        with there.subscribe("run:1") as news:
            for n in range(8):
                here.publish("run:1", {"type": "log", "last": n})
            assert [m["last"] for _topic, m in await drained(news, 8)] == list(range(8))

    async def test_only_one_s_own_topics(self, ends: tuple[Bus, Bus]) -> None:
        here, there = ends
        with there.subscribe("run:1", "run:3") as news, there.subscribe("run:2") as others:
            for n in (1, 2, 12, 3):
                here.publish(f"run:{n}", {"type": "x", "n": n})
            assert [topic for topic, _m in await drained(news, 2)] == ["run:1", "run:3"]
            assert (await others.get())[1] == {"type": "x", "n": 2}
            assert news.pending() == others.pending() == []

    async def test_a_star_matches_a_prefix(self, ends: tuple[Bus, Bus]) -> None:
        here, there = ends
        with there.subscribe("run:*") as runs, there.subscribe("*") as everything:
            for topic in ("project:1", "run:1", "runs", "run:2"):
                here.publish(topic, {"type": "x"})
            assert [topic for topic, _m in await drained(runs, 2)] == ["run:1", "run:2"]
            assert [topic for topic, _m in await drained(everything, 4)] == ["project:1", "run:1", "runs", "run:2"]

    async def test_those_who_listen_twice_and_those_who_left(self, ends: tuple[Bus, Bus]) -> None:
        here, there = ends
        with there.subscribe("a") as first:
            with there.subscribe("a", "a*") as second:
                here.publish("a", {"type": "x"})
                await first.get()
                await drained(second, 2)
            here.publish("a", {"type": "y"})
            assert (await first.get())[1]["type"] == "y"
            assert second.pending() == []

    async def test_a_slow_reader_loses_the_oldest_and_knows(self, ends: tuple[Bus, Bus]) -> None:
        here, there = ends
        with there.subscribe("a") as slow, there.subscribe("a") as quick:
            for n in range(BACKLOG + 5):
                here.publish("a", {"type": "x", "n": n})
                # whatever lies between the ends, it is read by somebody before more is said
                await quick.get()
            assert not quick.missed
            assert slow.missed
            kept = [m["n"] for _topic, m in slow.pending()]
            assert kept == list(range(5, BACKLOG + 5))

    async def test_nobody_has_to_listen_and_any_json_goes(self, ends: tuple[Bus, Bus]) -> None:
        here, there = ends
        here.publish("nobody", {"type": "x"})
        with there.subscribe("a") as news:
            message = {"type": "x", "deep": [{"a": None, "ä": "\u4e16", "n": 1.5}]}
            here.publish("a", message)
            assert (await news.get()) == ("a", message)

    async def test_iterating(self, ends: tuple[Bus, Bus]) -> None:
        here, there = ends
        with there.subscribe("a") as news:
            here.publish("a", {"type": "x"})
            async for topic, message in news:
                assert (topic, message["type"]) == ("a", "x")
                break

    async def test_a_farewell_reaches_every_listener_of_the_process(self, ends: tuple[Bus, Bus]) -> None:
        here, _there = ends
        with here.subscribe("a") as one, here.subscribe("b*", "c") as other:
            here.farewell()
            assert (await one.get())[1] is CLOSING
            assert (await other.get())[1] is CLOSING
            assert other.pending() == []

    async def test_a_wait_that_is_given_up_loses_nothing(self, ends: tuple[Bus, Bus]) -> None:
        here, there = ends
        with there.subscribe("a") as news:
            waiting = asyncio.create_task(news.get())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
            here.publish("a", {"type": "x"})
            assert (await news.get())[1]["type"] == "x"
