"""The typed permission on every route's signature."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Depends, FastAPI
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from runyard.access.compulsion import SecondFactorRequired
from runyard.access.permissions import Actor, Permission
from runyard.access.service import AccessService
from runyard.audit import origin
from runyard.errors import Forbidden, Unauthenticated
from runyard.web.throttle import METER, Meter

Guard = Callable[[HTTPConnection], Coroutine[Any, Any, Actor]]

STAND_IN = "runyard.stand_in"
"""Where a request that Runyard itself sends again, once a second person has agreed to it, names whose it is.

It stands in the scope, where nothing from outside comes."""
GUARDS: dict[Guard, Permission] = {}
"""Every guard made, so that tests can ask which permission a route demands."""


BEFORE_SECOND_FACTOR: set[Guard] = set()
"""The guards that let those through who have to set a second factor up first: what that takes, and nothing else."""


def allow(permission: Permission, *, before_second_factor: bool = False) -> Any:
    """Return the dependency that yields the `Actor` if they hold `permission` in at least one project.

    Which project counts is decided by the service, through ``actor.project`` or ``actor.demand``; also whether a thing
    that the path names is theirs at all, so that a foreign id is as unknown as any other (`Actor.passes`).

    Raises: Unauthenticated (401) without a valid token; Forbidden (403) without the permission; SecondFactorRequired
    (403) for who has to set a second factor up first, unless that is what the route is for.
    """

    async def guard(connection: HTTPConnection) -> Actor:
        actor = await authenticate(connection)
        origin.enter(connection, actor)
        if actor.owes_second_factor and not before_second_factor:
            raise SecondFactorRequired
        if not actor.passes(permission, names_something=bool(connection.path_params)):
            raise Forbidden
        return actor

    GUARDS[guard] = permission
    if before_second_factor:
        BEFORE_SECOND_FACTOR.add(guard)
    return Depends(guard)


async def authenticate(connection: HTTPConnection) -> Actor:
    """Return who holds the bearer token of this request; raise `Unauthenticated`."""
    if STAND_IN in connection.scope:
        present: Actor = connection.scope[STAND_IN]
        return present
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    access: AccessService = connection.app.state.provided[AccessService]
    actor = await access.actor_of(token)
    meter: Meter | None = connection.scope.get(METER)
    if meter is not None:
        await meter.charge_actor(actor.user_id, actor.token_id)
    return actor


def acquainted(app: FastAPI) -> Callable[[Scope], Coroutine[Any, Any, bool]]:
    """Return what tells whether a request comes with a valid token; asked before much is taken in from somebody."""

    async def known(scope: Scope) -> bool:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        access: AccessService = app.state.provided[AccessService]
        try:
            await access.actor_of(token if scheme.lower() == "bearer" else "")
        except Unauthenticated:
            return False
        return True

    return known


async def authenticate_token(access: AccessService, token: str) -> Actor:
    """Return who holds a token that came some other way than in a header (a socket's first message)."""
    return await access.actor_of(token)
