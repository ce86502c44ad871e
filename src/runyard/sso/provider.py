"""Talking to the OpenID provider that the settings name: what it offers, its keys, its tokens."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from msgspec import Struct

from runyard import clock, log
from runyard.errors import Unavailable
from runyard.sso.id_tokens import Expected, ProviderNotTrusted, UnknownKey, read_id_token, read_logout_token
from runyard.sso.journeys import Journey
from runyard.sso_settings import OidcSettings, is_safe_url

if TYPE_CHECKING:
    import httpx

logger = log.get("sso")
KEPT_S = 3600.0
"""How long it is believed what the provider offers, and its keys."""
AGAIN_S = 30.0
"""How soon keys may be asked for again because of one that is not among them."""
MOST = 1024 * 1024
_UNAUTHORISED = 401


class ProviderUnreachable(Unavailable):
    """The sign-in provider can't be reached. Try again in a moment."""

    code = "sso_unreachable"


class SignInRefused(ProviderNotTrusted):
    """The provider did not sign you in."""

    code = "sso_refused"


class Offer(Struct, frozen=True):
    """What a provider says of itself."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    end_session: str
    by_post: bool
    names_itself: bool


class Proof(Struct, frozen=True):
    """What a finished sign-in has proved: the ID token, and all claims of its subject."""

    id_token: str
    claims: Mapping[str, Any]


class Provider:
    """One OpenID provider; asked when somebody signs in, never at the start."""

    def __init__(self, settings: OidcSettings, transport: "httpx.AsyncBaseTransport | None" = None) -> None:
        self._settings = settings
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._offer: tuple[Offer, float] | None = None
        self._keys: tuple[list[dict[str, Any]], float] | None = None
        self._turn = asyncio.Lock()
        self._expected = Expected(settings.issuer, settings.client_id)

    async def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def authorization_url(self, journey: Journey) -> str:
        """Return where a browser goes to sign in; raise `ProviderUnreachable`."""
        offer = await self.offer()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": journey.redirect_uri,
            "scope": " ".join(self._settings.scopes.split()),
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": journey.challenge,
            "code_challenge_method": "S256",
        }
        return _with(offer.authorization, asked)

    async def redeem(self, journey: Journey, code: str, named_issuer: str | None) -> Proof:
        """Exchange the code that a browser came back with.

        `named_issuer` is who says to have answered (RFC 9207). Raises: SignInRefused; ProviderNotTrusted;
        ProviderUnreachable.
        """
        offer = await self.offer()
        if named_issuer != self._settings.issuer and (named_issuer is not None or offer.names_itself):
            raise ProviderNotTrusted("Another provider has answered.")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": journey.redirect_uri,
            "code_verifier": journey.verifier,
        }
        said = await self._post(offer, form)
        id_token = said.get("id_token")
        if not isinstance(id_token, str):
            raise ProviderNotTrusted("The provider has sent no ID token.")
        now = clock.now()
        claims = await self._checked(lambda keys: read_id_token(id_token, keys, self._expected, journey.nonce, now))
        return Proof(id_token, {**await self._userinfo(offer, said.get("access_token"), claims["sub"]), **claims})

    async def logged_out(self, token: str) -> dict[str, Any]:
        """Return who has logged out, by a token that the provider has sent; raise `ProviderNotTrusted`."""
        now = clock.now()
        return await self._checked(lambda keys: read_logout_token(token, keys, self._expected, now))

    async def log_out_url(self, id_token: str | None, back: str) -> str | None:
        """Return where a browser goes to log out there too, if the provider has such a place."""
        offer = await self.offer()
        if not offer.end_session:
            return None
        asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": back}
        return _with(offer.end_session, asked | ({"id_token_hint": id_token} if id_token else {}))

    async def offer(self) -> Offer:
        """Return what the provider offers; raise `ProviderUnreachable`, `ProviderNotTrusted`."""
        async with self._turn:
            if self._offer is None or self._offer[1] <= clock.monotonic():
                issuer = self._settings.issuer
                url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                offer = _read_offer(await self._get(url), issuer)
                self._offer = offer, clock.monotonic() + KEPT_S
            return self._offer[0]

    async def _checked(self, read: Any) -> dict[str, Any]:
        """Return what `read` makes of a token with the provider's keys, which it may have changed."""
        try:
            return dict(read(await self._known_keys(KEPT_S)))
        except UnknownKey:
            return dict(read(await self._known_keys(AGAIN_S)))

    async def _known_keys(self, no_older_than_s: float) -> list[dict[str, Any]]:
        offer = await self.offer()
        async with self._turn:
            now = clock.monotonic()
            if self._keys is None or self._keys[1] + no_older_than_s <= now:
                keys = (await self._get(offer.keys)).get("keys")
                if not isinstance(keys, list):
                    raise ProviderNotTrusted("The provider publishes no keys.")
                self._keys = [key for key in keys if isinstance(key, dict)], now
            return self._keys[0]

    async def _userinfo(self, offer: Offer, access_token: Any, subject: str) -> dict[str, Any]:
        if not offer.userinfo or not isinstance(access_token, str):
            return {}
        said = await self._get(offer.userinfo, {"Authorization": f"Bearer {access_token}"})
        # Else somebody could be given another's claims.
        if said.get("sub") != subject:
            raise ProviderNotTrusted("The provider speaks of somebody else.")
        return said

    async def _post(self, offer: Offer, form: dict[str, str]) -> dict[str, Any]:
        import httpx

        client_id, secret = self._settings.client_id, self._settings.client_secret
        auth = None
        if secret is None or offer.by_post:
            form |= {"client_id": client_id}
            form |= {} if secret is None else {"client_secret": secret.get_secret_value()}
        else:
            # Both are encoded as in a form before they are joined (RFC 6749, 2.3.1).
            auth = httpx.BasicAuth(_encoded(client_id), _encoded(secret.get_secret_value()))
        answer = await self._ask("POST", offer.token, data=form, auth=auth)
        if answer.is_error:
            said = _json(answer, strict=False)
            error = str(said.get("error", answer.status_code))[:100]
            logger.warning("sso.token_refused", error=error, status=answer.status_code)
            if answer.status_code == _UNAUTHORISED or error == "invalid_client":
                raise SignInRefused("The provider does not know this installation: its client id or secret is wrong.")
            raise SignInRefused
        return _json(answer)

    async def _get(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        answer = await self._ask("GET", url, headers=headers or {})
        if answer.is_error:
            logger.warning("sso.provider_answered", status=answer.status_code)
            raise ProviderUnreachable
        return _json(answer)

    async def _ask(self, method: str, url: str, **options: Any) -> "httpx.Response":
        import httpx

        if self._client is None:
            # Redirects are not followed: secrets go to the addresses that the provider itself has named.
            self._client = httpx.AsyncClient(timeout=self._settings.timeout_s, transport=self._transport)
        auth = options.pop("auth", None)
        request = self._client.build_request(method, url, **options)
        request.headers["accept"] = "application/json"
        try:
            answer = await self._client.send(request, auth=auth, stream=True)
            try:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MOST:
                        raise ProviderNotTrusted("The provider's answer is too long.")
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            logger.warning("sso.unreachable", error=type(error).__name__)
            raise ProviderUnreachable from error
        if answer.is_redirect:
            raise ProviderUnreachable("The provider's address leads elsewhere: name the one that it calls its issuer.")
        return httpx.Response(answer.status_code, content=body)


def _read_offer(said: Mapping[str, Any], issuer: str) -> Offer:
    if said.get("issuer") != issuer:
        raise ProviderNotTrusted("The provider calls itself by another name than sso.oidc.issuer.")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint")
    urls = [said.get(name) or "" for name in names]
    if not all(isinstance(url, str) and (is_safe_url(url) or not url) for url in urls) or not all(urls[:3]):
        raise ProviderNotTrusted("The provider's addresses are missing, or not private.")
    ways = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    by_post = "client_secret_basic" not in ways and "client_secret_post" in ways
    authorization, token, keys, userinfo, end_session = urls
    names_itself = said.get("authorization_response_iss_parameter_supported") is True
    return Offer(authorization, token, keys, userinfo, end_session, by_post, names_itself)


def _json(answer: "httpx.Response", *, strict: bool = True) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if isinstance(said, dict):
        return said
    if strict:
        raise ProviderNotTrusted("The provider's answer can't be read.")
    return {}


def _with(url: str, asked: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"


def _encoded(text: str) -> str:
    return urlencode({"": text})[1:]
