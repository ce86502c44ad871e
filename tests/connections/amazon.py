"""AWS, as moto plays it: it checks signatures and what a user may do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

REGION = "us-east-1"


@dataclass
class Amazon:
    """Where it is, and the keys of a user who may do anything."""

    url: str
    keys: dict[str, Any]

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.keys["access_key_id"],
            aws_secret_access_key=self.keys["secret_access_key"],
        )


@contextmanager
def amazon() -> Iterator[Amazon]:
    """Give an AWS of one's own."""
    import json

    import boto3
    from moto.core.authorization import enable_iam_authentication
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        root = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
        iam = boto3.client("iam", endpoint_url=url, region_name=REGION, **root)
        iam.create_user(UserName="runyard")
        rule = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_user_policy(UserName="runyard", PolicyName="all", PolicyDocument=json.dumps(rule))
        made = iam.create_access_key(UserName="runyard")["AccessKey"]
        keys = {
            "region": REGION,
            "access_key_id": made["AccessKeyId"],
            "secret_access_key": made["SecretAccessKey"],
        }
        with enable_iam_authentication():
            yield Amazon(url, keys)
    finally:
        server.stop()
