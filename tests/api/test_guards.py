"""Every route is guarded by a permission, or stands in the table of open ones with its reason."""

from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

from runyard.access.guards import GUARDS
from runyard.access.open_routes import OPEN_ROUTES, OPEN_SOCKETS
from runyard.access.permissions import Permission
from runyard.api.app import make_app

APP = make_app(None)


def places() -> dict[tuple[str, str], list[Permission]]:
    """Every (method, path) and the permissions that its signature demands."""
    found: dict[tuple[str, str], list[Permission]] = {}
    for route in iter_route_contexts(APP.routes):
        if isinstance(route.original_route, APIRoute):
            guards = [GUARDS[d.call] for d in route.dependant.dependencies if d.call in GUARDS]
            for method in route.methods or ():
                found[method, str(route.path)] = guards
    return found


def others() -> list[BaseRoute]:
    return [
        route.original_route
        for route in iter_route_contexts(APP.routes)
        if not isinstance(route.original_route, APIRoute)
    ]


def test_the_walk_sees_the_whole_application() -> None:
    found = places()
    assert len(found) > 40
    assert found["POST", "/api/v1/scripts/{script_id}/runs"] == [Permission.run_submit]
    assert found["POST", "/api/v1/runs/{run_id}/cancel"] == [Permission.run_cancel]
    assert found["GET", "/api/v1/system"] == [Permission.system_read]


def test_every_route_has_one_guard_or_a_reason() -> None:
    open_ = {place for place, guards in places().items() if not guards}
    assert open_ <= set(OPEN_ROUTES)
    assert all(len(guards) <= 1 for guards in places().values())
    # what the table opens and what is guarded do not overlap
    assert {place for place in OPEN_ROUTES if places().get(place)} == set()


# What is asked for there is said in a body; nothing is changed by it.
ASKS = {("POST", "/api/v1/triggers/preview")}


def test_no_reading_permission_lets_anybody_change_something() -> None:
    for (method, path), guards in places().items():
        if guards and method != "GET" and (method, path) not in ASKS:
            assert not guards[0].value.endswith(":read"), (method, path)


def test_what_is_no_route_of_requests_is_a_socket_of_the_table() -> None:
    for route in others():
        assert "WebSocket" in type(route).__name__, route
        path = str(getattr(route, "path", ""))
        assert path.removeprefix("/api/v1") in {place.removeprefix("/api/v1") for place in OPEN_SOCKETS}
    assert others()
