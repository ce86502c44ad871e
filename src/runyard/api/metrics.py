"""Figures for Prometheus: open to this machine itself, with a token to all others."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import __version__
from runyard.access.guards import authenticate
from runyard.access.permissions import Actor, Permission
from runyard.errors import Forbidden
from runyard.runs import queue
from runyard.runs.lifecycle import State
from runyard.web.addresses import address_of, came_by_proxy, is_loopback
from runyard.web.depends import Reading
from runyard.workers import repository as workers

router = APIRouter(include_in_schema=False)

LIVE = (State.queued, State.starting, State.running)


async def _local_or_allowed(request: Request) -> Actor | None:
    """Let loopback in as nobody; whoever comes through a proxy is not from here, wherever the proxy stands."""
    if is_loopback(address_of(request)) and not came_by_proxy(request.scope):
        return None
    actor = await authenticate(request)
    if not actor.may(Permission.system_read):
        raise Forbidden
    return actor


@router.get("/metrics")
async def metrics(session: Reading, actor: Annotated[Actor | None, Depends(_local_or_allowed)]) -> Response:
    """Return the present figures in Prometheus' text format; of runs, those of the asker's projects."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
    from prometheus_client.registry import Collector

    projects = None if actor is None or actor.is_admin else actor.projects(Permission.run_read)
    families = await _families(session, projects)

    class Figures(Collector):
        def collect(self) -> Iterator[object]:  # type: ignore[override]
            return iter(families)

    registry = CollectorRegistry()
    registry.register(Figures())
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _families(session: AsyncSession, projects: Sequence[str] | None) -> list[object]:
    from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

    live = GaugeMetricFamily("runyard_runs_live", "Runs that are not over yet, by state.", labels=["state"])
    for state, count in (await queue.counts(session, LIVE, projects)).items():
        live.add_metric([state.value], count)
    busy = await queue.held(session)
    return [
        InfoMetricFamily("runyard_build", "What runs here.", {"version": __version__}),
        live,
        GaugeMetricFamily(
            "runyard_slots", "Places for runs on workers that are online.", await workers.online_slots(session)
        ),
        GaugeMetricFamily("runyard_slots_in_use", "Places that are taken.", sum(busy.values())),
    ]
