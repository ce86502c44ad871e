"""Letters as messages, and handing them over by SMTP. Loaded when the first letter is sent; everything here blocks."""

import smtplib
import ssl
from contextlib import suppress
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr

from runyard.mail.letters import Letter
from runyard.mail_settings import MailSettings

PORTS = {"starttls": 587, "tls": 465, "none": 25}
PERMANENT = 500


def message_of(letter: Letter, sender: str, now: datetime) -> EmailMessage:
    """Return the message that carries a letter; raise ValueError or MessageError for what can't be an address."""
    message = EmailMessage()
    name, address = parseaddr(sender)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    # Nobody's holiday notice is wanted as an answer.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    return message


def hand_over(letter: Letter, settings: MailSettings, now: datetime) -> None:
    """Give a letter to the server. Raises: OSError, of which smtplib's errors are; ValueError; MessageError."""
    message = message_of(letter, settings.sender, now)
    port, timeout = settings.port or PORTS[settings.security], settings.timeout_s
    if settings.security == "tls":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, port, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(settings.host, port, timeout=timeout)
    try:
        if settings.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.username:
            password = settings.password.get_secret_value() if settings.password else ""
            server.login(settings.username, password)
        server.send_message(message)
    finally:
        # Whatever comes of the farewell: the letter was taken, or the reason why not is told already.
        with suppress(OSError):
            server.quit()
        server.close()


def is_passing(error: Exception) -> bool:
    """Whether the same letter may be taken later."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return all(code < PERMANENT for code, _said in error.recipients.values())
        case smtplib.SMTPResponseException():
            return error.smtp_code < PERMANENT
        case smtplib.SMTPNotSupportedError() | ssl.SSLCertVerificationError():
            return False
        case ValueError() | MessageError():
            return False
    return isinstance(error, OSError)


def told(error: Exception) -> str:
    """Return what of an error may be logged: a server's own words may hold an address."""
    name = type(error).__name__
    return f"{name} {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else name
