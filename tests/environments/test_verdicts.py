"""Tools' last words."""

import pytest

from runyard.environments.failures import BuildFailed
from runyard.environments.verdicts import installing, last_words, needs_build, resolving

CONFLICT = """Resolved nothing
error: No solution found when resolving dependencies
  cause: Because there is no version of six==99 and you require six==99, we can conclude that …
"""
DOWN = """error: Request failed after 3 retries in 6.5s
  cause: Failed to fetch: http://me:secret@127.0.0.1:9/simple/six/
  cause: error sending request for url (http://127.0.0.1:9/simple/six/)
  cause: tcp connect error
"""
NPM = """npm warn Unknown user config "x"
npm error code ETARGET
npm error notarget No matching version found for marked@^999.
npm error notarget In most cases you or one of your dependencies are requesting
npm error A complete log of this run can be found in: /x/y.log
"""
SLOW = """error: Request failed after 3 retries in 125.1s
  cause: Failed to fetch: http://127.0.0.1:9/simple/tiny/
  cause: error sending request for url (http://127.0.0.1:9/simple/tiny/)
  cause: operation timed out
"""
NPM_DOWN = """npm error code ECONNREFUSED
npm error syscall connect
npm error FetchError: request to http://127.0.0.1:9/marked failed, reason: connect ECONNREFUSED 127.0.0.1:9
npm error     at ClientRequest.<anonymous> (/usr/lib/x.js:130:14)
npm error
"""


@pytest.mark.parametrize(
    ("stderr", "code", "says"),
    [
        (CONFLICT, "resolution_failed", "error: No solution found when resolving dependencies\n  cause: Because there"),
        (DOWN, "index_unreachable", "The package index at http://"),
        (NPM, "resolution_failed", "code ETARGET\nNo matching version found for marked@^999.\nIn most cases you"),
        (NPM_DOWN, "index_unreachable", "The package index at http://127.0.0.1:9 can't be reached."),
        (SLOW, "index_unreachable", "The package index at http://127.0.0.1:9 does not answer in time."),
        ("error: write: No space left on device (os error 28)", "disk_full", "The disk is full."),
        ("", "resolution_failed", "can't be satisfied"),
    ],
)
def test_resolving(stderr: str, code: str, says: str) -> None:
    verdict = resolving(stderr)
    assert verdict.code == code
    assert says in verdict.message
    assert "secret" not in verdict.message


def test_installing() -> None:
    assert installing("error: Failed to build `x`").code == "install_failed"


def test_long_words_are_cut_in_the_middle() -> None:
    words = last_words("error: no\n" + "".join(f"  cause: {i}\n" for i in range(100)))
    assert words.startswith("error: no")
    assert words.endswith("cause: 99")
    assert len(words.splitlines()) < 20


def test_failures_come_back_from_their_code() -> None:
    assert type(BuildFailed.of("index_unreachable", "x")) is type(resolving(DOWN))
    assert BuildFailed.of("of another version", "x").message == "x"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("  cause: Because foo==1 has no\n      usable wheels and building from\n source is disabled", True),
        ("all is well", False),
        ("", False),
    ],
)
def test_whether_only_a_build_would_help(said: str, *, expected: bool) -> None:
    assert needs_build(said) is expected
