from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runyard.runs.logs import FileLogs, LogStore

Made = Callable[[], AbstractContextManager[LogStore]]


@contextmanager
def files() -> Iterator[LogStore]:
    with TemporaryDirectory() as root:
        yield FileLogs(Path(root))


BACKENDS: dict[str, Made] = {"files": files}


@pytest.fixture(params=BACKENDS, scope="module")
def made(request: pytest.FixtureRequest) -> Made:
    """Makes an empty store of one backend, as often as a test wants one."""
    return BACKENDS[request.param]


@pytest.fixture
def store(made: Made) -> Iterator[LogStore]:
    with made() as store:
        yield store
