"""Hold what tests have run of `src/runyard` against what is promised. Called by `script/test full`.

The whole is measured by lines and branches together. Rules, the pure decisions that all else relies on, have to be run
in every branch: what none of their tests reaches is dead or unproven.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coverage import Coverage

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "runyard"
LEAST_PERCENT = 85.0
RULES = (
    "access/brake.py",
    "access/permissions.py",
    "editor/positions.py",
    "environments/entry.py",
    "environments/header.py",
    "environments/lifecycle.py",
    "environments/locks.py",
    "environments/osv.py",
    "environments/verdicts.py",
    "environments/wants.py",
    "jobs/backfill.py",
    "jobs/blackouts.py",
    "jobs/breaker.py",
    "jobs/calendar.py",
    "jobs/chains.py",
    "jobs/crontabs.py",
    "jobs/forecast.py",
    "jobs/github_steps.py",
    "jobs/health.py",
    "jobs/importing.py",
    "jobs/mapping.py",
    "jobs/plans.py",
    "jobs/portable.py",
    "jobs/preview.py",
    "jobs/reading.py",
    "jobs/recurrence/*.py",
    "jobs/shadow.py",
    "jobs/signatures.py",
    "jobs/slots.py",
    "jobs/specs.py",
    "jobs/words/*.py",
    "runs/admission.py",
    "runs/bounds.py",
    "runs/fingerprints.py",
    "runs/lifecycle.py",
    "runs/logs/files.py",
    "runs/logs/lines.py",
    "runs/logs/reading.py",
    "runs/logs/stretch.py",
    "runs/retention.py",
    "runs/retry.py",
    "runs/series.py",
    "sandbox/mounts.py",
    "scripts/arguments.py",
    "scripts/checks.py",
    "scripts/definitions.py",
    "scripts/detection/*.py",
    "scripts/encoding.py",
    "scripts/folding.py",
    "scripts/hooks.py",
    "scripts/modules.py",
    "scripts/parameters.py",
    "scripts/patterns.py",
    "scripts/policy.py",
    "scripts/trees.py",
    "scripts/validation.py",
    "secrets/*.py",
    "web/paging.py",
)
"""Below `src/runyard`. Services, rows and routes are no rules; neither is what only passes decisions on."""

Report = Mapping[str, Any]


def main(folder: Path) -> int:
    """Judge the measurements that lie in a folder; 1 when something promised is missed."""
    report = measured(folder)
    lines = [*missed(report, rules()), *too_little(report)]
    for line in lines:
        sys.stdout.write(f"{line}\n")
    if not lines:
        sys.stdout.write(f"{percent(report):.1f} % of all, 100 % of {len(rules())} modules of rules\n")
    return 1 if lines else 0


def measured(folder: Path) -> Report:
    """Return coverage's report, of what every process has left in a folder."""
    coverage = Coverage(data_file=str(folder / ".coverage"), config_file=str(ROOT / "pyproject.toml"))
    # Processes that a test leaves behind write theirs after the rest has been put together.
    coverage.load()
    coverage.combine(strict=False)
    target = folder / "report.json"
    coverage.json_report(outfile=str(target))
    report: Report = json.loads(target.read_text())
    # Coverage names files as they are seen from the working directory.
    here = Path.cwd()
    files = {os.path.relpath(here / name, ROOT): file for name, file in report["files"].items()}
    return {**report, "files": files}


def rules() -> list[str]:
    """Return the modules of rules, as coverage names them; raise LookupError for one that is not there."""
    found = []
    for pattern in RULES:
        paths = sorted(path for path in SOURCE.glob(pattern) if path.name != "__init__.py")
        if not paths:
            raise LookupError(f"{pattern} is none of the modules any more; look where its rules have gone")
        found += [path.relative_to(ROOT).as_posix() for path in paths]
    return found


def missed(report: Report, modules: Iterable[str]) -> list[str]:
    """Return a line for each module that has something which no test has run."""
    found = []
    for name in modules:
        file = report["files"].get(name)
        if file is None:
            found.append(f"{name}: nothing of it was run")
            continue
        lines = [str(line) for line in file["missing_lines"]]
        branches = [f"{start}->{'exit' if end < 0 else end}" for start, end in file.get("missing_branches", ())]
        if lines or branches:
            found.append(f"{name}: not run: {', '.join([*lines, *branches])}")
    return found


def too_little(report: Report) -> list[str]:
    """Return a line when less of the whole was run than is promised."""
    if percent(report) >= LEAST_PERCENT:
        return []
    return [f"{percent(report):.2f} % of src/runyard were run, {LEAST_PERCENT:g} % are promised"]


def percent(report: Report) -> float:
    """Return how much of the whole was run, never rounded up."""
    return float(report["totals"]["percent_covered"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
