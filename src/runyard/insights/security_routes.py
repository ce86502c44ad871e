"""What guards the installation, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.access.service import AccessService
from runyard.insights.security import SecurityBody, facts
from runyard.settings import Settings
from runyard.web.addresses import address_of
from runyard.web.depends import provided

router = APIRouter(tags=["system"])


@router.get("/security", operation_id="read_security")
async def read_security(
    actor: Annotated[Actor, allow(Permission.system_manage)],
    request: Request,
    settings: Annotated[Settings, Depends(provided(Settings))],
    access: Annotated[AccessService, Depends(provided(AccessService))],
) -> SecurityBody:
    """Return what guards the installation, as it is in force; for administrators. Secrets are not among it."""
    del actor
    return SecurityBody(
        file=str(settings.data / "runyard.toml"),
        address=address_of(request),
        https=request.url.scheme == "https",
        items=facts(settings, local_login=access.local_login.is_on()),
    )
