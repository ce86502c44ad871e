"""The one table of routes that answer without an access token, each with its reason."""

OPEN_ROUTES: dict[tuple[str, str], str] = {
    ("POST", "/api/v1/auth/login"): "It is where tokens come from.",
    ("POST", "/api/v1/auth/refresh"): "The refresh cookie proves who asks; cross-site requests are refused.",
    ("POST", "/api/v1/auth/logout"): "Ends the session whose cookie or token it is shown, and no other.",
    ("GET", "/api/v1/auth/ways"): "The sign-in page shows by it what there is: switches and a label, nobody's data.",
    ("GET", "/api/v1/auth/oidc/start"): "Sends a browser that nobody has signed in with to the provider.",
    (
        "GET",
        "/api/v1/auth/oidc/callback",
    ): "The provider's code proves who comes, the sealed cookie that they began it.",
    ("POST", "/api/v1/auth/oidc/logout"): "Ends the session whose cookie it is shown; cross-site requests are refused.",
    ("POST", "/api/v1/auth/oidc/backchannel"): "The provider's signature proves who calls; it only ends sessions.",
    ("GET", "/api/v1/auth/self-service"): "The login page has to know what to offer; it is the same for everybody.",
    ("POST", "/api/v1/auth/password/forgotten"): "Whoever has forgotten a password has no token; nothing is told.",
    ("POST", "/api/v1/auth/password/reset"): "The link that was sent proves who asks; it works once.",
    ("POST", "/api/v1/auth/email/confirm"): "The link that was sent proves who asks; it works once.",
    ("POST", "/api/v1/auth/invitations/look"): "The link proves that somebody is invited.",
    ("POST", "/api/v1/auth/invitations/accept"): "The link proves that somebody is invited; it works once.",
    ("POST", "/api/v1/auth/register"): "Refused unless an administrator has switched it on; new users may do nothing.",
    ("POST", "/api/v1/hooks/sources/{script_id}"): "The signature proves who calls; it only has a source looked at.",
    (
        "POST",
        "/api/v1/hooks/{trigger_id}",
    ): "The signature or token of the webhook proves who calls; it starts its job.",
    ("GET", "/healthz"): "Tells a supervisor that the process lives, and nothing else.",
    ("GET", "/readyz"): "Tells a load balancer whether to send requests, and nothing else.",
    ("GET", "/api/v1/openapi.json"): "The same for everybody: it is published with each release.",
    ("GET", "/api/docs"): "The reference, read from the document above.",
    ("GET", "/metrics"): "Figures for Prometheus; elsewhere than on this machine itself they do need a token.",
    ("GET", "/{path:path}"): "The page and its files, the same for everybody; it shows nothing before signing in.",
    ("HEAD", "/{path:path}"): "The same, without the content.",
}
"""(method, path as the router writes it) → why it needs no token. A WebSocket's method is ``WEBSOCKET``."""

OPEN_SOCKETS: dict[str, str] = {
    "/api/v1/live": "The token is the first message; nothing is sent before it has been checked.",
    "/api/v1/editor/language": "The same; no language server is started before it has been checked.",
}
