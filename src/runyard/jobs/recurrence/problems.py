"""What is refused of a recurrence; each says which part of it, what it saw there, and why that can't be."""

from runyard.errors import Invalid


class CronMalformed(Invalid):
    """The cron expression can't be read."""

    def __init__(self, part: str, saw: str, why: str) -> None:
        self.part, self.saw, self.why = part, saw, why
        super().__init__(f'{part}: "{saw}" {why}')


class CronNeverDue(CronMalformed):
    """The cron expression names dates that never come."""


class ZoneUnknown(Invalid):
    """No time zone has that name."""


class IntervalMalformed(Invalid):
    """The interval can't be kept."""
