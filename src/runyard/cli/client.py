"""Speaking to a server: signed in, with its problems turned into sentences."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx

from runyard import __version__, clock
from runyard.cli.errors import NotLoggedIn, NotRunyard, Refused, ServerUnreachable, WaitsForConsent
from runyard.cli.session import Session, Sessions, chosen, on_this_machine
from runyard.errors import FieldError

PREFIX = "/api/v1"
REFRESH = "runyard_refresh"
DEVICE = "runyard_device"
SECURE = "__Secure-"
EARLY_S = 20.0
"""An access token is renewed so many seconds before it ends."""
PATIENCE = httpx.Timeout(60.0, connect=10.0)
UNAUTHORIZED = 401
Params = Mapping[str, Any] | list[tuple[str, Any]]


class Server:
    """One server, and who we are there.

    Every method raises `Refused` (an answer that says no), `NotLoggedIn`, `NotRunyard` or `ServerUnreachable`.
    """

    def __init__(self, url: str, sessions: Sessions, token: str | None = None) -> None:
        self.url = url
        self._sessions = sessions
        self._fixed = token
        self._called = "RUNYARD_TOKEN"
        self._http = _client(url)

    @classmethod
    def current(cls) -> Self:
        """Return the server that the environment or the last sign-in names."""
        sessions = Sessions.here()
        return cls(chosen(sessions), sessions, os.environ.get("RUNYARD_TOKEN") or None)

    def close(self) -> None:
        """Let go of the connections; the end of a command does it too."""
        self._http.close()

    # Requests

    def get(self, path: str, params: Params | None = None) -> Any:
        """Return the JSON of a GET."""
        return self.ask("GET", path, params=params)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """Return the JSON of a POST; None without content."""
        return self.ask("POST", path, json=body, **options)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of any request; None without content."""
        with self.opened(method, path, **options) as response:
            response.read()
            if not response.content:
                return None
            try:
                return response.json()
            except ValueError:
                raise NotRunyard(f"What answers at {self.url} is not Runyard.") from None

    def items(self, path: str, params: Mapping[str, Any] | None = None, most: int | None = None) -> Iterator[Any]:
        """Yield the items of a list, page after page, `most` of them at the most."""
        asked = {**(params or {}), "limit": min(most or 200, 500)}
        given = 0
        while True:
            page = self.get(path, asked)
            for item in page["items"]:
                yield item
                given += 1
                if given == most:
                    return
            if not page.get("next_cursor"):
                return
            asked["cursor"] = page["next_cursor"]

    @contextlib.contextmanager
    def opened(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        """Open an answer that says yes, its body still unread."""
        headers = {**options.pop("headers", {})}
        with contextlib.ExitStack() as stack:
            try:
                response = self._send(stack, method, path, headers, options)
                if response.status_code == UNAUTHORIZED and self._renewed(headers):
                    response = self._send(stack, method, path, headers, options)
                if response.status_code >= httpx.codes.MULTIPLE_CHOICES:
                    response.read()
                    raise self._refusal(response)
                if approval := response.headers.get("runyard-approval"):
                    raise WaitsForConsent(approval)
                yield response
            except httpx.TransportError as error:
                raise self._unreachable(error) from error

    def _send(
        self, stack: contextlib.ExitStack, method: str, path: str, headers: dict[str, str], options: dict[str, Any]
    ) -> httpx.Response:
        headers["Authorization"] = f"Bearer {self._token()}"
        return stack.enter_context(self._http.stream(method, PREFIX + path, headers=headers, **options))

    def _unreachable(self, error: httpx.TransportError) -> ServerUnreachable:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ServerUnreachable(f"No server answers at {self.url}.")
        why = str(error) or type(error).__name__
        return ServerUnreachable(f"The connection to {self.url} broke: {why}.", hint="Try again.")

    def _refusal(self, response: httpx.Response) -> Exception:
        problem = problem_of(response)
        if problem is None:
            return NotRunyard(f"What answers at {self.url} is not Runyard (HTTP {response.status_code}).")
        if response.status_code == UNAUTHORIZED:
            if self._fixed:
                return NotLoggedIn(f"The server does not accept {self._called}.", hint="Make one that is still good.")
            return NotLoggedIn(f"Your session at {self.url} has ended.")
        return problem

    # Who we are

    def login(self, username: str, password: str, code: str = "") -> bool:
        """Sign in and keep the session; tell whether a second factor has to be set up before anything else.

        `code` is of a second factor, which raises `Refused` where it is missing.
        """
        known = self._sessions.get(self.url) or Session()
        cookies = _both(DEVICE, known.device) if known.device else {}
        body = {"username": username, "password": password}
        answer = self._auth("login", cookies, body | ({"code": code} if code else {}))
        if answer.is_error:
            raise problem_of(answer) or NotRunyard(f"What answers at {self.url} is not Runyard.")
        session = _session(answer, Session(username=username, device=known.device))
        self._sessions.put(self.url, session, current=True)
        return bool(answer.json().get("second_factor_required"))

    def login_by_token(self, token: str) -> str:
        """Keep a token of the API in place of a session, once the server has taken it; return whose it is."""
        self._fixed, self._called = token, "this token"
        username = str(self.get("/me")["username"])
        known = self._sessions.get(self.url) or Session()
        self._sessions.put(self.url, Session(username=username, device=known.device, token=token), current=True)
        return username

    def logout(self) -> bool:
        """End the session here and at the server, or forget a token; whether there was one."""
        session = self._sessions.get(self.url)
        if session is None or not (session.refresh_token or session.token):
            return False
        self._sessions.drop(self.url)
        if session.token:
            return True
        self._auth("logout", _both(REFRESH, session.refresh_token))
        return True

    def _token(self) -> str:
        if self._fixed:
            return self._fixed
        session = self._sessions.get(self.url)
        if session is not None and session.token:
            return session.token
        if session is None or not session.refresh_token:
            raise NotLoggedIn(f"You are not signed in to {self.url}.")
        if session.expires_at - EARLY_S > clock.now().timestamp():
            return session.access_token
        return self._refresh(session.access_token)

    def _renewed(self, headers: Mapping[str, str]) -> bool:
        """Whether there is another token than the one that was not accepted."""
        session = self._sessions.get(self.url)
        if self._fixed or (session is not None and session.token):
            return False
        return bool(self._refresh(headers["Authorization"].removeprefix("Bearer ")))

    def _refresh(self, stale: str) -> str:
        """Renew the session unless another command has just done so; return its access token."""
        with self._sessions.turn():
            session = self._sessions.get(self.url)
            if session is None or not session.refresh_token:
                raise NotLoggedIn(f"You are not signed in to {self.url}.")
            fresh = session.expires_at - EARLY_S > clock.now().timestamp()
            if fresh and session.access_token != stale:
                return session.access_token
            answer = self._auth("refresh", _both(REFRESH, session.refresh_token))
            if answer.status_code == UNAUTHORIZED:
                self._sessions.drop(self.url)
                raise NotLoggedIn(f"Your session at {self.url} has ended.")
            if answer.is_error:
                raise problem_of(answer) or NotRunyard(f"What answers at {self.url} is not Runyard.")
            session = _session(answer, session)
            self._sessions.put(self.url, session)
            return session.access_token

    def _auth(self, what: str, cookies: Mapping[str, str], body: Any = None) -> httpx.Response:
        crumbs = "; ".join(f"{name}={value}" for name, value in cookies.items())
        try:
            return self._http.post(f"{PREFIX}/auth/{what}", json=body, headers={"Cookie": crumbs} if crumbs else {})
        except httpx.TransportError as error:
            raise self._unreachable(error) from error


def _client(url: str) -> httpx.Client:
    # The certificates of the world take 30 ms to load; plain http needs none.
    import ssl

    return httpx.Client(
        base_url=url,
        timeout=PATIENCE,
        headers={"User-Agent": f"runyard-cli/{__version__}", "X-Runyard-Client": "cli", "Accept": "application/json"},
        verify=True if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        # A proxy set for the world is not meant for this machine.
        trust_env=not on_this_machine(url),
    )


def _session(answer: httpx.Response, known: Session) -> Session:
    """Return the session that a sign-in or a refresh yields; a cookie left out stays as it is."""
    tokens = answer.json()
    return Session(
        username=known.username,
        refresh_token=_cookie(answer, REFRESH) or known.refresh_token,
        access_token=tokens["access_token"],
        expires_at=clock.now().timestamp() + tokens["expires_in"],
        device=_cookie(answer, DEVICE) or known.device,
    )


def _both(name: str, value: str) -> dict[str, str]:
    """Return a cookie as it is called over HTTPS and elsewhere; which of them counts, the server knows."""
    return {SECURE + name: value, name: value}


def _cookie(answer: httpx.Response, name: str) -> str | None:
    return answer.cookies.get(SECURE + name) or answer.cookies.get(name)


def problem_of(response: httpx.Response) -> Refused | None:
    """Return the problem that an answer carries; None if it carries none."""
    try:
        body = response.json()
    except ValueError:
        return None
    if not isinstance(body, dict) or "detail" not in body or "code" not in body:
        return None
    fields = [
        FieldError(str(error.get("field", "")), str(error.get("message", "")), str(error.get("code", "")))
        for error in body.get("errors") or ()
        if isinstance(error, dict)
    ]
    return Refused(str(body["detail"]), status=response.status_code, problem=str(body["code"]), fields=fields)
