"""Routes that are loaded once the server answers: most of what a start would load is asked for later, or never."""

import asyncio
from collections.abc import Callable, Sequence

from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, Router
from starlette.types import Receive, Scope, Send

Load = Callable[[], Sequence[BaseRoute]]


class LateRoutes(BaseRoute):
    """Stands below `prefix` for routes that are not here yet; who asks for one waits for them.

    Whatever stands before it in `router` answers meanwhile. Once loaded, the routes take its place.
    """

    def __init__(self, prefix: str, router: Router, load: Load) -> None:
        self._prefix = prefix
        self._router = router
        self._load = load
        self._loading: asyncio.Task[None] | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this is, for all that is known yet, one of ours."""
        ours = scope["type"] in {"http", "websocket"} and scope["path"].startswith(self._prefix)
        return (Match.FULL if ours else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: str) -> URLPath:
        """Know no names: nobody asks before the routes are here."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the routes do, once they are here."""
        await self.settle()
        await self._router(scope, receive, send)

    async def settle(self) -> None:
        """Have the routes loaded, beside what is being answered."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._settle())
        await asyncio.shield(self._loading)

    async def _settle(self) -> None:
        routes = await asyncio.to_thread(self._load)
        self.replace(routes)

    def replace(self, routes: Sequence[BaseRoute]) -> None:
        """Put the routes where this one stands."""
        here = self._router.routes.index(self)
        self._router.routes[here : here + 1] = routes
