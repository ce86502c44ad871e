"""What groups elsewhere mean here. Pure."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct

_LETTERS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"}


class Line(Protocol):
    """A role in a project that everybody of a group is given."""

    @property
    def group(self) -> str:
        """The group elsewhere."""

    @property
    def project(self) -> str:
        """A project by name or id."""

    @property
    def role(self) -> str:
        """A role by name or id."""


class Rules(Protocol):
    """What an administrator has written down of groups (``sso_settings.Mapping``)."""

    @property
    def allowed_groups(self) -> tuple[str, ...]:
        """Who may come in, if not everybody."""

    @property
    def admin_groups(self) -> tuple[str, ...]:
        """Who is an administrator."""

    @property
    def roles(self) -> "tuple[Line, ...]":
        """Who has which role where."""


class Stranger(Struct, frozen=True):
    """Somebody as a provider knows them: `issuer` and `subject` never change, and are theirs alone."""

    provider: str
    issuer: str
    subject: str
    username: str
    display_name: str = ""
    mail: str = ""
    """Empty unless the provider has verified it."""
    groups: frozenset[str] = frozenset()


class Meaning(Struct, frozen=True):
    """What somebody's groups come to: whether they may come in, and what they are; `roles` by project."""

    allowed: bool
    is_admin: bool
    roles: Mapping[str, str]


class Step(Struct, frozen=True):
    """A change of somebody's role in one project; None is no role."""

    project_id: str
    before: str | None
    after: str | None


def meaning(rules: Rules, groups: Iterable[str], fold: Callable[[str], str] = str) -> Meaning:
    """Return what groups mean; of the lines that speak of one project the first that fits holds."""
    held = {fold(group) for group in groups}
    roles: dict[str, str] = {}
    for line in rules.roles:
        if fold(line.group) in held:
            roles.setdefault(line.project, line.role)
    return Meaning(
        allowed=not rules.allowed_groups or any(fold(group) in held for group in rules.allowed_groups),
        is_admin=any(fold(group) in held for group in rules.admin_groups),
        roles=roles,
    )


def steps(wanted: Mapping[str, str], given: Mapping[str, str], held: Mapping[str, str]) -> list[Step]:
    """Return what to change so that roles are as wanted; each by project.

    `given` is what groups gave before and `held` what is there now. What was given or changed by hand stays.
    """
    found = []
    for project_id in sorted({*wanted, *given}):
        before, after = held.get(project_id), wanted.get(project_id)
        ours = before is None or before == given.get(project_id)
        if ours and before != after:
            found.append(Step(project_id, before, after))
    return found


def still_given(wanted: Mapping[str, str], given: Mapping[str, str], held: Mapping[str, str]) -> dict[str, str]:
    """Return what groups have given once `steps` are done: what was changed by hand is theirs no more."""
    return {
        project_id: role
        for project_id, role in wanted.items()
        if held.get(project_id) is None or held.get(project_id) == given.get(project_id)
    }


def admin_after(*, is_admin: bool, given: bool, wanted: bool) -> tuple[bool, bool]:
    """Return whether somebody is an administrator from now on, and whether it is their groups that made them one.

    Who was made one by hand stays one.
    """
    if wanted:
        return True, given or not is_admin
    return (False, False) if given else (is_admin, False)


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its name, or by a path of names such as ``realm_access.roles``; None if there is none."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def texts(value: Any) -> frozenset[str]:
    """Return the texts of a claim that may be one text or a list."""
    values = value if isinstance(value, list) else [value]
    return frozenset(one for one in values if isinstance(one, str) and one)


def text(value: Any, longest: int) -> str:
    """Return a claim as one line of text; empty if it is none."""
    if not isinstance(value, str):
        return ""
    plain = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in value)
    return " ".join(plain.split())[:longest]


def username_of(wanted: str) -> str:
    """Return a name that a user may have here, as like the wanted one as can be; never one that looks like an id."""
    kept = "".join(letter if _may_stand(letter) else "-" for letter in wanted.strip())
    kept = kept.lstrip(".@+-").rstrip("-")[:60] or "user"
    looks_like_id = kept.startswith(("prj_", "usr_", "tea_", "rol_", "tok_"))
    return f"u.{kept}"[:60] if looks_like_id else kept


def _may_stand(letter: str) -> bool:
    return letter in "_.@+-" or unicodedata.category(letter) in _LETTERS
