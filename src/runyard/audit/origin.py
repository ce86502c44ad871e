"""The act that the present request is about: known from the moment its actor is, forgotten with it."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from msgspec import Struct, field
from starlette.requests import HTTPConnection

from runyard.access.permissions import Actor
from runyard.audit.acts import ACTS, UNWRITTEN
from runyard.audit.events import SYSTEM, Target, Who
from runyard.web.addresses import address_of

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
REQUEST_ID = "runyard.request_id"


class Act(Struct):
    """What a request does, as far as its route tells; `told` when a service has told more, or nothing need be told."""

    who: Who
    action: str
    target: Target
    told: bool = False
    changes: dict[str, list[Any]] = field(default_factory=dict)


_act: ContextVar[Act | None] = ContextVar("runyard.act", default=None)


def present() -> Act | None:
    """Return the act of the present request, if it is one."""
    return _act.get()


def enter(connection: HTTPConnection, actor: Actor) -> None:
    """Note who is about to do what; reading is no act."""
    scope = connection.scope
    if scope["type"] != "http" or scope["method"] in _SAFE:
        return
    operation = operation_of(scope.get("route"))
    action = ACTS.get(operation, f"api.{operation}")
    who, target = who_is(connection, actor), _target(action, scope.get("path_params", {}), actor)
    _act.set(Act(who, action, target, told=operation in UNWRITTEN))


def begin(action: str, by: Who = SYSTEM) -> None:
    """Note what is about to be done where there is no request: by a command on the data directory itself."""
    _act.set(Act(by, action, Target(action.partition(".")[0])))


def operation_of(route: Any) -> str:
    """Return what a route's operation is called."""
    return str(getattr(route, "operation_id", None) or getattr(route, "name", ""))


def who_is(connection: HTTPConnection, actor: Actor) -> Who:
    """Return an actor with where they come from."""
    return Who(
        id=actor.user_id,
        name=actor.username,
        session_id=actor.session_id,
        token_id=actor.token_id or "",
        address=address_of(connection),
        user_agent=connection.headers.get("user-agent", ""),
        request_id=str(connection.scope.get(REQUEST_ID, "")),
    )


def _target(action: str, path: Mapping[str, Any], actor: Actor) -> Target:
    kind = action.partition(".")[0]
    id_ = path.get(f"{kind}_id") or path.get(kind) or next((path[name] for name in path if name.endswith("_id")), "")
    place = next((m.project_id for m in actor.memberships if m.name == path.get("project")), None)
    return Target(kind, str(id_), project_id=place)
