import base64
import html
import json
import shlex
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from runyard.secrets.forms import forms
from runyard.secrets.masking import MASK, Masker

SECRET = 'p/ss+w0rd "q" <é>&%'


def naive(patterns: list[bytes], text: bytes) -> bytes:
    """Leftmost-longest replacement, one byte after the other."""
    out, at = b"", 0
    while at < len(text):
        hit = max((p for p in patterns if text.startswith(p, at)), key=len, default=b"")
        out += MASK if hit else text[at : at + 1]
        at += len(hit) or 1
    return out


def stream(masker: Masker, pieces: list[bytes]) -> bytes:
    return b"".join([*(masker.feed(piece) for piece in pieces), masker.flush()])


def cut(text: bytes, places: list[int]) -> list[bytes]:
    borders = [0, *sorted(p % (len(text) + 1) for p in places), len(text)]
    return [text[a:b] for a, b in pairwise(borders)]


WRITTEN = {
    "raw": SECRET,
    "json": json.dumps(SECRET)[1:-1],
    "json utf-8": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "json of go": json.dumps(SECRET, ensure_ascii=False)[1:-1]
    .replace("<", "\\u003c")
    .replace(">", "\\u003e")
    .replace("&", "\\u0026"),
    "json of php": json.dumps(SECRET).replace("/", "\\/")[1:-1],
    "url": quote(SECRET, safe=""),
    "url path": quote(SECRET),
    "url lower": quote(SECRET, safe="")
    .replace("%2F", "%2f")
    .replace("%C3%A9", "%c3%a9")
    .replace("%3C", "%3c")
    .replace("%3E", "%3e")
    .replace("%2B", "%2b"),
    "form": quote_plus(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 url": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "json in json": json.dumps(json.dumps(SECRET))[3:-3],
    "python": repr("'" + SECRET)[2:-1].removeprefix("'"),
    "shell": SECRET.replace("'", "'\\''"),
    "html": html.escape(SECRET),
    "html without quotes": html.escape(SECRET, quote=False),
    "hexadecimal": SECRET.encode().hex(),
    "hexadecimal in capitals": SECRET.encode().hex().upper(),
    "hexadecimal with colons": SECRET.encode().hex(":"),
    "base64 unpadded": base64.b64encode(SECRET.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_every_form_of_a_secret_is_masked_whole(form: str) -> None:
    masker = Masker([SECRET])
    assert masker.mask_text(f"<{WRITTEN[form]}>") == "<***>"


QUOTED = 'it\'s "p\\w" <b>&'


@pytest.mark.parametrize(
    "written",
    [
        repr(QUOTED)[1:-1],
        shlex.quote(QUOTED)[1:-1],
        QUOTED.replace("'", "'\\''"),
        html.escape(QUOTED),
        html.escape(QUOTED).replace("&#x27;", "&#39;"),
        json.dumps(json.dumps(QUOTED))[3:-3],
        QUOTED.encode().hex(" "),
    ],
)
def test_quotes_of_every_kind_hide_nothing(written: str) -> None:
    assert Masker([QUOTED]).mask_text(f"<{written}>") == "<***>"


def test_a_key_with_the_line_ends_of_a_terminal_is_masked_whole() -> None:
    key = "-----BEGIN-----\nabcdefgh\nxy\n-----END-----"
    assert Masker([key]).mask_text(key.replace("\n", "\r\n")) == "***"


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "html": html.escape,
}


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=6), min_size=1),
    st.lists(
        st.tuples(st.integers(0, 99), st.sampled_from(sorted(ENCODINGS)), st.text(st.sampled_from("#\n"), max_size=3))
    ),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_secrets_in_any_encoding_and_any_pieces_never_come_out(
    secrets: list[str], told: list[tuple[int, str, str]], places: list[int]
) -> None:
    secrets = [secret for secret in secrets if len(secret.strip("\r\n").strip()) >= 6]
    assume(secrets)
    pieces = [(secrets[n % len(secrets)].strip("\r\n"), how, between) for n, how, between in told]
    written = [(ENCODINGS[how](secret), between) for secret, how, between in pieces]
    text = "".join(f"#{form}#{between}" for form, between in written).encode()
    shown = stream(Masker(secrets), cut(text, places)).decode()
    assert all(form not in shown for form, _ in written)
    assert shown == Masker(secrets).mask(text).decode()


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("after", range(3))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_of_a_text_that_holds_the_secret_keeps_at_most_its_rims(
    before: int, after: int, encode: Callable[[bytes], bytes]
) -> None:
    secret = b"hunter2-\xc3\xa9\xff".decode("utf-8", "surrogateescape")
    raw = secret.encode("utf-8", "surrogateescape")
    shown = Masker([secret]).mask(encode(b"u" * before + raw + b":" * after))
    assert MASK in shown
    # Of a run of characters that hold nothing but secret bits, none is left; the rims hold at most 4 bits each side.
    assert len(shown.replace(MASK, b"").rstrip(b"=")) <= len(encode(b"u" * before).rstrip(b"=")) + 3 + after * 2


def test_wrapped_base64_is_masked_line_by_line() -> None:
    secret = "".join(chr(33 + n % 90) for n in range(200))
    wrapped = base64.encodebytes(secret.encode())
    assert Masker([secret]).mask(wrapped) == b"***\n***\n***\n***\n"[: len(b"***\n") * wrapped.count(b"\n")]


