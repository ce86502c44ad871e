"""A provider, and an installation that signs in there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Server, serving

from .provider import OidcProvider, Visitor, providing

ROLES = [
    {"group": "leads", "project": "default", "role": "admin"},
    {"group": "makers", "project": "default", "role": "developer"},
    {"group": "makers", "project": "no such project", "role": "viewer"},
]


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with providing() as provider:
        yield provider


@pytest.fixture(scope="module")
def yard(provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    rules = {"ADMIN_GROUPS": '["yard-admins"]', "ROLES": json.dumps(ROLES)}
    folder: Path = tmp_path_factory.mktemp("yard")
    with serving(folder, **provider.settings(**rules)) as server:
        provider.know_client(server.url)
        yield server


@pytest.fixture
def visitor(yard: Server) -> Iterator[Visitor]:
    with Visitor(yard.url) as visitor:
        yield visitor
