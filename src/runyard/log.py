"""Structured logging: events with fields, as JSON lines or for a terminal."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO, cast

# structlog would load rich for tracebacks that we do not ask it for: a thirtieth of the start.
_rich: Any = sys.modules.setdefault("rich", cast("Any", None))
import structlog  # noqa: E402
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger  # noqa: E402

if not _rich:
    del sys.modules["rich"]

Logger = FilteringBoundLogger


def get(room: str) -> Logger:
    """Return the logger of a room; bind fields with ``.bind()``."""
    return cast("Logger", structlog.get_logger(room=room))


def configure(*, level: str = "info", json: bool = True, stream: TextIO | None = None) -> None:
    """Set the process's logging up once: one line per event on `stream` (default: standard error)."""
    out = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _as_json if json else _terminal,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Records(_as_json if json else _terminal))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


class _Records(logging.Formatter):
    """What libraries log, in the same form as our own events."""

    def __init__(self, render: Processor) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        """Return one record as one event."""
        event: EventDict = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "room": record.name,
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return str(self._render(None, record.levelname.lower(), event))


_as_json = structlog.processors.JSONRenderer(ensure_ascii=False)


def _terminal(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    head = f"{event.pop('at')[11:19]} {event.pop('level'):<7} {event.pop('event')}"
    trace = event.pop("exception", None)
    fields = " ".join(f"{key}={value}" for key, value in event.items())
    return f"{head}  {fields}" + (f"\n{trace}" if trace else "")
