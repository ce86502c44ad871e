from fastapi.routing import APIRoute, iter_route_contexts

from runyard.access.guards import GUARDS
from runyard.access.open_routes import OPEN_ROUTES
from runyard.access.permissions import Actor, Permission
from runyard.web.throttle import SIGNING_IN, WEBHOOKS

from .yard import Yard


def test_every_route_of_access_and_projects_has_a_guard_or_a_reason(yard: Yard) -> None:
    found: dict[tuple[str, str], Permission | None] = {}
    for route in iter_route_contexts(yard.app.routes):
        if isinstance(route.original_route, APIRoute):
            guards = [GUARDS[d.call] for d in route.dependant.dependencies if d.call in GUARDS]
            for method in route.methods or ():
                found[method, str(route.path)] = guards[0] if guards else None
    open_ = {place for place, permission in found.items() if permission is None}
    assert open_ == {place for place in OPEN_ROUTES if place in found}
    assert found["GET", "/api/v1/me"] == Permission.self_read


def test_every_reason_is_a_sentence() -> None:
    assert all(reason.endswith(".") and len(reason) > 20 for reason in OPEN_ROUTES.values())
    assert Actor.__doc__


def test_who_is_not_known_yet_is_counted_by_address() -> None:
    """Open routes that do something fall under a limit, but for those that only read what is the same for all."""
    free = {path for method, path in OPEN_ROUTES if method in {"GET", "HEAD"} and "/auth/" not in path}
    assert all(path in free or path.startswith((*SIGNING_IN, *WEBHOOKS)) for _, path in OPEN_ROUTES)
