"""Two runs side by side: code, packages, parameters, environment names, duration, memory, output."""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.environments.models import Environment
from runyard.runs import records
from runyard.runs.models import RunAttemptRow, RunInputRow, RunRow
from runyard.runs.newruns import sealed_context
from runyard.scripts.models import ScriptVersion
from runyard.secrets.sealing import Sealer

MOST_CODE = 200_000
MOST_DIFF = 2000
MASK = "***"


class Change(BaseModel):
    """One thing that differs between two runs."""

    what: Literal["code", "packages", "parameters", "environment_names", "settings", "labels", "worker"]
    detail: str


class Parameter(BaseModel):
    """A parameter in both runs; null where a run has none of that name. Hidden values are only told apart."""

    key: str
    a: Any
    b: Any
    same: bool


class Package(BaseModel):
    """A package whose version differs; null where it is not there."""

    name: str
    a: str | None
    b: str | None


class Code(BaseModel):
    """The code of both, and their difference as a unified diff of at most 2,000 lines."""

    same: bool
    a: str
    b: str
    a_version: int | None
    b_version: int | None
    diff: list[str]


class Packages(BaseModel):
    """The locked packages of both."""

    same: bool
    a_environment_id: str | None
    b_environment_id: str | None
    differ: list[Package]


class Names(BaseModel):
    """Names of the environment variables that came from parameters; never their values."""

    both: list[str]
    only_a: list[str]
    only_b: list[str]


class Figure(BaseModel):
    """A figure of both; null where it was not measured."""

    name: Literal["duration_s", "cpu_s", "memory_peak_mb", "output_bytes", "exit_code", "attempt", "waited_s"]
    a: float | None
    b: float | None
    change: float | None = Field(description="b as a multiple of a.")


class Output(BaseModel):
    """What both returned."""

    same: bool
    a: Any
    b: Any
    diff: list[str]


class Setting(BaseModel):
    """Something of how a run is run that differs: its time limit, a limit, its network."""

    name: str
    a: Any
    b: Any


class Comparison(BaseModel):
    """Two runs side by side."""

    a_id: str
    b_id: str
    changed: list[Change]
    code: Code
    packages: Packages
    parameters: list[Parameter]
    environment_names: Names
    settings: list[Setting]
    figures: list[Figure]
    outputs: Output


class Side(Struct, frozen=True):
    """One run with everything that a comparison needs."""

    run: RunRow
    inputs: RunInputRow
    attempt: RunAttemptRow | None
    version: ScriptVersion
    environment: Environment | None
    hidden: Mapping[str, Any]


async def read(session: AsyncSession, sealer: Sealer, run: RunRow) -> Side:
    """Gather one side."""
    inputs = await records.inputs_of(session, run.id)
    version = (await session.execute(select(ScriptVersion).where(ScriptVersion.id == run.version_id))).scalar_one()
    environment = None
    if run.environment_id is not None:
        found = select(Environment).where(Environment.id == run.environment_id)
        environment = (await session.execute(found)).scalar_one_or_none()
    hidden = json.loads(sealer.open(inputs.sealed, sealed_context(run.id))) if inputs.sealed else {}
    return Side(run, inputs, await records.latest_attempt(session, run), version, environment, hidden)


async def changes(session: AsyncSession, sealer: Sealer, a: RunRow, b: RunRow) -> list[Change]:
    """Return what differs between two runs, in short."""
    return compare(await read(session, sealer, a), await read(session, sealer, b)).changed


def compare(a: Side, b: Side) -> Comparison:
    """Set two runs side by side."""
    code, packages = _code(a, b), _packages(a, b)
    parameters, names, settings = _parameters(a, b), _names(a, b), _settings(a, b)
    return Comparison(
        a_id=a.run.id,
        b_id=b.run.id,
        changed=list(_changed(a, b, code, packages, parameters, names, settings)),
        code=code,
        packages=packages,
        parameters=parameters,
        environment_names=names,
        settings=settings,
        figures=_figures(a, b),
        outputs=_outputs(a, b),
    )


def _code(a: Side, b: Side) -> Code:
    one, two = a.version.code, b.version.code
    same = one == two
    return Code(
        same=same,
        a=one[:MOST_CODE],
        b=two[:MOST_CODE],
        a_version=a.run.version,
        b_version=b.run.version,
        diff=[] if same else _diff(one[:MOST_CODE].splitlines(), two[:MOST_CODE].splitlines()),
    )


def _diff(one: Sequence[str], two: Sequence[str]) -> list[str]:
    lines = difflib.unified_diff(one, two, "a", "b", lineterm="")
    return [line for line, _ in zip(lines, range(MOST_DIFF), strict=False)]


