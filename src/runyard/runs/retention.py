"""How long runs are kept: a pure decision over ages, counts and sizes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from runyard import ids

MiB = 1024 * 1024


class Retention(BaseModel):
    """What a project keeps of its runs; null keeps without end. What any of the three gives up is removed.

    Runs that are not over, and those on the keep-list, stay whatever the rules say, and count.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_age_days: Annotated[float | None, Field(gt=0, le=36_500, allow_inf_nan=False)] = None
    max_runs: Annotated[int | None, Field(strict=True, ge=1, le=100_000_000)] = None
    max_size_mb: Annotated[int | None, Field(strict=True, ge=1, le=2**40)] = None
    archive: bool = Field(False, description="Write runs to a file before they are removed.")

    @property
    def keeps_all(self) -> bool:
        """Whether nothing is ever removed."""
        return self.max_age_days is None and self.max_runs is None and self.max_size_mb is None


def horizon(rule: Retention, now: datetime, nth: str | None = None, heaviest: str | None = None) -> str | None:
    """Return the id below which a project's runs are given up, or None while all are kept.

    `nth` is the oldest run that the count lets stay, `heaviest` the oldest that the size does; None where there are not
    as many. Ids sort by time, so the strictest of the three rules is the highest id.
    """
    cuts = [nth if rule.max_runs is not None else None, heaviest if rule.max_size_mb is not None else None]
    if rule.max_age_days is not None:
        cuts.append(ids.floor("run", now - timedelta(days=rule.max_age_days)))
    return max((cut for cut in cuts if cut is not None), default=None)


def oldest_within(sizes: Iterable[tuple[str, int]], most_bytes: int) -> str | None:
    """Return the oldest of (id, bytes), newest first, up to which all fit together; None when they all do.

    The newest run stays, however large it is.
    """
    total, kept = 0, None
    for run_id, size in sizes:
        total += size
        if total > most_bytes:
            return kept or run_id
        kept = run_id
    return None
