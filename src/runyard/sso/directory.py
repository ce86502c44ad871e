"""Asking an LDAP directory whether somebody is who they say, and what groups they are in."""

import asyncio
import math
import re
import secrets
import ssl
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from runyard import log
from runyard.errors import Unavailable
from runyard.sso.mapping import Stranger, text
from runyard.sso_settings import LdapSettings

logger = log.get("sso")
_MARK = re.compile(r"\{(\w+)\}")
_LATER = {51, 52, 53, 80}
"""Results that say nothing of a password: busy, unavailable, unwilling, other."""
_MOST_GROUPS = 1000
_DECOY = "cn={random},dc=invalid"


class DirectoryUnreachable(Unavailable):
    """The directory of users can't be asked. Try again in a moment."""

    code = "ldap_unreachable"


class Directory:
    """One LDAP directory. It is asked in a thread, by a connection of its own for each sign-in."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._issuer = f"ldap:{settings.base or settings.user_dn}".lower()[:255]

    async def person(self, username: str, password: str) -> Stranger | None:
        """Return whose name and password that is; None if they are nobody's. Raises: DirectoryUnreachable.

        It takes a bind either way, so that no name is told to be unknown by the time it takes.
        """
        return await asyncio.to_thread(self._person, username, password)

    def _person(self, username: str, password: str) -> Stranger | None:
        # A bind without a password succeeds for everybody: it is the one of nobody (RFC 4513, 5.1.2).
        if not password or "\0" in username:
            return None
        ldap3 = _library()
        try:
            return self._asked(ldap3, username, password)
        except (ldap3.core.exceptions.LDAPException, OSError) as error:
            logger.warning("ldap.unreachable", error=type(error).__name__, reason=str(error)[:200])
            raise DirectoryUnreachable from error

    def _asked(self, ldap3: ModuleType, username: str, password: str) -> Stranger | None:
        settings = self._settings
        if settings.user_dn:
            dn = _filled(settings.user_dn, {"username": ldap3.utils.dn.escape_rdn(username)})
            with self._bound(ldap3, dn, password) as own:
                if own is None:
                    return None
                found = self._search(own, dn, "(objectClass=*)", ldap3.BASE)
                return self._stranger(ldap3, own, found[0]) if found else None
        with self._bound(ldap3, settings.bind_dn, _secret(settings)) as service:
            if service is None:
                logger.warning("ldap.service_refused")
                raise DirectoryUnreachable("The directory refuses the account that Runyard searches it with.")
            wanted = _filled(settings.user_filter, {"username": _escaped(ldap3, username)})
            found = self._search(service, settings.base, wanted, ldap3.SUBTREE)
            # Two of that name are nobody; a bind as nobody takes as long as another.
            dn = found[0]["dn"] if len(found) == 1 else _filled(_DECOY, {"random": secrets.token_hex(8)})
            with self._bound(ldap3, dn, password) as own:
                return self._stranger(ldap3, service, found[0]) if own is not None and len(found) == 1 else None

    @contextmanager
    def _bound(self, ldap3: ModuleType, dn: str, password: str) -> Iterator[Any]:
        """Yield a connection that is bound as `dn`, anonymously without one; None if the password is wrong."""
        settings = self._settings
        secure = settings.url.startswith("ldaps:")
        server = ldap3.Server(
            settings.url,
            use_ssl=secure,
            tls=_tls(ldap3, settings.ca_file),
            get_info=ldap3.NONE,
            connect_timeout=settings.timeout_s,
        )
        connection = ldap3.Connection(
            server,
            user=dn or None,
            password=password if dn else None,
            authentication=ldap3.SIMPLE if dn else ldap3.ANONYMOUS,
            receive_timeout=math.ceil(settings.timeout_s),
            # Another server would be sent the password.
            auto_referrals=False,
            raise_exceptions=False,
        )
        try:
            connection.open()
            if settings.start_tls and not secure and not connection.start_tls():
                raise DirectoryUnreachable("The directory does not offer StartTLS.")
            right = connection.bind()
            if not right and connection.result["result"] in _LATER:
                logger.warning("ldap.unwilling", result=connection.result["description"])
                raise DirectoryUnreachable
            yield connection if right else None
        finally:
            with suppress(ldap3.core.exceptions.LDAPException):
                connection.unbind()
            # What could not be opened whole is left open by the library.
            if connection.socket is not None:
                connection.socket.close()

    def _search(self, connection: Any, base: str, wanted: str, scope: str) -> list[dict[str, Any]]:
        settings = self._settings
        names = (settings.username_attribute, settings.name_attribute, settings.mail_attribute, settings.id_attribute)
        connection.search(base, wanted, scope, attributes=[name for name in names if name], size_limit=2)
        return [one for one in connection.response or () if one.get("type") == "searchResEntry"]

    def _stranger(self, ldap3: ModuleType, connection: Any, entry: Mapping[str, Any]) -> Stranger:
        settings = self._settings
        username = _value(entry, settings.username_attribute)
        subject = _value(entry, settings.id_attribute) if settings.id_attribute else entry["dn"].lower()
        if not username or not subject:
            raise DirectoryUnreachable(
                f"The directory does not tell {settings.username_attribute} and {settings.id_attribute} of its people."
            )
        return Stranger(
            provider="ldap",
            issuer=self._issuer,
            subject=subject[:255],
            username=username,
            display_name=text(_value(entry, settings.name_attribute), 100),
            mail=text(_value(entry, settings.mail_attribute), 254),
            groups=self._groups(ldap3, connection, entry["dn"], username),
        )

    def _groups(self, ldap3: ModuleType, connection: Any, dn: str, username: str) -> frozenset[str]:
        """Return the names of somebody's groups, and their distinguished names: either may be mapped."""
        settings = self._settings
        if not settings.group_base:
            return frozenset()
        values = {"dn": _escaped(ldap3, dn), "username": _escaped(ldap3, username)}
        wanted = _filled(settings.group_filter, values)
        connection.search(
            settings.group_base,
            wanted,
            ldap3.SUBTREE,
            attributes=[settings.group_attribute],
            size_limit=_MOST_GROUPS,
        )
        found = [one for one in connection.response or () if one.get("type") == "searchResEntry"]
        names = {_value(one, settings.group_attribute) for one in found}
        return frozenset(names | {one["dn"] for one in found}) - {""}