def _packages(a: Side, b: Side) -> Packages:
    one, two = _locked(a), _locked(b)
    differ = [
        Package(name=name, a=one.get(name), b=two.get(name))
        for name in sorted(one.keys() | two.keys())
        if one.get(name) != two.get(name)
    ]
    return Packages(
        same=not differ and a.run.environment_id == b.run.environment_id,
        a_environment_id=a.run.environment_id,
        b_environment_id=b.run.environment_id,
        differ=differ,
    )


def _locked(side: Side) -> dict[str, str]:
    packages = (side.environment.packages if side.environment else None) or []
    return {str(package["name"]): str(package["version"]) for package in packages}


def _parameters(a: Side, b: Side) -> list[Parameter]:
    one, two = a.inputs.parameters, b.inputs.parameters
    found = []
    for key in sorted(one.keys() | two.keys()):
        same = (key in one) == (key in two) and _true(a, key) == _true(b, key)
        found.append(Parameter(key=key, a=one.get(key), b=two.get(key), same=same))
    return found


def _true(side: Side, key: str) -> Any:
    return side.hidden.get(key, side.inputs.parameters.get(key))


def _names(a: Side, b: Side) -> Names:
    one, two = ({k for k, v in side.inputs.parameters.items() if v is not None} for side in (a, b))
    return Names(both=sorted(one & two), only_a=sorted(one - two), only_b=sorted(two - one))


def _settings(a: Side, b: Side) -> list[Setting]:
    one, two = _said(a), _said(b)
    names = sorted(one.keys() | two.keys())
    return [Setting(name=n, a=one.get(n), b=two.get(n)) for n in names if one.get(n) != two.get(n)]


def _said(side: Side) -> dict[str, Any]:
    return {
        "timeout_s": side.inputs.timeout_s,
        "limits": side.inputs.limits,
        "network": side.version.network,
        "queue": side.run.queue,
        "priority": side.run.priority,
        "isolation": (side.attempt.isolation or {}).get("level") if side.attempt else None,
        **{f"option {name}": value for name, value in side.version.options.items()},
    }


def _figures(a: Side, b: Side) -> list[Figure]:
    one, two = _measured(a), _measured(b)
    return [Figure(name=name, a=one[name], b=two[name], change=_times(one[name], two[name])) for name in one]


def _measured(side: Side) -> dict[str, float | None]:
    usage = (side.attempt.usage if side.attempt else None) or {}
    run = side.run
    took = (run.finished_at - run.started_at).total_seconds() if run.started_at and run.finished_at else None
    waited = (run.started_at - run.queued_at).total_seconds() if run.started_at else None
    return {
        "duration_s": took,
        "cpu_s": usage.get("cpu_s"),
        "memory_peak_mb": usage.get("memory_peak_mb"),
        "output_bytes": usage.get("output_bytes"),
        "exit_code": run.exit_code,
        "attempt": run.attempt,
        "waited_s": waited,
    }


def _times(a: float | None, b: float | None) -> float | None:
    return round(b / a, 4) if a and b is not None else None


def _outputs(a: Side, b: Side) -> Output:
    one, two = (side.attempt.outputs if side.attempt else None for side in (a, b))
    same = one == two
    texts = [json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).splitlines() for value in (one, two)]
    return Output(same=same, a=one, b=two, diff=[] if same else _diff(*texts))


def _changed(
    a: Side,
    b: Side,
    code: Code,
    packages: Packages,
    parameters: Sequence[Parameter],
    names: Names,
    settings: Sequence[Setting],
) -> Any:
    if not code.same:
        told = f"version {code.a_version} → {code.b_version}" if code.a_version and code.b_version else "another text"
        yield Change(what="code", detail=told)
    if not packages.same:
        told = ", ".join(f"{p.name} {p.a or 'none'} → {p.b or 'none'}" for p in packages.differ[:10])
        yield Change(what="packages", detail=told or "another environment with the same packages")
    if differ := [p.key for p in parameters if not p.same]:
        yield Change(what="parameters", detail=", ".join(differ[:20]))
    if names.only_a or names.only_b:
        told = ", ".join([f"-{name}" for name in names.only_a] + [f"+{name}" for name in names.only_b])
        yield Change(what="environment_names", detail=told[:500])
    if settings:
        yield Change(what="settings", detail=", ".join(s.name for s in settings))
    if a.inputs.labels != b.inputs.labels:
        yield Change(what="labels", detail=", ".join(sorted({*a.inputs.labels, *b.inputs.labels}))[:500])
    if a.run.worker_id and b.run.worker_id and a.run.worker_id != b.run.worker_id:
        yield Change(what="worker", detail="another worker")
