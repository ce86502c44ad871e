"""The steps of a GitHub Actions workflow as a shell script: what it runs in a shell goes along. Pure.

Actions, expressions and what runs elsewhere can't: they are named, and stand in the script as comments.
"""

import shlex
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from msgspec import Struct

_SHELLS = ("bash", "sh")
_EXPRESSION = "${{"


class Script(Struct, frozen=True):
    """The script, and what of the workflow is not in it, each as a sentence without its capital and full stop."""

    code: str
    left_out: tuple[str, ...]


def script(document: Mapping[Any, Any]) -> Script:
    """Return what a workflow runs, its jobs one after the other: each after those that it needs."""
    left_out: list[str] = []
    lines = [
        "#!/usr/bin/env bash",
        f"# From the GitHub Actions workflow {_one_line(document.get('name') or '')}".rstrip(),
    ]
    # GitHub's shells end a step at the first command that fails.
    lines += ["set -eo pipefail", *_environment(document, "the workflow", left_out)]
    for name, job in _in_order(_mapping(document.get("jobs")), left_out):
        about = f"job {_one_line(name)}"
        lines += ["", f"# {about}", "("]
        for key, what in (("container", "a container"), ("services", "services"), ("strategy", "a matrix")):
            if job.get(key):
                left_out.append(f"{about} is not run with {what}")
        if job.get("if"):
            left_out.append(f"{about} is run always, not only if {_one_line(job['if'])}")
        lines += _environment(job, about, left_out)
        if job.get("uses"):
            left_out.append(f"{about} is a workflow of another place: {_one_line(job['uses'])}")
        steps = job.get("steps")
        for number, step in enumerate(steps if isinstance(steps, list) else [], 1):
            lines += _step(_mapping(step), f"step {number} of {about}", left_out)
        lines += ["true", ")"]
    return Script("\n".join([*lines, ""]), tuple(left_out))


def _in_order(jobs: Mapping[Any, Any], left_out: list[str]) -> list[tuple[Any, Mapping[Any, Any]]]:
    """Return the jobs, as they are written but for those that are needed earlier."""
    found = {name: _mapping(given) for name, given in jobs.items()}
    needs: dict[Any, list[Any]] = {}
    for name, job in found.items():
        said = job.get("needs") or []
        wanted = said if isinstance(said, list) else [said]
        needs[name] = [one for one in wanted if isinstance(one, str) and one in found]
        missing = (_one_line(one) for one in wanted if one not in needs[name])
        left_out += [f"job {_one_line(name)} does not wait for {one}, which is not there" for one in missing]
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as circle:
        round_ = " → ".join(_one_line(name) for name in circle.args[1])
        left_out.append(f"jobs that need one another in a circle are run as they are written: {round_}")
        order = list(found)
    return [(name, found[name]) for name in order]


def _step(step: Mapping[Any, Any], about: str, left_out: list[str]) -> Iterator[str]:
    title = _one_line(step.get("name") or step.get("uses") or about)
    yield f"# {title}"
    if step.get("uses"):
        left_out.append(f"{about} is not carried: it uses {_one_line(step['uses'])}")
        return
    run = str(step.get("run") or "").replace("\0", "")
    shell = str(step.get("shell") or "bash").split(" ")[0]
    why = ""
    if shell not in _SHELLS:
        why = f"{about} is not carried: it is for {_one_line(shell)}"
    elif _EXPRESSION in run:
        why = f"{about} is not carried: it holds expressions of GitHub's, such as ${{{{ … }}}}"
    if step.get("if"):
        left_out.append(f"{about} is run always, not only if {_one_line(step['if'])}")
    if why:
        left_out.append(why)
        yield from (f"# {line}" for line in run.splitlines())
        return
    yield "("
    yield from _environment(step, about, left_out)
    if step.get("working-directory"):
        yield f"cd {shlex.quote(str(step['working-directory']))}"
    yield run.rstrip("\n") or "true"
    yield ")"


def _environment(part: Mapping[Any, Any], about: str, left_out: list[str]) -> Iterator[str]:
    for key, value in _mapping(part.get("env")).items():
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        if not str(key).isidentifier() or not str(key).isascii() or "\0" in text or _EXPRESSION in text:
            left_out.append(f"the variable {_one_line(key)} of {about} is not carried")
            continue
        yield f"export {key}={shlex.quote(text)}"


def _mapping(found: object) -> Mapping[Any, Any]:
    return found if isinstance(found, Mapping) else {}


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:200]
