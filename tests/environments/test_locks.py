"""What is read off locks: names, versions, hashes."""

import json

import pytest

from runyard.environments.locks import Lock, Package, hashes_of
from runyard.environments.wants import Kind

PYTHON = """
# by a resolver
Rich==13.9.4 ; python_version >= "3.11" \\
    --hash=sha256:bb \\
    --hash=sha256:aa
pandas[excel]==2.2.3
    # via -r requirements.in
own @ https://host/own-1.whl --hash=sha256:cc
"""
NODE = json.dumps(
    {
        "packages": {
            "": {"name": "the project itself"},
            "node_modules/a": {"version": "1.0.0"},
            "node_modules/a/node_modules/@s/b": {"version": "2.0.0"},
            "node_modules/alias": {"name": "real", "version": "3.0.0"},
            "node_modules/linked": {},
        }
    }
)
CONDA = json.dumps([{"name": "numpy", "version": "2.1", "build": "x"}, {"name": "gdal", "version": "3.9"}])


@pytest.mark.parametrize(
    ("kind", "text", "packages"),
    [
        (Kind.python, "", []),
        (Kind.python, PYTHON, [("Rich", "13.9.4"), ("own", "https://host/own-1.whl"), ("pandas", "2.2.3")]),
        (Kind.node, NODE, [("@s/b", "2.0.0"), ("a", "1.0.0"), ("linked", ""), ("real", "3.0.0")]),
        (Kind.node, "{}", []),
        (Kind.conda, CONDA, [("gdal", "3.9"), ("numpy", "2.1")]),
    ],
)
def test_packages(kind: Kind, text: str, packages: list[tuple[str, str]]) -> None:
    assert Lock(kind, text).packages == tuple(Package(*one) for one in packages)


def test_hashes_belong_to_the_package_above_them() -> None:
    found = hashes_of(PYTHON)
    assert {name: hashes for name, hashes in found.items() if name} == {
        "rich": ("sha256:aa", "sha256:bb"),
        "pandas": (),
        "own": ("sha256:cc",),
    }


def test_a_directory_is_named_after_all_that_decides_it() -> None:
    names = {
        Lock(kind, text).name(identity)
        for kind in (Kind.python, Kind.node)
        for text in ("", "a==1")
        for identity in ("3.11", "3.12")
    }
    assert len(names) == 8
    assert Lock(Kind.python, "").name("3.11") == Lock(Kind.python, "").name("3.11")
    assert all(name.startswith(("python-", "node-")) and len(name.rpartition("-")[2]) == 40 for name in names)