@pytest.mark.parametrize(
    ("values", "text", "shown"),
    [
        (["abc"], "xabcx", "x***x"),
        (["abc", "abcdef"], "abcdefg abcde", "***g ***de"),
        (["abc", "bcde"], "abcde", "***de"),
        (["aa"], "aaaaa", "******a"),
        ([""], "nothing", "nothing"),
        (["", "\n", "  ", "\t\n"], "a b\n\tc", "a b\n\tc"),
        ([], "nothing", "nothing"),
        (["word\n"], "a word here", "a *** here"),
        (["first line\nsecond line"], "first line\nsecond line\n", "***\n"),
        (["first line\nsecond line"], "second line, first line", "***, ***"),
        (["first line\r\nsecond line\r\n"], "second line\nfirst line\n", "***\n***\n"),
        (['{\n  "key": "v1234"\n}'], '{}\n  "key": "v1234"\n', "{}\n  ***\n"),
        (["first line\nsecond"], r"{\"v\": \"first line\nsecond\"}", r"{\"v\": \"***\"}"),
        (["密码一二"], "他的密码一二!", "他的***!"),
        (["密码一二"], json.dumps("他的密码一二!"), '"\\u4ed6\\u7684***!"'),
        (["***"], "a***b", "a***b"),
        (["a.c*"], "abccc a.c*", "abccc ***"),
    ],
)
def test_masking_by_cases(values: list[str], text: str, shown: str) -> None:
    assert Masker(values).mask_text(text) == shown
    assert stream(Masker(values), [text.encode()[n : n + 1] for n in range(len(text.encode()))]).decode() == shown


ALPHABET = st.sampled_from("ab\nc")
values_ = st.lists(st.text(ALPHABET, max_size=8), max_size=4)
texts_ = st.text(ALPHABET, max_size=60).map(str.encode)
places_ = st.lists(st.integers(0, 1000), max_size=12)


@given(values_, texts_, places_)
@example(["ab", "aab\nb"], b"aab\n", [1, 2, 3])
def test_what_comes_out_is_the_plain_rule_whatever_the_cuts(values: list[str], text: bytes, places: list[int]) -> None:
    expected = naive(forms(values), text)
    assert Masker(values).mask(text) == expected
    assert stream(Masker(values), cut(text, places)) == expected


@given(st.text(min_size=1, max_size=30), st.binary(max_size=30), st.binary(max_size=30), places_)
def test_any_secret_between_any_bytes_never_comes_out(
    secret: str, before: bytes, after: bytes, places: list[int]
) -> None:
    assume(secret.strip())
    assume("*" not in secret)
    core = secret.strip("\r\n").encode()
    text = before + core + after
    shown = stream(Masker([secret]), cut(text, places))
    assert shown == naive(forms([secret]), text)
    assert all(core not in piece for piece in shown.split(MASK))


@given(values_, texts_, places_)
def test_only_an_end_that_may_become_a_secret_is_held(values: list[str], text: bytes, places: list[int]) -> None:
    masker, patterns = Masker(values), forms(values)
    for piece in cut(text, places):
        masker.feed(piece)
        held = masker._held
        assert not held or any(p.startswith(held) and len(p) > len(held) for p in patterns)


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=12)),
    st.binary(max_size=60),
)
def test_a_complete_line_is_not_held_for_secrets_of_one_line(values: list[str], text: bytes) -> None:
    masker = Masker(values)
    masker.feed(text + b"\n")
    assert masker.held == 0


def test_a_line_waits_only_while_it_may_begin_a_secret_of_several_lines() -> None:
    masker = Masker(["first line\nsecond line"])
    assert masker.feed(b"hello\n") == b"hello\n"
    assert masker.feed(b"say first line\n") == b"say "
    assert masker.feed(b"other\n") == b"***\nother\n"


def test_twins_share_secrets_but_not_streams() -> None:
    one = Masker(["secret"])
    assert one.feed(b"sec") == b""
    other = one.twin()
    assert other.feed(b"ret secret") == b"ret ***"
    assert one.feed(b"ret") == b"***"
    assert one.flush() == b""


def test_text_with_lone_surrogates_survives() -> None:
    assert Masker(["secret"]).mask_text("a\ud800 secret") == "a\ud800 ***"


def test_a_flush_leaves_the_masker_ready_for_another_stream() -> None:
    masker = Masker(["secret"])
    assert masker.feed(b"sec") + masker.flush() == b"sec"
    assert masker.feed(b"ret") + masker.flush() == b"ret"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a 4711 b", "a *** b"),
        ({"k4711": ["4711", {"deep": "x4711x"}]}, {"k***": ["***", {"deep": "x***x"}]}),
        # A number that holds a secret can't stay one.
        (4711, "***"),
        (-47110.5, "-***0.5"),
        ([True, False, None, 1, 2.5, ""], [True, False, None, 1, 2.5, ""]),
        ({}, {}),
    ],
)
def test_json_is_masked_in_every_place(value: object, shown: object) -> None:
    assert Masker(["4711"]).mask_json(value) == shown
    assert Masker([]).mask_json(value) == value


def test_a_secret_that_is_no_unicode_is_masked_as_it_would_be_written() -> None:
    assert Masker(["abc\ud800def"]).mask_text("-abc\ud800def-") == "-***-"
    assert Masker(["abc\udc80def"]).mask(b"-abc\x80def-") == b"-***-"