def _library() -> ModuleType:
    with warnings.catch_warnings():
        # Its last release asks pyasn1 for names that have since been renamed.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import ldap3
            import ldap3.core.exceptions
            import ldap3.utils.conv
            import ldap3.utils.dn
        except ImportError as error:
            raise DirectoryUnreachable("LDAP needs the extra: pip install 'runyard[ldap]'.") from error
    found: ModuleType = ldap3
    return found


def _tls(ldap3: ModuleType, ca_file: str) -> Any:
    """Return what makes a line private: Python itself checks names, as the library no longer can."""
    context = ssl.create_default_context(cafile=ca_file or None)

    class Tls(ldap3.Tls):  # type: ignore[misc, name-defined]
        def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - theirs
            connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host)

    return Tls()


def _secret(settings: LdapSettings) -> str:
    return settings.bind_password.get_secret_value() if settings.bind_password else ""


def _escaped(ldap3: ModuleType, value: str) -> str:
    return str(ldap3.utils.conv.escape_filter_chars(value))


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its marks replaced, once: what a value holds is no mark."""
    return _MARK.sub(lambda mark: values.get(mark[1], mark[0]), template)


def _value(entry: Mapping[str, Any], name: str) -> str:
    """Return an attribute's first value as text, and as hexadecimal digits where it is none."""
    raw = next((values for key, values in entry["raw_attributes"].items() if key.lower() == name.lower()), None)
    if not raw:
        return ""
    try:
        value = raw[0].decode()
    except UnicodeDecodeError:
        return str(raw[0].hex())
    return value if value.isprintable() else str(raw[0].hex())
