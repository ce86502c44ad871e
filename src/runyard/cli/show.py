"""How a run is shown while it is followed: lines in their streams, a bar for its progress, or JSON for programs."""

import json
import re
import sys
from typing import Any, Protocol, TextIO

from runyard.cli.output import lasting, local, note, paint, tame, visible

_PROGRESS = re.compile(r"^::progress\s+(\d+(?:\.\d+)?)%?(?:\s+(.*))?$")
_CELLS = 24
_LONGEST_OUTPUT = 400

Line = dict[str, Any]


class Show(Protocol):
    """Somebody who wants to know how a run goes on."""

    def line(self, line: Line) -> None:
        """Take one line of the log: {n, t, stream, text}."""

    def state(self, state: Line) -> None:
        """Take a new state: {state, attempt, exit_code, …}."""

    def waits(self, message: str) -> None:
        """Take what the run waits for."""

    def flush(self) -> None:
        """Show everything taken so far."""

    def ended(self, run: dict[str, Any]) -> None:
        """Take the run as it ended."""


class Terminal:
    """Lines for people: output on stdout, errors on stderr, the platform's own notes dimmed on stderr.

    With `together` all lines go to stdout. Progress is a bar, on a terminal only; elsewhere its lines are lines.
    """

    def __init__(self, *, together: bool = False, timestamps: bool = False) -> None:
        self._together = together
        self._timestamps = timestamps
        self._last: TextIO = sys.stdout
        self._bar = ""
        self._drawn = ""
        self._with_bar = sys.stderr.isatty() and sys.stdout.isatty()

    def line(self, line: Line) -> None:
        """Write the line, unless it is progress and a bar shows that."""
        text, stream = line["text"], line["stream"]
        if self._with_bar and stream == "stdout" and (found := _PROGRESS.match(text)):
            self._bar = _bar(min(float(found[1]), 100.0), visible(found[2] or ""))
            return
        out = sys.stdout if self._together or stream == "stdout" else sys.stderr
        if out is not self._last:
            # Two buffers would mix the order up.
            self._last.flush()
            self._last = out
        self._wipe()
        text = tame(text, out)
        if stream == "system":
            text = paint(text, "dim", out)
        if self._timestamps:
            text = f"{paint(local(line['t'], precise=True), 'dim', out)} {text}"
        out.write(text + "\n")

    def state(self, state: Line) -> None:
        """Say when another attempt begins."""
        if state["attempt"] > 1 and state["state"] == "running":
            note(f"Attempt {state['attempt']} is running.")

    def waits(self, message: str) -> None:
        """Say what is waited for."""
        note(visible(message))

    def flush(self) -> None:
        """Show what was written, and the bar below it."""
        self._last.flush()
        if self._bar != self._drawn:
            self._wipe()
            sys.stderr.write(self._bar)
            sys.stderr.flush()
            self._drawn = self._bar

    def ended(self, run: dict[str, Any]) -> None:
        """Say how it ended."""
        self._bar = ""
        self._wipe()
        self._last.flush()
        if not self._together:
            tell_end(run)

    def _wipe(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._drawn = ""


class Ndjson:
    """One JSON object on stdout for everything that happens, each with its `event`."""

    def line(self, line: Line) -> None:
        """Write ``{"event": "log", n, t, stream, text}``."""
        self._put({"event": "log", **line})

    def state(self, state: Line) -> None:
        """Write ``{"event": "state", state, attempt, …}``."""
        self._put({"event": "state", **state})

    def waits(self, message: str) -> None:
        """Write ``{"event": "waiting", message}``."""
        self._put({"event": "waiting", "message": message})

    def flush(self) -> None:
        """Hand on what was written."""
        sys.stdout.flush()

    def ended(self, run: dict[str, Any]) -> None:
        """Write ``{"event": "end", "run": {…}}``."""
        self._put({"event": "end", "run": run})
        self.flush()

    @staticmethod
    def _put(value: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def tell_end(run: dict[str, Any]) -> None:
    """Say on stderr how a run ended, why, and what it returned."""
    words = {
        "succeeded": "Succeeded",
        "failed": "Failed",
        "timed_out": "Timed out",
        "cancelled": "Cancelled",
        "lost": "Lost",
    }
    took = lasting((run.get("usage") or {}).get("wall_s"))
    said = paint(words.get(run["state"], run["state"]), run["state"], sys.stderr)
    if took:
        said += f" after {took}"
    error = run.get("error")
    print(f"{said}: {visible(error['message'])}" if error else f"{said}.", file=sys.stderr)
    if run.get("outputs") is not None:
        text = json.dumps(run["outputs"], ensure_ascii=False)
        note(f"Output: {text if len(text) <= _LONGEST_OUTPUT else text[:_LONGEST_OUTPUT] + '…'}")
    sys.stderr.flush()


def _bar(percent: float, message: str) -> str:
    full = round(percent / 100 * _CELLS)
    return f"{'━' * full}{paint('━' * (_CELLS - full), 'dim', sys.stderr)} {percent:3.0f} % {message[:60]}"
