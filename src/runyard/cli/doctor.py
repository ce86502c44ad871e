"""What this machine offers, and how to get what is missing."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from runyard.cli.options import Data, DatabaseUrl, Host, Port, settings
from runyard.cli.output import as_json, paint

if TYPE_CHECKING:
    from runyard.settings import Settings

State = Literal["ok", "degraded", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. Without an `essential` one that is missing Runyard does not work."""

    name: str
    state: State
    detail: str
    fix: str = ""
    essential: bool = False


def doctor(
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Tell what this machine offers: ok, degraded or missing, and how to get what is missing.

    Exits with 1 if something is missing without which Runyard does not work.
    """
    from runyard import __version__

    chosen = settings(host=host, port=port, data=data, database_url=database_url)
    findings: list[Finding] = []
    for finding in examine(chosen):
        findings.append(finding)
        if not machine:
            _tell(finding)
    broken = [finding for finding in findings if finding.essential and finding.state == "missing"]
    if machine:
        as_json({"version": __version__, "ok": not broken, "checks": [asdict(finding) for finding in findings]})
    else:
        print(_verdict(findings, broken))
    if broken:
        raise typer.Exit(1)


def examine(chosen: "Settings") -> Iterator[Finding]:
    """Yield everything that is found, what everything else stands on first. Changes nothing."""
    from runyard.cli import checks

    yield Finding("Python", "ok", f"{sys.version.split()[0]} ({sys.executable})", essential=True)
    yield from checks.variables()
    place = checks.data_directory(chosen)
    yield place
    if place.state == "ok":
        yield checks.free_space(chosen)
    yield checks.master_key(chosen)
    yield checks.database(chosen)
    yield checks.address(chosen)
    yield from checks.sandboxes(chosen, usable=place.state == "ok" and chosen.data.is_dir())
    yield checks.control_groups(chosen)
    yield from checks.tools(chosen)
    yield checks.editor_programs()


def _tell(finding: Finding) -> None:
    print(f"{paint(f'{finding.state:<8}', finding.state)}  {finding.name}: {finding.detail}", flush=True)
    if finding.fix:
        print(f"{'':8}  {paint('→', 'dim')} {finding.fix}")


def _verdict(findings: Sequence[Finding], broken: Sequence[Finding]) -> str:
    if broken:
        return f"\nRunyard can't work here: {', '.join(finding.name.lower() for finding in broken)}."
    lacking = [finding.name for finding in findings if finding.state != "ok"]
    if lacking:
        return f"\nRunyard works here, with less than it could: {', '.join(lacking)}."
    return "\nEverything is there."
