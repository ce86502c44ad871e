"""Sending letters: away from the event loop, and after what they are about is committed."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.db.session import after_commit
from runyard.mail.letters import Letter
from runyard.mail_settings import MailSettings

logger = log.get("mail")

PAUSES_S = (5.0, 30.0, 120.0)
"""How long a letter that could not be handed over waits before each further try."""
WAITING = 1000
"""How many letters may wait; further ones are dropped, and the log says so."""
LEAVE_S = 2.0


class Post:
    """The letters of one process.

    What waits is in memory only: a letter that a stop has swallowed is asked for again.
    """

    def __init__(self, settings: MailSettings, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._settings = settings
        self._pauses_s = tuple(pauses_s)
        self._going: set[asyncio.Task[None]] = set()
        # One connection at a time: many at once look like an attack to mail servers.
        self._turns = asyncio.Lock()

    @property
    def is_set_up(self) -> bool:
        """Whether there is a server to hand letters to."""
        return bool(self._settings.host)

    def send_after(self, session: AsyncSession, letter: Letter) -> None:
        """Send a letter once the session's transaction is committed, and never if it is not."""
        after_commit(session, lambda: self.send(letter))

    def send(self, letter: Letter) -> None:
        """Send a letter soon; whether the server took it is told by the log."""
        if not self.is_set_up or len(self._going) >= WAITING:
            logger.error("mail.dropped", to=letter.domain, waiting=len(self._going))
            return
        task = asyncio.get_running_loop().create_task(self._deliver(letter), name="mail.deliver")
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def close(self) -> None:
        """Give letters on their way a moment, and leave the rest."""
        if self._going:
            await asyncio.wait(self._going, timeout=LEAVE_S)
        for task in self._going:
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)

    async def _deliver(self, letter: Letter) -> None:
        tries = (*self._pauses_s, None)
        for pause_s in tries:
            if await self._handed_over(letter, last=pause_s is None) or pause_s is None:
                return
            await asyncio.sleep(pause_s)

    async def _handed_over(self, letter: Letter, *, last: bool) -> bool:
        """Try once; true says that there is nothing left to try."""
        try:
            async with self._turns:
                await asyncio.to_thread(_hand_over, letter, self._settings)
        except Exception as error:  # noqa: BLE001 - whatever a server or a network thinks up
            from runyard.mail.smtp import is_passing, told

            again = is_passing(error) and not last
            logger.warning("mail.failed", to=letter.domain, error=told(error), again=again)
            return not again
        logger.info("mail.sent", to=letter.domain)
        return True


def _hand_over(letter: Letter, settings: MailSettings) -> None:
    # Few installations send letters, and none does so at its start.
    from runyard.mail.smtp import hand_over

    hand_over(letter, settings, clock.now())
