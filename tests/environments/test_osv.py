"""Which versions an advisory is about."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.clock import EPOCH
from runyard.environments.osv import OsvError, SemanticVersion, entries, fixed_in, is_affected


def record(name: str = "tiny", ecosystem: str = "PyPI", **affected: Any) -> dict[str, Any]:
    return {
        "id": "GHSA-1",
        "modified": "2026-01-02T03:04:05Z",
        "summary": "It leaks.",
        "aliases": ["CVE-2026-1"],
        "database_specific": {"severity": "MODERATE"},
        "references": [{"type": "WEB", "url": "https://a"}, {"type": "ADVISORY", "url": "https://b"}],
        "affected": [{"package": {"name": name, "ecosystem": ecosystem}, **affected}],
    }


def events(*steps: str) -> list[dict[str, Any]]:
    """``"introduced 0"`` and so on, as one range."""
    return [{"type": "ECOSYSTEM", "events": [dict([step.split()]) for step in steps]}]


@pytest.mark.parametrize(
    ("ecosystem", "steps", "inside", "outside"),
    [
        ("PyPI", ("introduced 0", "fixed 1.2"), ("0.1", "1.1.9", "1.2rc1"), ("1.2", "2.0", "1.2.post1")),
        ("PyPI", ("introduced 0",), ("0.1", "99!3"), ()),
        ("PyPI", ("introduced 1.0", "last_affected 1.4"), ("1.0", "1.4.0"), ("0.9", "1.4.1")),
        ("PyPI", ("introduced 0", "fixed 1.2", "introduced 2.0", "fixed 2.1"), ("1.0", "2.0.5"), ("1.5", "2.1")),
        ("PyPI", ("introduced 2.0", "fixed 2.1", "introduced 0", "fixed 1.2"), ("1.0", "2.0.5"), ("1.5", "2.1")),
        ("npm", ("introduced 0", "fixed 4.17.21"), ("4.17.20", "4.17.21-rc.1"), ("4.17.21", "5.0.0")),
        ("npm", ("introduced 1.0.0-beta.2", "fixed 1.0.0"), ("1.0.0-beta.11", "1.0.0-rc"), ("1.0.0-alpha", "1.0.0")),
        ("npm", ("introduced 0", "fixed 1.0.0"), (), ("not a version", "git+https://x")),
        ("PyPI", ("introduced 0", "fixed 1.0"), (), ("https://host/x.whl",)),
    ],
)
def test_ranges(ecosystem: str, steps: tuple[str, ...], inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    [entry] = entries(record(ecosystem=ecosystem, ranges=events(*steps)))
    assert [v for v in inside if not is_affected(ecosystem, v, entry.affected)] == []
    assert [v for v in outside if is_affected(ecosystem, v, entry.affected)] == []


def test_a_range_that_says_nothing_is_none() -> None:
    [entry] = entries(record(ranges=[*events(), {"type": "ECOSYSTEM", "events": ["odd", {"limit": "1"}]}, "odd"]))
    assert entry.affected == [{"ranges": [], "versions": []}]
    assert not is_affected("PyPI", "1.0", entry.affected)


def test_versions_that_are_named() -> None:
    [entry] = entries(record(versions=["1.0", "2.0"], ranges=[{"type": "GIT", "events": [{"introduced": "0"}]}]))
    assert is_affected("PyPI", "2.0", entry.affected)
    assert not is_affected("PyPI", "1.5", entry.affected)


def test_what_mends_it() -> None:
    [entry] = entries(record(ranges=events("introduced 0", "fixed 1.10", "introduced 2.0", "fixed 2.1")))
    assert fixed_in("PyPI", "1.9", entry.affected) == ["1.10", "2.1"]
    assert fixed_in("PyPI", "2.0", entry.affected) == ["2.1"]
    assert fixed_in("PyPI", "odd version", entry.affected) == []


def test_what_is_kept_of_a_record() -> None:
    [entry] = entries(record("Tiny_Thing", ranges=events("introduced 0")))
    assert (entry.package, entry.id, entry.severity, entry.url) == ("tiny-thing", "GHSA-1", "medium", "https://b")
    assert (entry.summary, entry.aliases, entry.withdrawn) == ("It leaks.", ["CVE-2026-1"], False)
    assert entry.modified_at.isoformat() == "2026-01-02T03:04:05+00:00"


def test_other_ecosystems_and_odd_parts_are_passed_over() -> None:
    assert list(entries(record(ecosystem="Go"))) == []
    assert list(entries({"id": "X", "affected": [None, {"package": 7}, {}]})) == []
    assert list(entries({"id": "X"})) == []


@pytest.mark.parametrize("bad", [{}, {"id": 7}, {"id": ""}, {"id": "x" * 100}, {"id": "X", "affected": "all"}])
def test_what_is_no_record(bad: dict[str, Any]) -> None:
    with pytest.raises(OsvError):
        list(entries(bad))


numbers = st.integers(0, 20)
versions = st.builds(
    lambda a, b, c, pre: f"{a}.{b}.{c}" + (f"-{pre}" if pre else ""),
    numbers, numbers, numbers, st.sampled_from(["", "alpha", "alpha.1", "beta", "1", "11", "2"]),
)  # fmt: skip


@given(versions, versions, versions)
def test_semantic_versions_are_in_one_order(a: str, b: str, c: str) -> None:
    x, y, z = (SemanticVersion(text) for text in (a, b, c))
    assert (x < y) + (y < x) + (x == y) == 1
    if x < y < z:
        assert x < z


def test_the_order_of_the_standard() -> None:
    words = ("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11")
    ordered = [*words, "1.0.0-rc.1", "1.0.0", "1.0.1"]
    assert sorted([*ordered[3:], *ordered[:3]], key=SemanticVersion) == ordered
    assert SemanticVersion("1.0.0+build") == SemanticVersion("1.0.0")


def test_a_version_that_can_not_be_read_mends_nothing_and_hides_nothing() -> None:
    [entry] = entries(record(ranges=events("introduced 0", "fixed odd!", "fixed 2.1", "fixed 1.0")))
    assert fixed_in("PyPI", "1.5", entry.affected) == ["2.1"]
    assert not is_affected("PyPI", "1.5", entry.affected)


@pytest.mark.parametrize(
    ("own", "scores", "severity"),
    [
        ({"severity": "CRITICAL"}, [{"score": "0.1"}], "critical"),
        ("HIGH", [], ""),
        ({"severity": "unknown"}, [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}, {"score": "7.0"}], "high"),
        ({}, [None, {"score": "9.8"}], "critical"),
        ({}, [{"score": "6.9"}], "medium"),
        ({}, [{"score": "0.1"}], "low"),
        ({}, [{"score": "0.0"}, {"score": "9.0"}], ""),
        (None, None, ""),
    ],
)
def test_how_bad_it_is(own: Any, scores: Any, severity: str) -> None:
    [entry] = entries({**record(), "database_specific": own, "severity": scores})
    assert entry.severity == severity


@pytest.mark.parametrize(
    ("modified", "instant"),
    [
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05+02:00"),
        ("yesterday", EPOCH.isoformat()),
        (None, EPOCH.isoformat()),
    ],
)
def test_when_it_was_changed(modified: Any, instant: str) -> None:
    [entry] = entries({**record(), "modified": modified})
    assert entry.modified_at.isoformat() == instant


@pytest.mark.parametrize(
    ("references", "url"),
    [
        ([{"type": "WEB", "url": "http://a"}, "odd", {"url": "ftp://b"}], "http://a"),
        ([{"type": "ADVISORY", "url": f"https://{'x' * 500}"}, {"type": "WEB", "url": "https://c"}], "https://c"),
        ([{"type": "ADVISORY"}], ""),
    ],
)
def test_where_to_read_more(references: Any, url: str) -> None:
    [entry] = entries({**record(), "references": references})
    assert entry.url == url
