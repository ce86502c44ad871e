"""Jobs as a file carries them from one project to another: everything by its name, nothing secret. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import Field, ValidationError

from runyard.errors import FieldError
from runyard.jobs.calendar_schemas import Windows
from runyard.jobs.importing import LONGEST_TEXT, MOST_IMPORTED, UnreadableSchedules, yaml_of
from runyard.jobs.plans import JobSettings
from runyard.jobs.schemas import Labels, SetName
from runyard.jobs.specs import MOST_TRIGGERS, Zone
from runyard.jobs.words.triggers import of_cron, of_date, of_interval
from runyard.scripts.schemas import Body, Description, Name

FORMAT = "runyard-jobs"
VERSION = 1
MOST_SHOWN = 5
_SAID = {
    "webhook": ("When it is called", "被调用时"),
    "after": ("After {}", "在 {} 之后"),
    "file": ("When a file arrives", "有文件到达时"),
}


class PortableTarget(Body):
    """What a job runs, by its name."""

    kind: Literal["script"] = "script"
    name: Name


class PortableCalendar(Body):
    """A blackout calendar that jobs of the file name."""

    name: Name
    timezone: Zone = "UTC"
    windows: Windows = Field(default_factory=list)


class PortableJob(Body):
    """A job. Calendars of its settings and jobs that it runs after are named; `omitted` are its passwords."""

    name: Name
    target: PortableTarget
    description: Description = ""
    enabled: bool = True
    parameters: dict[str, Any] = Field(default_factory=dict)
    parameter_set: SetName | None = None
    omitted: list[str] = Field(default_factory=list)
    labels: Labels = Field(default_factory=dict)
    settings: JobSettings = JobSettings()
    triggers: Annotated[list[dict[str, Any]], Field(max_length=MOST_TRIGGERS)] = Field(default_factory=list)

    @property
    def sources(self) -> list[str]:
        """The names of the jobs that it runs after."""
        return [str(one.get("job")) for one in self.triggers if one.get("type") == "after"]


class JobFile(Body):
    """Jobs of a project, and the blackout calendars that they name."""

    format: Literal["runyard-jobs"]
    version: Literal[1]
    project: str = ""
    blackouts: list[PortableCalendar] = Field(default_factory=list)
    jobs: Annotated[list[PortableJob], Field(max_length=MOST_IMPORTED)] = Field(default_factory=list)


class Wanting(Struct, frozen=True):
    """A job that can't be taken over as things are, and why."""

    index: int
    why: str


def read(text: str) -> JobFile:
    """Return what a file holds, YAML or JSON; raise `UnreadableSchedules`."""
    try:
        found: Any = json.loads(text) if text.lstrip().startswith("{") else yaml_of(text, "file", LONGEST_TEXT)
    except (ValueError, RecursionError) as error:
        raise unreadable(f"It is not JSON: {str(error)[:300]}.") from error
    try:
        file = JobFile.model_validate(found)
    except ValidationError as error:
        raise unreadable(said(error)) from error
    for what, names in (("jobs", [job.name for job in file.jobs]), ("blackouts", [one.name for one in file.blackouts])):
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise unreadable(f"Two of its {what} are called {twice}.")
    return file


def written(document: Mapping[str, Any], shape: Literal["yaml", "json"]) -> str:
    """Return a file's text."""
    if shape == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    # Few exports are ever made.
    import yaml

    # Through JSON, so that what stands twice in memory is written twice, and no alias refers to it.
    plain = json.loads(json.dumps(document))
    return str(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=120))


def in_order(
    jobs: Mapping[int, PortableJob], there: frozenset[str], lacking: Mapping[int, str]
) -> tuple[list[int], list[Wanting]]:
    """Return the numbers of jobs so that each comes after those that it runs after, and those that can't be taken.

    `there` are the names of the project's own jobs, `lacking` says of some why they can't be taken anyway.
    """
    wanting = [Wanting(index, why) for index, why in lacking.items()]
    left = {index: job for index, job in jobs.items() if index not in lacking}
    order: list[int] = []
    while left:
        coming = {job.name for job in left.values()}
        ready = [index for index, job in left.items() if not coming.intersection(job.sources)]
        if not ready:
            wanting += [Wanting(index, "It would run after itself, or after one that does.") for index in left]
            break
        had = there | {jobs[index].name for index in order}
        for index in ready:
            job = left.pop(index)
            missing = next((name for name in job.sources if name not in had), None)
            if missing is None:
                order.append(index)
            else:
                sentence = f"It runs after {missing}, which the project does not have and this import does not make."
                wanting.append(Wanting(index, sentence))
    return order, sorted(wanting, key=lambda one: one.index)


def remarks(job: PortableJob) -> list[str]:
    """Return what of a job no file carries."""
    found = [
        f"The password {key} is not in the file; write it under parameters to have it taken over"
        for key in job.omitted
        if key not in job.parameters
    ]
    if any(one.get("type") == "webhook" for one in job.triggers):
        found.append("Its webhooks get addresses and secrets of their own")
    return found


def words(triggers: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return in both languages when a job runs, by its triggers as they were found sound."""
    told = [_words(one) for one in triggers[:MOST_SHOWN]]
    more = len(triggers) - MOST_SHOWN
    told += [(f"{more} more", f"另有 {more} 个")] if more > 0 else []
    return "; ".join(one[0] for one in told), "；".join(one[1] for one in told)  # noqa: RUF001 - Chinese


def said(error: ValidationError) -> str:
    """Return what is wrong first, and where."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def unreadable(sentence: str) -> UnreadableSchedules:
    """Return the refusal of a file."""
    return UnreadableSchedules(sentence, fields=[FieldError("text", sentence, UnreadableSchedules.code)])


def _words(spec: Mapping[str, Any]) -> tuple[str, str]:
    if spec["type"] == "cron":
        return of_cron(spec["cron"])
    if spec["type"] == "interval":
        return of_interval(spec["every_s"])
    if spec["type"] == "date":
        return of_date(spec["at"])
    english, chinese = _SAID[spec["type"]]
    return english.format(spec.get("job")), chinese.format(spec.get("job"))
