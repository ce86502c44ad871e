"""What a browser complains about: errors on its console, exceptions, refused styles and scripts, failing answers."""

import re

from playwright.async_api import BrowserContext, ConsoleMessage, Response, WebError

# The console says most violations itself; the event says every one.
_TELL_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`content policy: ${event.violatedDirective} refused ${event.blockedURI} ${event.sample}`)
})
"""


class Watch:
    """Collects the complaints of every page of a context."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    async def begin(self, context: BrowserContext) -> None:
        """Listen from now on."""
        await context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._said)
        context.on("weberror", self._threw)
        context.on("response", self._answered)

    def allow(self, pattern: str) -> None:
        """Expect complaints like this one: what the test provokes on purpose."""
        self._allowed.append(re.compile(pattern))

    @property
    def unexpected(self) -> list[str]:
        return [said for said in self.complaints if not any(known.search(said) for known in self._allowed)]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _threw(self, error: WebError) -> None:
        self.complaints.append(f"exception: {error.error}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} from {response.url}")
