"""Whoever has proved elsewhere who they are becomes a user here, with the roles of their groups."""

from collections.abc import Callable, Mapping

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access import repository as people
from runyard.access.actors import Actors
from runyard.access.models import Identity, User
from runyard.access.roles import NoSuchRole, Roles
from runyard.access.schemas import Email
from runyard.access.service import AccountDisabled
from runyard.access.users import set_email
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import after_commit
from runyard.errors import Forbidden
from runyard.projects import repository as places
from runyard.projects.promotions import administering
from runyard.projects.service import ProjectService
from runyard.sso import repository
from runyard.sso.mapping import Stranger, admin_after, meaning, steps, still_given, username_of
from runyard.sso_settings import Mapping as Rules

logger = log.get("sso")
_NAMES = 50


class NotAllowedHere(Forbidden):
    """You are known there, but in none of the groups that may sign in here."""

    code = "sso_not_allowed"


class NoAccountHere(Forbidden):
    """You have no account here. An administrator has to make one for you first."""

    code = "sso_no_account"


class Arrivals:
    """Makes users of strangers. Works within the transaction that it is given."""

    def __init__(
        self, projects: ProjectService, roles: Roles, actors: Actors, fold: Callable[[str], str] = str
    ) -> None:
        self._projects = projects
        self._roles = roles
        self._actors = actors
        self._fold = fold

    async def settle(
        self, session: AsyncSession, stranger: Stranger, rules: Rules, *, link_by_mail: bool = False
    ) -> User:
        """Return the user that a stranger is, with rights as their groups mean now.

        They are known by issuer and subject: a name of somebody else's gives nobody their account, and a verified mail
        does the first time only, where that is switched on (`link_by_mail`).
        Raises: NotAllowedHere; NoAccountHere; AccountDisabled.
        """
        meant = meaning(rules, stranger.groups, self._fold)
        if not meant.allowed:
            raise NotAllowedHere
        found = await repository.identity(session, stranger.issuer, stranger.subject)
        identity, user = found or await self._first_time(session, stranger, rules, link_by_mail=link_by_mail)
        if user.disabled:
            raise AccountDisabled
        identity.used_at = clock.now()
        self._make_admin(session, identity, user, wanted=meant.is_admin)
        wanted = await self._known(session, meant.roles)
        await self._give(session, identity, user, wanted)
        await session.flush()
        return user

    async def _first_time(
        self, session: AsyncSession, stranger: Stranger, rules: Rules, *, link_by_mail: bool
    ) -> tuple[Identity, User]:
        user = await self._linked(session, stranger) if link_by_mail else None
        if user is None:
            if not rules.create_users:
                raise NoAccountHere
            user = await self._new(session, stranger)
        now = clock.now()
        identity = Identity(
            id=ids.new("idn"),
            user_id=user.id,
            provider=stranger.provider,
            issuer=stranger.issuer,
            subject=stranger.subject,
            made_admin=False,
            created_at=now,
            used_at=now,
        )
        session.add(identity)
        await session.flush()
        facts = {"provider": stranger.provider, "issuer": stranger.issuer, "subject": stranger.subject}
        record(session, None, "identity.link", Target("user", user.id, user.username), after=facts)
        return identity, user

    async def _linked(self, session: AsyncSession, stranger: Stranger) -> User | None:
        """Return the one user who has confirmed the address that the provider has verified, unless they are linked."""
        if not stranger.mail:
            return None
        other = select(Identity.user_id).where(Identity.issuer == stranger.issuer)
        query = select(User).where(User.email_key == people.email_key(stranger.mail), User.id.not_in(other)).limit(2)
        found = (await session.scalars(query)).all()
        # Of several who share an address it is nobody's proof.
        return found[0] if len(found) == 1 else None

    async def _new(self, session: AsyncSession, stranger: Stranger) -> User:
        name = await self._free(session, username_of(stranger.username))
        user = User(
            id=ids.new("usr"),
            username=name,
            username_key=people.folded(name),
            password_hash=None,
            display_name=stranger.display_name,
            is_admin=False,
            created_at=clock.now(),
        )
        set_email(user, _address(stranger.mail))
        session.add(user)
        await session.flush()
        after = {"username": name, "display_name": user.display_name, "origin": stranger.provider}
        after |= {"email": user.email} if user.email else {}
        record(session, None, "user.create", Target("user", user.id, name), after=after)
        logger.info("sso.user_created", user_id=user.id, provider=stranger.provider)
        return user

    async def _free(self, session: AsyncSession, wanted: str) -> str:
        names = [wanted, *(f"{wanted[:60]}-{number}" for number in range(2, _NAMES))]
        keys = [people.folded(name) for name in names]
        taken = set(await session.scalars(select(User.username_key).where(User.username_key.in_(keys))))
        free = (name for name, key in zip(names, keys, strict=True) if key not in taken)
        return next(free, f"{wanted[:30]}-{ids.new('u')}"[:64])

    def _make_admin(self, session: AsyncSession, identity: Identity, user: User, *, wanted: bool) -> None:
        is_admin, identity.made_admin = admin_after(is_admin=user.is_admin, given=identity.made_admin, wanted=wanted)
        if is_admin == user.is_admin:
            return
        before, user.is_admin = {"is_admin": user.is_admin}, is_admin
        record(session, None, "user.update", Target("user", user.id, user.username), before, {"is_admin": is_admin})
        after_commit(session, self._actors.forget)

    async def _known(self, session: AsyncSession, roles: Mapping[str, str]) -> dict[str, str]:
        """Return roles by the ids of projects and roles; what there is not (any more) is left out, and said."""
        found: dict[str, str] = {}
        for project_name, role_name in roles.items():
            project = await places.named(session, project_name)
            try:
                role = (await self._roles.find(session, role_name)).key
            except NoSuchRole:
                role = None
            if project is None or project.archived_at is not None or role is None:
                logger.warning("sso.mapping_unknown", project=project_name, role=role_name)
                continue
            found.setdefault(project.id, role)
        return found

    async def _give(self, session: AsyncSession, identity: Identity, user: User, wanted: dict[str, str]) -> None:
        given = await repository.grants(session, identity.id)
        held = await repository.roles_held(session, user.id)
        for step in steps(wanted, given, held):
            target = Target("member", user.id, user.username, step.project_id)
            if step.after is None:
                await places.leave(session, step.project_id, user.id)
                record(session, None, "member.remove", target, {"role": step.before})
            else:
                await self._projects.join(session, step.project_id, user.id, step.after, clock.now())
                action = "member.add" if step.before is None else "member.update"
                before, after = await administering(session, step.before, step.after)
                record(session, None, action, target, {"role": step.before} | before, {"role": step.after} | after)
            after_commit(session, self._actors.forget)
        kept = still_given(wanted, given, held)
        if kept != given:
            await repository.replace_grants(session, identity.id, kept)


def _address(mail: str) -> str | None:
    """Return what a provider says is somebody's address, unless letters can't be sent there."""
    try:
        return TypeAdapter[str](Email).validate_python(mail)
    except ValidationError:
        return None
