"""Signing in by a provider or a directory, and out again in both places."""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from runyard import clock, log
from runyard.access.clients import Client
from runyard.access.models import User
from runyard.access.roles import Roles
from runyard.access.service import AccessService, SignedIn
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import Database, after_commit
from runyard.errors import Missing, Problem
from runyard.projects.service import ProjectService
from runyard.secrets.sealing import SealBroken, Sealer
from runyard.settings import Settings
from runyard.sso import journeys, repository
from runyard.sso.arrivals import Arrivals
from runyard.sso.directory import Directory
from runyard.sso.journeys import Journey
from runyard.sso.mapping import Stranger, claim, text, texts
from runyard.sso.models import ProviderSession
from runyard.sso.provider import Proof, Provider, ProviderUnreachable, SignInRefused

logger = log.get("sso")
_NUMBER = re.compile(r"-\d+$")


class NoProvider(Missing):
    """No sign-in provider is set up here."""

    code = "sso_not_set_up"


class Answer(Struct, frozen=True):
    """What a browser comes back with from the provider."""

    code: str | None = None
    state: str | None = None
    error: str | None = None
    issuer: str | None = None


class SsoService:
    """Single sign-on. Runs its own transactions: none is held while a provider is asked."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        access: AccessService,
        projects: ProjectService,
        roles: Roles,
        sealer: Sealer,
    ) -> None:
        self._settings = settings.sso
        self._database = database
        self._access = access
        self._sealer = sealer
        self._provider = Provider(self._settings.oidc) if self._settings.oidc.issuer else None
        actors = access.actors
        self._arrivals = Arrivals(projects, roles, actors)
        # Names in a directory are the same however they are spelt.
        self._folded_arrivals = Arrivals(projects, roles, actors, str.casefold)
        self._directory = Directory(self._settings.ldap) if self._settings.ldap.url else None

    @property
    def lasts(self) -> timedelta:
        """How long a session lasts before it is asked elsewhere again."""
        return timedelta(seconds=self._settings.session_s)

    async def close(self) -> None:
        """Close what is open to the provider."""
        if self._provider is not None:
            await self._provider.close()

    # The provider

    async def begin(self, next_path: str | None, redirect_uri: str) -> tuple[str, str]:
        """Return where a browser goes to sign in, and what it keeps meanwhile. Raises: NoProvider and a provider's."""
        journey = journeys.begin(next_path, redirect_uri, clock.now())
        return await self._found().authorization_url(journey), journeys.pack(journey, self._sealer)

    def returning(self, packed: str | None, state: str | None) -> Journey:
        """Return the journey that a browser comes back from; raise `JourneyLost`, `NoProvider`."""
        self._found()
        return journeys.unpack(packed, state, self._sealer, clock.now())

    async def finish(self, journey: Journey, answer: Answer, client: Client) -> SignedIn:
        """Sign in who comes back from a journey; what is refused is written down.

        Raises: SignInRefused; ProviderNotTrusted; ProviderUnreachable; NotAllowedHere; NoAccountHere; AccountDisabled.
        """
        try:
            if answer.error or not answer.code:
                logger.warning("sso.refused", error=text(answer.error, 100))
                raise SignInRefused
            proof = await self._found().redeem(journey, answer.code, answer.issuer)
            return await self._signed_in(proof, client)
        except Problem as problem:
            await self._access.proving.note_failure(None, client, problem)
            raise

    async def log_out(self, session_ids: set[str], back: str) -> str | None:
        """Return where a browser goes to log out at the provider too; None where it never signed in there."""
        if self._provider is None:
            return None
        async with self._database.read() as session:
            rows = [await repository.provider_session(session, session_id) for session_id in session_ids]
        row = next((one for one in rows if one is not None), None)
        if row is None:
            return None
        try:
            id_token = self._sealer.open(row.id_token, _context(row.session_id)).decode()
        except SealBroken:
            id_token = None
        try:
            return await self._provider.log_out_url(id_token, back)
        except ProviderUnreachable:
            # Logging out here must not depend on it.
            return None

    async def logged_out_there(self, token: str) -> int:
        """End the sessions of who has logged out at the provider; return how many. Raises: ProviderNotTrusted."""
        said = await self._found().logged_out(token)
        subject, sid = said.get("sub"), said.get("sid")
        issuer = self._settings.oidc.issuer
        now = clock.now()
        async with self._database.write() as session:
            rows = await repository.sessions_of(session, issuer, subject, sid)
            await repository.end(session, [row.id for row, _user in rows], now)
            for row, user in rows:
                record(session, None, "logout", Target("session", row.id, user.username), after={"by": "provider"})
            after_commit(session, self._access.forget_actors)
        logger.info("sso.logged_out_there", sessions=len(rows))
        return len(rows)

    # The directory

    async def person(self, username: str, password: str) -> User | None:
        """Return the user whose name and password the directory knows; None if it does not.

        Raises: DirectoryUnreachable; NotAllowedHere; NoAccountHere; AccountDisabled.
        """
        assert self._directory is not None  # noqa: S101 - nobody asks otherwise
        stranger = await self._directory.person(username, password)
        if stranger is None:
            return None
        async with self._database.write() as session:
            return await self._folded_arrivals.settle(session, stranger, self._settings.ldap)

    async def again(self, user: User, password: str) -> bool:
        """Whether a password is that of a user who has come from the directory; raises as `person` does."""
        # Whose name was taken already has a number behind it here, and none there.
        for name in dict.fromkeys((user.username, _NUMBER.sub("", user.username))):
            found = await self.person(name, password)
            if found is not None and found.id == user.id:
                return True
        return False

    async def decoy(self) -> None:
        """Take as long as looking for somebody whom the directory does not know."""
        if self._directory is not None:
            await self._directory.person(secrets.token_hex(8), secrets.token_hex(8))

    # Parts

    def _found(self) -> Provider:
        if self._provider is None:
            raise NoProvider
        return self._provider

    async def _signed_in(self, proof: Proof, client: Client) -> SignedIn:
        stranger = self._stranger(proof.claims)
        try:
            return await self._admit(stranger, proof, client)
        except IntegrityError:
            # They came twice at once, and somebody has made them a user meanwhile.
            return await self._admit(stranger, proof, client)

    async def _admit(self, stranger: Stranger, proof: Proof, client: Client) -> SignedIn:
        async with self._database.write() as session:
            rules = self._settings.oidc
            user = await self._arrivals.settle(session, stranger, rules, link_by_mail=rules.link_by_mail)
            until = clock.now() + self.lasts
            signed_in = self._access.begin_session(session, user, client, "oidc", until=until)
            await session.flush()
            session.add(
                ProviderSession(
                    session_id=signed_in.session_id,
                    issuer=stranger.issuer,
                    subject=stranger.subject,
                    sid=text(proof.claims.get("sid"), 255),
                    id_token=self._sealer.seal(proof.id_token.encode(), _context(signed_in.session_id)),
                )
            )
        return signed_in

    def _stranger(self, claims: Mapping[str, object]) -> Stranger:
        settings = self._settings.oidc
        subject = str(claims["sub"])
        mail = text(claim(claims, settings.mail_claim), 254)
        verified = claims.get("email_verified") is True
        return Stranger(
            provider="oidc",
            issuer=settings.issuer,
            subject=subject,
            username=text(claim(claims, settings.username_claim), 200) or mail.partition("@")[0] or subject,
            display_name=text(claim(claims, settings.name_claim), 100),
            mail=mail if verified else "",
            groups=texts(claim(claims, settings.groups_claim)),
        )


def _context(session_id: str) -> str:
    return f"provider_session:{session_id}"
