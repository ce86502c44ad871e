"""What a script wants of its environment, in one normal form. Pure."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from runyard.environments.failures import PythonVersionMalformed, RequirementMalformed
from runyard.environments.header import read_header
from runyard.errors import FieldError
from runyard.web.outbound import ANYWHERE, numeric, plain_host

_URL_SCHEMES = frozenset({"http", "https", "git+http", "git+https", "git+ssh", "git+git"})
_NPM_NAME = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-zA-Z0-9~-][a-zA-Z0-9._~-]*")
_NPM_LOCAL = re.compile(r"(?:file:|link:|workspace:|\.{0,2}/|~/|[a-zA-Z]:[\\/])")
_CONDA = re.compile(r"(?:[A-Za-z0-9._/-]+::)?[A-Za-z0-9_][A-Za-z0-9._-]*(?:\s*[0-9<>=!~*|,.A-Za-z_+ -]*)")
_LONGEST = 1000


class Kind(StrEnum):
    """Which world the packages come from."""

    python = "python"
    node = "node"
    conda = "conda"


_KINDS = {"python": Kind.python, "javascript": Kind.node}


class Want(Struct, frozen=True):
    """A request for an environment; equal ones mean the same.

    `requirements` are sorted and normalised: PEP 508 for Python, ``name@range`` for npm. `requires_python` is a
    version range such as ``>=3.12``, or empty.
    """

    kind: Kind
    requirements: tuple[str, ...] = ()
    requires_python: str = ""

    def digest(self, *surroundings: str) -> str:
        """Return what identifies this request under the same `surroundings` (interpreter, platform, index)."""
        parts = [self.kind.value, self.requirements, self.requires_python, surroundings]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def want_for(
    language: str,
    code: str,
    requirements: Sequence[str],
    *,
    python_version: str = "",
    package_manager: str = "",
) -> Want | None:
    """Return what a script in `language` wants, header and `requirements` merged; None if it needs no environment.

    `python_version` is a version (``3.12``) or a range; a header's ``requires-python`` holds as well. With the package
    manager ``conda`` the requirements are those of conda, and the header's are not read.

    Two requirements for one Python package both stand: whether they go together is for the resolver to say.

    Raises: RequirementMalformed, naming the fields; HeaderMalformed.
    """
    kind = _KINDS.get(language)
    if kind is None:
        return None
    if kind is Kind.node:
        return Want(kind, normal_npm(requirements))
    wish = python_range(python_version)
    if package_manager == "conda":
        return Want(Kind.conda, normal_conda(requirements), wish)
    header = read_header(code)
    both = ",".join(part for part in (header.requires_python, wish) if part)
    return Want(kind, normal_python([*requirements, *header.dependencies]), both)


def python_range(wish: str) -> str:
    """Return a wish for a Python version as a range: ``3.12`` means any 3.12; raise `PythonVersionMalformed`."""
    text = wish.strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return f"=={text}.*"
    if re.fullmatch(r"\d+\.\d+\.\d+", text):
        return f"=={text}"
    try:
        return ",".join(sorted(str(part) for part in SpecifierSet(text)))
    except InvalidSpecifier as error:
        raise PythonVersionMalformed(
            f"`{text[:100]}` is not a version such as 3.12, or a range such as >=3.11."
        ) from error


def normal_conda(requirements: Iterable[str]) -> tuple[str, ...]:
    """Return conda's requirements (``name >=1``, ``channel::name``), sorted; raise `RequirementMalformed`."""
    return _all(requirements, _conda)


def normal_python(requirements: Iterable[str]) -> tuple[str, ...]:
    """Return PEP 508 requirements in their normal form, sorted, without doubles; raise `RequirementMalformed`."""
    return _all(requirements, _python)


def normal_npm(requirements: Iterable[str]) -> tuple[str, ...]:
    """Return npm requirements as ``name@range``, sorted, without doubles; raise `RequirementMalformed`."""
    normal = _all(requirements, _npm)
    names = [npm_parts(spec)[0] for spec in normal]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refused([FieldError("requirements", f"`{name}` is required twice, differently") for name in twice])
    return normal


def npm_parts(spec: str) -> tuple[str, str]:
    """Split ``name@range`` into name and range; the range is ``*`` when none is given."""
    name, _, version = spec[1:].partition("@") if spec.startswith("@") else spec.partition("@")
    return (f"@{name}" if spec.startswith("@") else name), version.strip() or "*"


def _all(requirements: Iterable[str], normal: Callable[[str], str]) -> tuple[str, ...]:
    found: set[str] = set()
    wrong: list[FieldError] = []
    for position, raw in enumerate(requirements):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        try:
            if len(text) > _LONGEST or not text.isprintable():
                raise ValueError("too long, or with control characters")
            found.add(normal(text))
        except ValueError as error:
            wrong.append(FieldError(f"requirements.{position}", f"`{text[:100]}`: {error}"))
    if wrong:
        raise _refused(wrong)
    return tuple(sorted(found))


def _refused(wrong: list[FieldError]) -> RequirementMalformed:
    return RequirementMalformed("; ".join(item.message for item in wrong[:3]), fields=wrong)


def _python(text: str) -> str:
    if text.startswith("-"):
        raise ValueError("options don't belong among requirements")
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ValueError("not a requirement such as `pandas>=2`") from error
    if requirement.url is not None:
        if urlsplit(requirement.url).scheme not in _URL_SCHEMES:
            raise ValueError("packages come from an index, over HTTP or from Git, not from a path on the server")
        _demand_place(requirement.url)
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def _demand_place(url: str) -> None:
    """Refuse the addresses where clouds hand out credentials; what a name leads to is the network's own rules' matter.

    Raises ValueError.
    """
    host = plain_host(urlsplit(url).hostname or "")
    if not host:
        raise ValueError("its address has no host that can be asked")
    if (place := numeric(host)) and (trouble := ANYWHERE.trouble(place)):
        raise ValueError(f"{host} {trouble}")


def _conda(text: str) -> str:
    match = _CONDA.fullmatch(text)
    if match is None:
        raise ValueError("not a conda requirement such as `numpy >=2` or `conda-forge::numpy`")
    return " ".join(text.split())


def _npm(text: str) -> str:
    name, version = npm_parts(text)
    if not _NPM_NAME.fullmatch(name):
        raise ValueError("not an npm requirement such as `marked@^15` or `@scope/name`")
    if _NPM_LOCAL.match(version):
        raise ValueError("packages come from a registry, over HTTP or from Git, not from a path on the server")
    if "://" in version:
        _demand_place(version)
    return f"{name}@{version}"
