"""Letters handed to a real mail server: what arrives, what is tried again, and what is not."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ValidationError

from runyard.db.session import Database
from runyard.mail.letters import Letter
from runyard.mail.post import Post
from runyard.mail_settings import MailSettings

from .sink import Sink, link_in, standing, text_of

LETTER = Letter("ada@example.org", "你好, a letter", "第一行\n\nhttps://yard.example/x#a=b\n" + "long " * 50)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with standing() as sink:
        yield sink


def plain(sink: Sink, **more: Any) -> MailSettings:
    facts = {"host": "127.0.0.1", "port": sink.port, "security": "none", "sender": "Yard <yard@example.org>"}
    return MailSettings.model_validate(facts | more)


async def posted(settings: MailSettings, letter: Letter = LETTER) -> list[str]:
    """Send a letter, trying again at once; return what the log says of it."""
    structlog.reset_defaults()
    with structlog.testing.capture_logs() as events:
        post = Post(settings, (0.0, 0.0))
        post.send(letter)
        await asyncio.gather(*post._going)
        await post.close()
    assert letter.to not in repr(events)
    assert "yard.example/x" not in repr(events)
    return [event["event"] for event in events]


async def test_a_letter_arrives_as_it_was_written(sink: Sink) -> None:
    assert await posted(plain(sink)) == ["mail.sent"]
    (message,) = sink.kept
    assert (message["from"], message["to"]) == ("Yard <yard@example.org>", "ada@example.org")
    assert message["subject"] == "你好, a letter"
    assert message["auto-submitted"] == "auto-generated"
    assert message["message-id"].endswith("@example.org>")
    assert message["date"].datetime.utcoffset() is not None
    assert text_of(message).strip() == LETTER.text.strip()
    assert link_in(message) == "https://yard.example/x#a=b"


async def test_over_starttls_with_a_name_and_a_password(
    tls: ssl.SSLContext, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with standing(tls=tls, login=("yard", "its password")) as sink:
        settings = plain(sink, security="starttls", username="yard", password="its password")
        assert await posted(settings) == ["mail.sent"]
        wrong = plain(sink, security="starttls", username="yard", password="another")
        # Nothing is gained by trying a wrong password again.
        assert await posted(wrong) == ["mail.failed"]
        assert len(sink.kept) == 1


async def test_nothing_is_told_to_a_server_that_can_not_prove_who_it_is(tls: ssl.SSLContext) -> None:
    with standing(tls=tls, login=("yard", "its password")) as sink:
        settings = plain(sink, security="starttls", username="yard", password="its password")
        assert await posted(settings) == ["mail.failed"]
        assert sink.tries == 0


async def test_a_server_without_starttls_is_not_spoken_to_in_the_clear(sink: Sink) -> None:
    assert await posted(plain(sink, security="starttls")) == ["mail.failed"]
    assert sink.tries == 0


@pytest.mark.parametrize(
    ("answers", "events", "tries"),
    [
        (["451 not now"], ["mail.failed", "mail.sent"], 2),
        (["451 not now", "421 nor now"], ["mail.failed", "mail.failed", "mail.sent"], 3),
        (["451 no", "451 no", "451 no", "451 no"], ["mail.failed"] * 3, 3),
        (["554 never"], ["mail.failed"], 1),
    ],
)
async def test_what_a_server_takes_later_is_tried_again(
    sink: Sink, answers: list[str], events: list[str], tries: int
) -> None:
    sink.answers = answers
    assert await posted(plain(sink)) == events
    assert sink.tries == tries


async def test_a_server_that_is_not_there_is_tried_again(sink: Sink) -> None:
    with standing() as gone:
        port = gone.port
    assert await posted(plain(sink, port=port)) == ["mail.failed"] * 3


@pytest.mark.parametrize("to", ["no address", "a@b\r\nBcc: c@d", ""])
async def test_what_is_no_address_goes_nowhere(sink: Sink, to: str) -> None:
    post = Post(plain(sink), ())
    post.send(Letter(to, "x", "y"))
    await asyncio.gather(*post._going)
    assert sink.tries == 0


async def test_a_letter_goes_with_what_it_is_about_or_not_at_all(sqlite: Database, sink: Sink) -> None:
    post = Post(plain(sink), ())

    async def undone() -> None:
        async with sqlite.write() as session:
            post.send_after(session, Letter("undone@example.org", "x", "y"))
            raise LookupError

    with pytest.raises(LookupError):
        await undone()
    async with sqlite.write() as session:
        post.send_after(session, LETTER)
        assert not post._going
    await asyncio.gather(*post._going)
    assert [message["to"] for message in sink.kept] == [LETTER.to]


async def test_without_a_server_nothing_is_sent() -> None:
    assert await posted(MailSettings()) == ["mail.dropped"]


@pytest.mark.parametrize(
    "facts",
    [
        {"host": "mail.example.org"},
        {"host": "mail.example.org", "sender": "nobody"},
        {"host": "h", "sender": "a@b", "security": "none", "password": "x"},
        {"port": 0},
        {"security": "maybe"},
    ],
)
def test_settings_that_can_not_be_meant(facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MailSettings.model_validate(facts)
