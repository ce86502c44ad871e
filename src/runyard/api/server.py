"""Runs a process of the yard until it is told to stop."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from runyard import log
from runyard.errors import Unavailable
from runyard.locks import demand_free
from runyard.settings import Settings
from runyard.stray_settings import strangers

if TYPE_CHECKING:
    from runyard.api.late import LateRoutes
    from runyard.web.shared_buckets import SharedBuckets
    from runyard.wiring import Ready, Yard

OnReady = Callable[["Ready"], None]
OnStopped = Callable[[int], None]

logger = log.get("server")
LEAVE_S = 2
# Most threads here come back from the disk with next to nothing left to do; Python would have them wait 5 ms for it.
SWITCH_S = 0.0005
BACKLOG = 2048


class AddressTaken(Unavailable):
    """The address can't be listened on."""


def serve(
    settings: Settings,
    roles: frozenset[str] | None = None,
    on_ready: OnReady | None = None,
    on_stopped: OnStopped | None = None,
) -> None:
    """Serve `roles` (None: all) until SIGTERM or SIGINT; runs go on without us, `on_stopped` learns how many.

    Raises: AddressTaken, DataUnusable, AlreadyRunning, SchemaMismatch, DatabaseUnavailable and others of `Problem`.
    """
    terminal = settings.log.format == "terminal" or (settings.log.format == "auto" and sys.stderr.isatty())
    log.configure(level=settings.log.level, json=not terminal)
    for name, meant in strangers(os.environ).items():
        logger.warning("settings.unknown_variable", name=name, meant=meant or None)
    sys.setswitchinterval(SWITCH_S)
    with contextlib.ExitStack() as stack:
        # What is loaded now stays: looking through it for garbage would take a tenth of the start.
        gc.disable()
        stack.callback(gc.enable)
        _build_schemas_later()
        from runyard.wiring import ROLES

        roles = ROLES if roles is None else roles
        # Before the address, which the other process is likely to hold as well.
        demand_free(settings.data / "locks", roles)
        if "api" in roles:
            listening = stack.enter_context(_listen(settings))
            settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        else:
            listening = None
        runner = stack.enter_context(asyncio.Runner(loop_factory=_loop()))
        left = runner.run(_serve(settings, roles, listening, on_ready))
    if on_stopped is not None:
        on_stopped(left)


def _build_schemas_later() -> None:
    """Have the schemas of the API built when they are first needed: all at once they are a sixth of the start."""
    from pydantic import BaseModel
    from pydantic.warnings import UnsupportedFieldAttributeWarning

    BaseModel.model_config["defer_build"] = True
    # FastAPI knows of it and keeps it quiet while it builds; what is built later would say it.
    warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)


async def _serve(
    settings: Settings, roles: frozenset[str], listening: socket.socket | None, on_ready: OnReady | None
) -> int:
    from runyard.wiring import Ready, Yard

    yard = Yard(settings, roles)
    stop = asyncio.Event()
    left = 0
    with _signals(stop):
        # Much of a start is waiting for the disk and for other processes.
        loading = asyncio.ensure_future(asyncio.to_thread(_load_http)) if listening else None
        try:
            first, examples, backup = await yard.start()
            ready = Ready(settings.base_url if listening else "", roles, first, examples, backup)
            yard.locks.tell({"url": ready.url})
            if loading is None or listening is None:
                _announce(ready, on_ready)
                await stop.wait()
            else:
                await loading
                await _serve_http(yard, listening, stop, lambda: _announce(ready, on_ready))
        finally:
            left = await yard.stop()
    return left


def _load_http() -> None:
    """Load what speaks HTTP."""
    for module in ("uvicorn", "runyard.api.app", "runyard.web.security"):
        import_module(module)


def _announce(ready: "Ready", on_ready: OnReady | None) -> None:
    gc.freeze()
    gc.enable()
    logger.info("server.ready", url=ready.url, roles=sorted(ready.roles), pid=os.getpid())
    if on_ready is not None:
        on_ready(ready)


async def _serve_http(yard: "Yard", listening: socket.socket, stop: asyncio.Event, up: Callable[[], None]) -> None:
    import uvicorn

    from runyard.access.guards import acquainted
    from runyard.api.app import begin_app, served
    from runyard.audit.refusals import turned_away
    from runyard.web.connections import bounded

    settings = yard.settings
    (app, late), shared = begin_app(yard), _shared_buckets(settings)
    config = uvicorn.Config(
        served(app, yard, refused=turned_away(yard.audit), known=acquainted(app), taker=shared),
        http=bounded(int(settings.limits.head), settings.limits.silence_s),
        ws="websockets-sansio",
        ws_max_size=65_536,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Whom to believe is decided in one place, web/addresses.py.
        proxy_headers=False,
        timeout_graceful_shutdown=LEAVE_S,
        timeout_keep_alive=30,
    )
    server = _server(config)
    serving = asyncio.create_task(server.serve([listening]))
    stopping = asyncio.create_task(stop.wait())
    while not server.started and not serving.done():
        await asyncio.sleep(0.002)
    if not serving.done():
        up()
        await _whole(late)
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    # Streams end now; the server would wait for them in vain.
    yard.bus.farewell()
    server.should_exit = True
    stopping.cancel()
    await serving
    if shared is not None:
        await shared.close()


def _shared_buckets(settings: Settings) -> "SharedBuckets | None":
    """Return the buckets in Redis where one is set; raise `RedisMissing`."""
    if settings.redis_url is None:
        return None
    from runyard.web.shared_buckets import SharedBuckets

    return SharedBuckets(settings.redis_url.get_secret_value())


async def _whole(late: "LateRoutes") -> None:
    """Load what nobody has asked for yet."""
    gc.disable()
    try:
        await late.settle()
    finally:
        gc.freeze()
        gc.enable()


def _server(config: Any) -> Any:
    """Return a server that leaves signals to us: the roles beside it must be stopped too."""
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(config)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise AddressTaken(
            f"Can't listen on {settings.host}:{settings.port}: {error.strerror}. Choose another one with --port."
        ) from error
    listening.listen(BACKLOG)
    return listening


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
