"""What the routes of connections take and give."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from runyard.connections.shapes import Settings
from runyard.secrets.schemas import Body, Description, EntryBody, Id, LastUse, Placed


class NewConnection(Placed):
    """A connection; the secrets in its settings are never answered."""

    settings: Settings


class ConnectionChange(Body):
    """What is to be different. In `settings`, secrets that are left out stay, and empty ones are removed.

    Where the connection leads elsewhere than before, its secrets have to be given again.
    """

    description: Description | None = None
    settings: Settings | None = None


class ConnectionTry(Body):
    """Settings to be tested before they are kept; of a connection that is kept already, secrets may be left out."""

    settings: Settings
    project: Annotated[str, StringConstraints(max_length=64)] = "default"
    connection_id: Id | None = None


class Seen(BaseModel):
    """What a test saw; what the other end said is told to those only who may see where the connection leads."""

    ok: bool
    code: str = Field(
        description="ok, failed, timed_out, address_refused, driver_missing, host_key_unknown, host_key_differs."
    )
    said: str = Field(description="Why it failed, in the words of the other end; secrets are masked.")
    server: str
    details: dict[str, str]
    took_ms: float | None


class Check(Seen):
    """The latest test of a connection that is kept; `version` is the one that was tested."""

    at: datetime
    version: int


class ConnectionBody(EntryBody):
    """A connection without its secrets; `settings` is null for those who may use it, and no more."""

    kind: str
    settings: dict[str, Any] | None
    secrets_set: list[str] | None = Field(description="Which secrets it has.")
    last_used: LastUse | None
    check: Check | None


class KindBody(BaseModel):
    """One kind of connection: the JSON Schema of its settings serves forms and other programs."""

    kind: str
    schema_: dict[str, Any] = Field(alias="schema", serialization_alias="schema")
    leads_to: list[str] = Field(description="With another one of these, secrets have to be given again.")
    available: bool = Field(description="Whether the server can test it.")
    extra: str = Field(description="What has to be installed for that: runyard[extra].")
    tried: bool = Field(description="Whether the project's tests try it against a real server.")


class Kinds(BaseModel):
    """All kinds of connections."""

    items: list[KindBody]
