"""What a submit may ask for beyond what its script says: within the script's limits and the project's bounds. Pure."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from runyard.errors import FieldError
from runyard.runs.errors import BadSubmit
from runyard.scripts.policy import Policy, Priority, Queue, ResourceLimits

LIMITS = tuple(ResourceLimits.model_fields)


class Bounds(BaseModel):
    """What a project lets its submits ask for; null leaves it open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_s: Annotated[float | None, Field(gt=0, le=31 * 86_400, allow_inf_nan=False, description="At most.")] = None
    priority: Annotated[Priority | None, Field(description="At most.")] = None
    queues: Annotated[tuple[Queue, ...] | None, Field(max_length=100, description="Only these.")] = None
    limits: ResourceLimits = ResourceLimits()


class Wishes(Struct, frozen=True):
    """What a submit asks for; None leaves it to the script."""

    timeout_s: float | None = None
    priority: int | None = None
    queue: str | None = None
    limits: ResourceLimits | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return self.timeout_s is None and self.priority is None and self.queue is None and self.limits is None


def demand(wishes: Wishes, policy: Policy, bounds: Bounds) -> None:
    """Raise `BadSubmit`, naming every field, when more is asked for than may be."""
    fields = list(_excess(wishes, policy, bounds))
    if fields:
        raise BadSubmit(fields[0].message if len(fields) == 1 else None, fields=fields)


def _excess(wishes: Wishes, policy: Policy, bounds: Bounds) -> Iterator[FieldError]:
    if wishes.timeout_s is not None and bounds.timeout_s is not None and wishes.timeout_s > bounds.timeout_s:
        yield FieldError("timeout_s", f"The project allows at most {bounds.timeout_s:g} s.", "out_of_bounds")
    if wishes.priority is not None and bounds.priority is not None:
        most = max(bounds.priority, policy.priority)
        if wishes.priority > most:
            yield FieldError("priority", f"The project allows at most {most}.", "out_of_bounds")
    allowed = wishes.queue in (None, policy.queue) or bounds.queues is None or wishes.queue in bounds.queues
    if not allowed:
        known = ", ".join(bounds.queues or ()) or "none"
        yield FieldError("queue", f"The project allows these queues: {known}.", "out_of_bounds")
    if wishes.limits is None:
        return
    for name in LIMITS:
        wished = getattr(wishes.limits, name)
        for most, who in ((getattr(policy.limits, name), "script"), (getattr(bounds.limits, name), "project")):
            if wished is not None and most is not None and wished > most:
                yield FieldError(f"limits.{name}", f"The {who} allows at most {most:g}.", "out_of_bounds")
                break


def effective(policy: ResourceLimits, wished: ResourceLimits | None, bounds: ResourceLimits) -> ResourceLimits:
    """Return what holds for a run: what was asked for, else what the script says, and never more than the project's."""
    found = {}
    for name in LIMITS:
        value = getattr(wished, name) if wished is not None and getattr(wished, name) is not None else None
        value = getattr(policy, name) if value is None else value
        most = getattr(bounds, name)
        found[name] = most if value is None or (most is not None and value > most) else value
    return ResourceLimits(**found)


def within(wishes: Wishes, policy: Policy, bounds: Bounds, timeout_s: float | None) -> Wishes:
    """Return wishes with what the script says itself cut down to the project's bounds."""
    limits = effective(policy.limits, wishes.limits, bounds.limits)
    timeout_s = wishes.timeout_s or timeout_s
    if bounds.timeout_s is not None:
        timeout_s = bounds.timeout_s if timeout_s is None else min(timeout_s, bounds.timeout_s)
    return replace(wishes, timeout_s=timeout_s, limits=limits if limits != policy.limits else wishes.limits)
