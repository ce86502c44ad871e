import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from runyard import log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Logging as it was before."""
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_events_are_lines_of_json() -> None:
    said = StringIO()
    log.configure(stream=said)
    logger = log.get("room").bind(run_id="run_1")
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        logger.info("run.settled", state="succeeded", text="ä\n\u4e16")
    (line,) = said.getvalue().splitlines()
    event = json.loads(line)
    assert event.pop("at").endswith("Z")
    assert event == {
        "event": "run.settled",
        "level": "info",
        "room": "room",
        "run_id": "run_1",
        "request_id": "req_1",
        "state": "succeeded",
        "text": "ä\n\u4e16",
    }


def test_the_level_counts() -> None:
    said = StringIO()
    log.configure(level="warning", stream=said)
    log.get("room").info("quiet")
    log.get("room").warning("loud")
    assert [json.loads(line)["event"] for line in said.getvalue().splitlines()] == ["loud"]


def test_a_terminal_gets_words() -> None:
    said = StringIO()
    log.configure(level="debug", json=False, stream=said)
    try:
        raise ValueError("odd")
    except ValueError:
        log.get("room").exception("it.broke", n=1)
    first, *rest = said.getvalue().splitlines()
    assert first[2] == ":"
    assert "error" in first
    assert "it.broke" in first
    assert "n=1" in first
    assert "ValueError" in "\n".join(rest)
    assert "odd" in "\n".join(rest)


def test_libraries_are_heard_from_warnings_on() -> None:
    said = StringIO()
    log.configure(level="debug", stream=said)
    logging.getLogger("library").info("quiet")
    logging.getLogger("library").warning('said "so"')
    assert "quiet" not in said.getvalue()
    event = json.loads(said.getvalue())
    assert (event["event"], event["room"], event["level"]) == ('said "so"', "library", "warning")


def test_what_broke_in_a_library_is_told_with_its_trace() -> None:
    for as_json in (True, False):
        said = StringIO()
        log.configure(json=as_json, stream=said)
        try:
            raise ValueError("odd")
        except ValueError:
            logging.getLogger("library").exception("broke %s", "badly")
        assert "broke badly" in said.getvalue()
        assert "ValueError: odd" in said.getvalue()
        assert len(said.getvalue().splitlines()) == (1 if as_json else len(said.getvalue().splitlines()))
