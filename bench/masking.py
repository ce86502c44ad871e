"""Masking: how fast output passes a masker that knows 200 secrets."""

import base64
import random
import time

from runyard.secrets.masking import Masker

SECRETS = 200
CHUNK = 256 * 1024
MEGABYTES = 32
LINE = b"2026-01-01T12:00:00Z INFO worker processed item 123456 of 999999 in 12.5 ms, all fine so far\n"


def measure() -> dict[str, float]:
    """Return megabytes a second of processor time: of a log, of noise that looks like secrets, with secrets in it."""
    chance = random.Random(1)
    tokens = [base64.urlsafe_b64encode(chance.randbytes(24)).decode() for _ in range(SECRETS - 20)]
    keys = [
        "\n".join(base64.b64encode(chance.randbytes(48)).decode() for _ in range(20))
        for _ in range(SECRETS - len(tokens))
    ]
    masker = Masker([*tokens, *keys])
    noise = b"".join(base64.b64encode(chance.randbytes(57)) + b"\n" for _ in range(14_000)) * MEGABYTES
    texts = {
        "log": LINE * (MEGABYTES * 1_000_000 // len(LINE)),
        "noise": noise[: MEGABYTES * 1_000_000],
        "told": (LINE * 20 + f"token {tokens[3]}\n".encode()) * (MEGABYTES * 1_000_000 // (21 * len(LINE))),
    }
    return {f"masking_{name}_mb_per_s": max(_rate(masker, text) for _ in range(3)) for name, text in texts.items()}


def _rate(masker: Masker, text: bytes) -> float:
    one = masker.twin()
    began = time.process_time()
    for at in range(0, len(text), CHUNK):
        one.feed(text[at : at + CHUNK])
    one.flush()
    return len(text) / (time.process_time() - began) / 1e6
