"""Figures for Prometheus."""

import httpx
import pytest

from runyard.web.security import armoured
from tests.engine.yard import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")


def visitor(yard: Running, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(armoured(yard.app, yard.yard.settings), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://yard.test")


async def test_loopback_reads_them(yard: Running) -> None:
    for address in ("127.0.0.1", "::1"):
        async with visitor(yard, address) as client:
            answer = await client.get("/metrics")
            assert answer.status_code == 200
            assert 'runyard_runs_live{state="queued"} 0.0' in answer.text
            assert "runyard_slots 2.0" in answer.text
            assert "runyard_slots_in_use 0.0" in answer.text


@pytest.mark.parametrize("address", ["10.0.0.1", "testclient", ""])
async def test_others_need_a_token(yard: Running, address: str) -> None:
    async with visitor(yard, address) as client:
        assert (await client.get("/metrics")).status_code == 401
        token = {"Authorization": yard.client.headers["Authorization"]}
        assert (await client.get("/metrics", headers=token)).status_code == 200


async def test_whoever_comes_through_a_proxy_is_not_from_here(yard: Running) -> None:
    async with visitor(yard, "127.0.0.1") as client:
        for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP"):
            assert (await client.get("/metrics", headers={name: "127.0.0.1"})).status_code == 401
