"""Requirements and headers in their normal form."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.environments.failures import HeaderMalformed, PythonVersionMalformed, RequirementMalformed
from runyard.environments.header import Header, read_header
from runyard.environments.wants import Kind, Want, normal_npm, normal_python, npm_parts, python_range, want_for

HEADER = """#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<3",
#   "Rich",
# ]
#
# [tool.other]
# key = "value"
# ///
print("hi")
"""


@pytest.mark.parametrize(
    ("code", "header"),
    [
        ("", Header()),
        ("print(1)", Header()),
        (HEADER, Header(("requests<3", "Rich"), ">=3.11")),
        (HEADER.replace("\n", "\r\n"), Header(("requests<3", "Rich"), ">=3.11")),
        ("# /// script\n# ///", Header()),
        ("# /// script\n# dependencies = []\n# ///", Header()),
        ("x = '''  # /// script'''", Header()),
        ("# /// other\n# a = 1\n# ///\n", Header()),
        ('# /// script\n# requires-python = ">=3.12"\n# ///\n\n# /// more\n# x\n# ///', Header((), ">=3.12")),
        # The specification: the last closing line that comments lead up to counts.
        ('# /// script\n# requires-python = ">=3.12"\n# ///\ncode\n# ///\n', Header((), ">=3.12")),
    ],
)
def test_headers(code: str, header: Header) -> None:
    assert read_header(code) == header


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("# /// script\n# dependencies = []\nprint(1)\n", "never closes"),
        ("# /// script\n# dependencies = [\n# ///\n", "not valid TOML"),
        ("\n\n# /// script\n# a = 1\n# b = = 2\n# ///\n", "at line 5"),
        ('# /// script\n# dependencies = "requests"\n# ///\n', "must be a list"),
        ("# /// script\n# dependencies = [1]\n# ///\n", "must be a list"),
        ("# /// script\n# requires-python = 3.11\n# ///\n", "must be a string"),
        ('# /// script\n# requires-python = "three"\n# ///\n', "not a version range"),
        ("# /// script\n# a = 1\n# ///\n\n# /// script\n# b = 1\n# ///\n", "more than one"),
    ],
)
def test_malformed_headers_say_what_is_wrong(code: str, says: str) -> None:
    with pytest.raises(HeaderMalformed, match=says):
        read_header(code)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ([], ()),
        (["", "  ", "# a comment"], ()),
        (["Pandas >= 2, <3", "pandas<3,>=2"], ("pandas<3,>=2",)),
        (["zebra", "Alpha_Beta[y,X]"], ("alpha-beta[X,y]", "zebra")),
        (["six==1.16", "six>=1.17"], ("six==1.16", "six>=1.17")),
        (["a; python_version < '3.12'"], ('a; python_version < "3.12"',)),
        (["a @ https://example.org/a-1-py3-none-any.whl"], ("a@ https://example.org/a-1-py3-none-any.whl",)),
    ],
)
def test_python_requirements(written: list[str], normal: tuple[str, ...]) -> None:
    assert tuple(line.replace(" @", "@") for line in normal_python(written)) == normal
    assert normal_python(normal_python(written)) == normal_python(written)


@pytest.mark.parametrize(
    "line", ["-r other.txt", "--index-url=x", "a b", "./local", "a @ file:///etc", "a @ /etc", "a\x00b", "x" * 1001]
)
def test_what_is_not_a_python_requirement_is_refused_by_its_place(line: str) -> None:
    with pytest.raises(RequirementMalformed) as refused:
        normal_python(["fine", line])
    assert [field.field for field in refused.value.fields] == ["requirements.1"]


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (["marked@^15", "@scope/x", "left-pad"], ("@scope/x@*", "left-pad@*", "marked@^15")),
        (["a", "a@*"], ("a@*",)),
        (["a@npm:b@^2", "c@github:me/c"], ("a@npm:b@^2", "c@github:me/c")),
        (["d@>=1 <2"], ("d@>=1 <2",)),
    ],
)
def test_npm_requirements(written: list[str], normal: tuple[str, ...]) -> None:
    assert normal_npm(written) == normal


@pytest.mark.parametrize(
    "line", ["--registry=x", "../x", "a@file:../x", "a@/etc", "a@./x", "a@link:x", "@scope", "github:me/x", "a@~/x"]
)
def test_what_is_not_an_npm_requirement_is_refused(line: str) -> None:
    with pytest.raises(RequirementMalformed):
        normal_npm([line])


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "2852039166", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[fe80::1]", "100.100.100.200",
        "me:word@169.254.169.254:80", "169%2E254.169.254", "0.0.0.0",
        "\uff11\uff16\uff19.254.169.254", "169\u3002254\u3002169\u3002254",
    ],
)  # fmt: skip
def test_nothing_is_fetched_from_where_credentials_are(host: str) -> None:
    for scheme in ("http", "https", "git+https"):
        with pytest.raises(RequirementMalformed):
            normal_python([f"a @ {scheme}://{host}/a-1-py3-none-any.whl"])
        with pytest.raises(RequirementMalformed):
            normal_npm([f"a@{scheme}://{host}/a.tgz"])


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "10.1.2.3", "[::1]", "packages.example", "bücher.example"])
def test_it_is_from_elsewhere(host: str) -> None:
    assert len(normal_python([f"a @ https://me:word@{host}/a-1-py3-none-any.whl"])) == 1
    assert len(normal_npm([f"a@https://{host}/a.tgz"])) == 1


def test_an_npm_package_required_twice_is_refused() -> None:
    with pytest.raises(RequirementMalformed, match="`a` is required twice"):
        normal_npm(["a@1", "a@2"])


@pytest.mark.parametrize(
    ("spec", "parts"),
    [("a", ("a", "*")), ("a@1", ("a", "1")), ("@s/a", ("@s/a", "*")), ("@s/a@npm:b@1", ("@s/a", "npm:b@1"))],
)
def test_npm_parts(spec: str, parts: tuple[str, str]) -> None:
    assert npm_parts(spec) == parts


def test_header_and_requirements_merge() -> None:
    assert want_for("python", HEADER, ["requests>=2", "rich"]) == Want(
        Kind.python, ("requests<3", "requests>=2", "rich"), ">=3.11"
    )


def test_languages() -> None:
    assert want_for("shell", HEADER, []) is None
    assert want_for("sql", "", []) is None
    assert want_for("javascript", HEADER, ["a"]) == Want(Kind.node, ("a@*",))
    assert want_for("python", "", []) == Want(Kind.python)


@given(st.lists(st.sampled_from(["a", "b>=1", "c[x]", "B>=1", "d==2.*"]), max_size=8), st.randoms())
def test_order_and_doubles_do_not_matter(lines: list[str], random: object) -> None:
    shuffled = [*lines, *lines]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = want_for("python", "", lines), want_for("python", "", shuffled)
    assert first == second
    assert first is not None
    assert second is not None
    assert first.digest("x") == second.digest("x") != first.digest("y")


@given(st.text(max_size=200))
def test_no_text_breaks_the_header_reader(text: str) -> None:
    with contextlib.suppress(HeaderMalformed):
        read_header("# /// script\n" + text)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("", ""),
        ("3", "==3.*"),
        (" 3.12 ", "==3.12.*"),
        ("3.12.4", "==3.12.4"),
        (">=3.11,<3.13", "<3.13,>=3.11"),
    ],
)
def test_wishes_for_a_python(wish: str, expected: str) -> None:
    assert python_range(wish) == expected
    want = want_for("python", "", [], python_version=wish)
    assert want is not None
    assert want.requires_python == expected


def test_a_wish_for_a_python_that_is_none() -> None:
    with pytest.raises(PythonVersionMalformed, match=r"not a version such as 3\.12"):
        python_range("the newest")


def test_conda_has_requirements_of_its_own() -> None:
    code = "# /// script\n# dependencies=['rich']\n# ///\n"
    want = want_for("python", code, ["numpy  >=2", "conda-forge::xz", "xz"], package_manager="conda")
    assert want == Want(Kind.conda, ("conda-forge::xz", "numpy >=2", "xz"), "")
    for wrong in ("numpy; import os", "-c evil", "/etc/passwd", "git+https://x", "numpy\x00"):
        with pytest.raises(RequirementMalformed):
            want_for("python", "", [wrong], package_manager="conda")
