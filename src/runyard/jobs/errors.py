"""What can be wrong with jobs, their triggers and their calendars."""

from runyard.errors import Conflict, Invalid, Missing


class NoSuchJob(Missing):
    """There is no such job."""


class NoSuchTrigger(Missing):
    """There is no such trigger."""


class NoSuchCalendar(Missing):
    """There is no such blackout calendar."""


class InvalidJob(Invalid):
    """The job is not valid."""


class InvalidCalendar(Invalid):
    """The blackout calendar is not valid."""


class ProjectArchived(Conflict):
    """The job's project is archived."""


class JobTaken(Conflict):
    """Another job of this project has that name."""


class CalendarTaken(Conflict):
    """Another blackout calendar of this project has that name."""


class JobChanged(Conflict):
    """The job was changed in the meantime: you were working on an older revision."""


class CalendarChanged(Conflict):
    """The blackout calendar was changed in the meantime: you were working on an older revision."""


class CalendarInUse(Conflict):
    """Jobs use this blackout calendar."""
