from pathlib import Path

import pytest

from runyard.access.permissions import Actor, Membership, Permission
from runyard.audit.chain import Seals
from runyard.audit.trail import Trail
from runyard.audit.witness import FILE, Witness
from runyard.db.session import Database
from runyard.ids import ProjectId, UserId
from runyard.secrets.keys import MasterKey

KEY = MasterKey(b"k" * 32)


@pytest.fixture
def trail(database: Database, tmp_path: Path) -> Trail:
    """The chain of an empty database, with its witness in a file."""
    seals = Seals(KEY)
    trail = Trail(seals, Witness(tmp_path / FILE, seals))
    trail.follow(database)
    return trail


@pytest.fixture
def ada() -> Actor:
    return actor("usr_ada", "ada", is_admin=True)


def actor(id_: str, name: str, *, is_admin: bool = False, projects: tuple[str, ...] = ("prj_one",)) -> Actor:
    places = tuple(Membership(ProjectId(id_), id_.removeprefix("prj_"), frozenset(Permission)) for id_ in projects)
    return Actor(UserId(id_), name, f"ses_{name}", is_admin, places)
