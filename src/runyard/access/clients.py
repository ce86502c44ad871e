"""Where a request comes from."""

from msgspec import Struct

from runyard.access.models import User
from runyard.audit.events import Who


class Client(Struct, frozen=True):
    """Where a request comes from: its address, what it calls itself, and the device token that it carries."""

    address: str = ""
    user_agent: str = ""
    device: str | None = None
    request_id: str = ""

    def as_who(self, user: User | None = None, session_id: str = "") -> Who:
        """Return who the audit says it was: a stranger unless they have proved to be `user`."""
        return Who(
            kind="stranger" if user is None else "user",
            id=user.id if user else "",
            name=user.username if user else "",
            session_id=session_id,
            address=self.address,
            user_agent=self.user_agent,
            request_id=self.request_id,
        )
