"""What projects look like from outside."""

from datetime import datetime

from pydantic import BaseModel

from runyard.access.permissions import Permission


class ProjectBody(BaseModel):
    """A project, and what the asker may do in it."""

    id: str
    name: str
    description: str
    created_at: datetime
    permissions: list[Permission]
