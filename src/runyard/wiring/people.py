"""Who looks after people: users, roles, teams, members, tokens, sessions, and signing in elsewhere."""

from runyard.access.api_tokens import ApiTokens
from runyard.access.arrivals import Arrivals
from runyard.access.mail_links import MailLinks
from runyard.access.roles import Roles
from runyard.access.service import AccessService
from runyard.access.sessions import Sessions
from runyard.access.teams import Teams
from runyard.access.users import Users
from runyard.db.session import Database
from runyard.mail.post import Post
from runyard.projects.administration import Administration
from runyard.projects.members import Members
from runyard.projects.service import ProjectService
from runyard.secrets.sealing import Sealer
from runyard.settings import Settings
from runyard.sso.service import SsoService


class People:
    """The services that routes about people ask for, wired to each other."""

    def __init__(
        self, settings: Settings, database: Database, access: AccessService, projects: ProjectService, sealer: Sealer
    ) -> None:
        actors = access.actors
        users, roles = Users(database, access.passwords, actors), Roles(actors)
        teams = Teams(users, actors)
        self.sso = SsoService(settings, database, access, projects, roles, sealer)
        access.proving.elsewhere = self.sso if settings.sso.ldap.url else None
        self._post = Post(settings.mail)
        self._links = MailLinks(
            database, settings, access.passwords, access.proving, actors, self._post, access.budgets
        )
        self.services: tuple[object, ...] = (
            access.factors,
            users,
            roles,
            teams,
            self.sso,
            ApiTokens(actors),
            Administration(projects, actors),
            Members(projects, users, teams, roles, actors),
            Sessions(actors),
            self._links,
            Arrivals(database, settings, access.passwords, projects, roles, self._post, access.budgets),
        )

    async def close(self) -> None:
        """Finish what was asked for, and leave letters that nobody takes."""
        await self._links.finished()
        await self._post.close()
        await self.sso.close()
