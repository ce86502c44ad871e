"""AWS KMS as the keeper of the master key: recorded answers, and moto's KMS, which checks signatures."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.secrets import keys
from runyard.secrets.keys import MasterKeyUnusable
from runyard.secrets.kms import AwsKms
from runyard.secrets.sealing import SealBroken
from runyard.secrets.sigv4 import Credentials, signed
from runyard.secrets.wrapping import LocalWrapper, Served
from runyard.settings import KeySettings
from tests.connections.amazon import REGION, amazon

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SETTINGS = KeySettings(
    wrapper="kms", kms_key="alias/runyard", kms_access_key_id="AKIDEXAMPLE", kms_secret_access_key=SECRET
)


def made(answer: Callable[[httpx.Request], httpx.Response], settings: KeySettings = SETTINGS) -> AwsKms:
    return AwsKms(settings, httpx.MockTransport(answer), {})


def test_what_is_said_to_kms() -> None:
    asked: list[tuple[str, str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((str(request.url), request.headers["x-amz-target"], json.loads(request.content)))
        arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd"
        told = {"KeyId": arn, "CiphertextBlob": "AQIC", "Plaintext": "a2tr", "KeyMetadata": {"KeyId": "1234abcd"}}
        return httpx.Response(200, json=told)

    kms = made(answer)
    wrapped = kms.wrap(b"kkk", "data key:1")
    assert wrapped == "kms:1234abcd:AQIC"
    assert kms.unwrap(wrapped, "data key:1") == b"kkk"
    assert not kms.outdated(wrapped)
    assert kms.outdated("kms:another:AQIC")
    assert kms.outdated("rs1.x.y")
    bound = {"runyard": "data key:1"}
    assert asked[:2] == [
        (
            "https://kms.us-east-1.amazonaws.com/",
            "TrentService.Encrypt",
            {"KeyId": "alias/runyard", "Plaintext": "a2tr", "EncryptionContext": bound},
        ),
        (
            "https://kms.us-east-1.amazonaws.com/",
            "TrentService.Decrypt",
            {"CiphertextBlob": "AQIC", "EncryptionContext": bound},
        ),
    ]
    assert {target for _, target, _ in asked[2:]} == {"TrentService.DescribeKey"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(400, json={"__type": "AccessDeniedException", "Message": "not you"}), "AccessDenied.*not you"),
        (httpx.Response(400, json={"__type": "x#NotFoundException", "message": "gone"}), "NotFoundException. gone"),
        (httpx.Response(200, text="<html>"), "That is not KMS"),
        (httpx.Response(200, json={}), "no ciphertext"),
    ],
)
def test_what_kms_refuses_is_said_plainly(answer: httpx.Response, said: str) -> None:
    with pytest.raises(MasterKeyUnusable, match=said) as refused:
        made(lambda _: answer).wrap(b"k" * 32, "c")
    assert SECRET not in refused.value.detail


def test_a_kms_that_is_away_and_keys_that_are_not_there() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(MasterKeyUnusable, match="refused"):
        made(away).unwrap("kms:a:b", "c")
    with pytest.raises(MasterKeyUnusable, match="AWS_ACCESS_KEY_ID"):
        made(away, KeySettings(wrapper="kms", kms_key="k")).unwrap("kms:a:b", "c")
    with pytest.raises(SealBroken):
        made(away).unwrap("vault:v1:x", "c")


def test_the_master_key_stands_wrapped_by_a_kms_that_checks_signatures(tmp_path: Path) -> None:
    with amazon() as there:
        client = there.client("kms")
        first, second = (client.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
        client.create_alias(AliasName="alias/runyard", TargetKeyId=first)
        given: dict[str, Any] = {
            "wrapper": "kms",
            "kms_key": "alias/runyard",
            "kms_region": REGION,
            "kms_endpoint": there.url,
            "kms_access_key_id": there.keys["access_key_id"],
            "kms_secret_access_key": there.keys["secret_access_key"],
        }
        kms = AwsKms(KeySettings(**given))
        ring = keys.ring(tmp_path, {}, kms)
        assert (tmp_path / keys.FILE).read_text().startswith(f"kms:{first}:")
        assert keys.ring(tmp_path, {}, kms).present == ring.present
        old = LocalWrapper(ring).wrap(b"k" * 32, "c")
        served = Served(kms, LocalWrapper(ring))
        assert served.unwrap(old, "c") == b"k" * 32
        assert served.outdated(old)
        wrapped = served.wrap(b"k" * 32, "c")
        assert not served.outdated(wrapped)
        client.update_alias(AliasName="alias/runyard", TargetKeyId=second)
        assert served.outdated(wrapped)
        assert served.unwrap(wrapped, "c") == b"k" * 32
        for broken, context in ((wrapped, "another"), (wrapped[:-8] + "AAAAAAA=", "c")):
            with pytest.raises(SealBroken):
                served.unwrap(broken, context)
        wrong = AwsKms(KeySettings(**{**given, "kms_secret_access_key": SECRET}))
        with pytest.raises(MasterKeyUnusable, match=r"40[03]|Signature"):
            wrong.wrap(b"k" * 32, "c")


# Clients resolve dot segments before anything is signed.
SEGMENTS = st.text("abcXYZ019-_.~", min_size=1, max_size=8).filter(lambda part: part not in {".", ".."})
PARTS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


@given(
    body=st.binary(max_size=50),
    path=st.lists(SEGMENTS, max_size=3),
    query=st.dictionaries(st.text("abc019-_", min_size=1, max_size=5), st.text("abc /+=&~é", max_size=5), max_size=3),
    token=st.sampled_from(["", "a-token"]),
    service=st.sampled_from(["kms", "s3"]),
)
def test_signatures_are_those_of_amazons_own_library(
    body: bytes, path: list[str], query: dict[str, str], token: str, service: str
) -> None:
    from urllib.parse import urlencode

    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as Theirs

    url = f"https://host.example:8443/{'/'.join(path)}" + (f"?{urlencode(query)}" if query else "")
    now = datetime.now(UTC)
    ours = signed("POST", url, body, Credentials("AKID", SECRET, token), REGION, service, now, {"X-Other": "a  b"})
    request = AWSRequest("POST", url, headers={"X-Other": "a  b", "X-Amz-Date": ours["x-amz-date"]}, data=body)
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    theirs = kind(Theirs("AKID", SECRET, token or None), service, REGION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now.replace(tzinfo=None), raising=False)
        theirs.add_auth(request)
    assert request.headers["Authorization"].replace(", ", ",") == ours["authorization"].replace(", ", ",")
