"""AWS, as moto plays it: it checks signatures and what a user may do."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

REGION = "us-east-1"


@dataclass
class Amazon:
    """Where it is, and the keys of a user who may do anything."""

    url: str
    keys: dict[str, Any]
    clients: ExitStack

    def client(self, service: str) -> Any:
        """Return a client of Amazon's own library; its connections are closed in the end."""
        keys = {f"aws_{name}": self.keys[name] for name in ("access_key_id", "secret_access_key")}
        return self.clients.enter_context(_client(service, self.url, keys))


def _client(service: str, url: str, keys: dict[str, Any]) -> Any:
    import boto3

    return closing(boto3.client(service, endpoint_url=url, region_name=REGION, **keys))


@contextmanager
def amazon() -> Iterator[Amazon]:
    """Give an AWS of one's own."""
    import json

    from moto.core.authorization import enable_iam_authentication
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        # What it knows belongs to the process, and outlives its servers.
        httpx.post(f"{url}/moto-api/reset").raise_for_status()
        with _client("iam", url, {"aws_access_key_id": "root", "aws_secret_access_key": "root"}) as iam:
            iam.create_user(UserName="runyard")
            rule = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            iam.put_user_policy(UserName="runyard", PolicyName="all", PolicyDocument=json.dumps(rule))
            made = iam.create_access_key(UserName="runyard")["AccessKey"]
        keys = {
            "region": REGION,
            "access_key_id": made["AccessKeyId"],
            "secret_access_key": made["SecretAccessKey"],
        }
        with enable_iam_authentication(), ExitStack() as clients:
            yield Amazon(url, keys, clients)
    finally:
        server.stop()
