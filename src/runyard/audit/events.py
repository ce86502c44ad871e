"""What an audit event says. Pure."""

from enum import StrEnum

from msgspec import Struct, field


class Outcome(StrEnum):
    """Whether an act was done, or asked for in vain."""

    ok = "ok"
    refused = "refused"


class Who(Struct, frozen=True):
    """Who acted, and from where. Nobody's id is empty: a stranger at the door has no name, Runyard itself is `SYSTEM`.

    `token_id` names the API token that they came with, `session_id` the sign-in.
    """

    kind: str = "user"
    id: str = ""
    name: str = ""
    session_id: str = ""
    token_id: str = ""
    address: str = ""
    user_agent: str = ""
    request_id: str = ""


SYSTEM = Who(kind="system", name="runyard")
STRANGER = Who(kind="stranger")


class Target(Struct, frozen=True):
    """What was acted on: ``script``, its id, its name at that time, and the project that it belongs to, if to one."""

    kind: str
    id: str = ""
    name: str = ""
    project_id: str | None = None


class Event(Struct, frozen=True):
    """One act: `changes` as `changed` gives them, `code` the problem for which it was refused."""

    who: Who
    action: str
    target: Target
    changes: dict[str, list[object]] = field(default_factory=dict)
    outcome: Outcome = Outcome.ok
    code: str = ""
