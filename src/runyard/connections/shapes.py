"""The kinds of connections, each a shape of its own: one schema for the server, the form and other programs. Pure."""

from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlencode

from pydantic import Field, StringConstraints, TypeAdapter

from runyard.connections.parts import (
    Hidden,
    HiddenLines,
    Host,
    Line,
    Lines,
    Needed,
    Port,
    Shape,
    Tls,
    login,
    place,
    signed_in,
    web_address,
)

_HTTP = ("url", "verify", "ca")
_SHELL = ("host", "port", "host_key")
WebUrl = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), web_address("https", "http")]
GitUrl = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), web_address("https", "http", "ssh")]
Ca = Annotated[Lines, Field(description="Certificates (PEM) to trust besides the usual ones.")]
HostKey = Annotated[
    Line,
    Field(
        description="The server's public key: its fingerprint (SHA256:…) or a line of known_hosts. "
        "A test tells the fingerprint of a server whose key is not known yet."
    ),
]


class _Sql(Shape):
    host: Host
    port: Port
    database: Line = ""
    username: Line = ""
    password: Hidden = None
    tls: Tls = "verified"
    ca: Ca = ""

    def secret_login(self) -> str:
        """Return user and password as a URL has them."""
        return login(self.username, self.secrets().get("password"))


class PostgreSql(_Sql):
    """A PostgreSQL database."""

    kind: Literal["postgresql"]
    port: Port = 5432
    database: Line = "postgres"
    username: Needed

    def address(self) -> str:
        """Return ``postgresql://…?sslmode=…``."""
        mode = {"verified": "verify-full", "unverified": "require", "off": "disable"}[self.tls]
        where = place(self.host, self.port)
        return f"postgresql://{self.secret_login()}{where}/{quote(self.database, safe='')}?sslmode={mode}"


class MySql(_Sql):
    """A MySQL or MariaDB database."""

    kind: Literal["mysql"]
    port: Port = 3306
    username: Needed

    def address(self) -> str:
        """Return ``mysql://…``."""
        return f"mysql://{self.secret_login()}{place(self.host, self.port)}/{quote(self.database, safe='')}"


class MongoDb(_Sql):
    """A MongoDB database."""

    kind: Literal["mongodb"]
    port: Port = 27017
    auth_source: Line = Field("admin", description="The database in which the user is known.")

    def address(self) -> str:
        """Return ``mongodb://…?authSource=…&tls=…``."""
        asked = {"authSource": self.auth_source} if self.username and self.auth_source else {}
        if self.tls != "off":
            asked |= {"tls": "true"} | ({"tlsAllowInvalidCertificates": "true"} if self.tls == "unverified" else {})
        base = f"mongodb://{self.secret_login()}{place(self.host, self.port)}/{quote(self.database, safe='')}"
        return f"{base}?{urlencode(asked)}" if asked else base


class Redis(Shape):
    """A Redis or Valkey server."""

    kind: Literal["redis"]
    host: Host
    port: Port = 6379
    database: Annotated[int, Field(ge=0, le=10_000)] = 0
    username: Line = ""
    password: Hidden = None
    tls: Tls = "verified"
    ca: Ca = ""

    def address(self) -> str:
        """Return ``redis://…`` or, encrypted, ``rediss://…``."""
        scheme = "redis" if self.tls == "off" else "rediss"
        who = login(self.username, self.secrets().get("password"))
        return f"{scheme}://{who}{place(self.host, self.port)}/{self.database}"


class S3(Shape):
    """Object storage that speaks S3: AWS, MinIO, Aliyun OSS, Tencent COS and others."""

    leads_to: ClassVar[tuple[str, ...]] = ("endpoint", "verify", "ca", "bucket", "path_style")

    kind: Literal["s3"]
    endpoint: WebUrl = "https://s3.amazonaws.com"
    region: Needed = "us-east-1"
    bucket: Line = Field("", pattern=r"^[A-Za-z0-9._-]*$")
    access_key_id: Needed
    secret_access_key: Hidden = None
    session_token: Hidden = None
    path_style: bool = Field(True, description="The bucket stands in the path, not in the host's name.")
    verify: bool = Field(True, description="Check the server's certificate.")
    ca: Ca = ""

    def lacking(self) -> dict[str, str]:
        """Demand the key."""
        return {} if "secret_access_key" in self.secrets() else {"secret_access_key": "The secret key is needed."}

    def address(self) -> str:
        """Return the endpoint, with the bucket in its path; keys are in the JSON alone."""
        return f"{self.endpoint.rstrip('/')}/{self.bucket}"


class Ssh(Shape):
    """A machine that is reached by SSH."""

    leads_to: ClassVar[tuple[str, ...]] = _SHELL

    kind: Literal["ssh"]
    host: Host
    port: Port = 22
    username: Needed
    password: Hidden = None
    private_key: HiddenLines = None
    passphrase: Hidden = None
    host_key: HostKey = ""

    def lacking(self) -> dict[str, str]:
        """Demand a password or a key."""
        return {} if {"password", "private_key"} & self.secrets().keys() else _A_WAY_IN

    def address(self) -> str:
        """Return ``ssh://user@host:port``."""
        return f"ssh://{login(self.username, None)}{place(self.host, self.port)}"


class Sftp(Ssh):
    """Files on a machine that is reached by SSH."""

    kind: Literal["sftp"]  # type: ignore[assignment]
    path: Line = Field("", description="The directory to begin in.")

    def address(self) -> str:
        """Return ``sftp://user@host:port/path``."""
        return f"sftp://{login(self.username, None)}{place(self.host, self.port)}/{quote(self.path.lstrip('/'))}"


class Ftp(Shape):
    """Files on an FTP server; encrypted unless it says otherwise."""

    kind: Literal["ftp"]
    host: Host
    port: Port = 21
    username: Line = "anonymous"
    password: Hidden = None
    tls: Tls = "verified"
    ca: Ca = ""
    path: Line = Field("", description="The directory to begin in.")

    def address(self) -> str:
        """Return ``ftp://…``, or ``ftpes://…`` where it is encrypted."""
        who = login(self.username, self.secrets().get("password"))
        scheme = "ftp" if self.tls == "off" else "ftpes"
        return f"{scheme}://{who}{place(self.host, self.port)}/{quote(self.path.lstrip('/'))}"


class Http(Shape):
    """A service that is asked over HTTP."""

    leads_to: ClassVar[tuple[str, ...]] = (*_HTTP, "auth", "header")

    kind: Literal["http"]
    url: WebUrl
    auth: Literal["none", "basic", "bearer", "header"] = "none"
    username: Line = ""
    password: Hidden = None
    header: Line = Field("X-Api-Key", pattern=r"^[A-Za-z0-9-]+$", description="The header that the token is sent in.")
    token: Hidden = None
    verify: bool = Field(True, description="Check the server's certificate.")
    ca: Ca = ""

    def lacking(self) -> dict[str, str]:
        """Demand what the way to sign in needs."""
        needed = {"basic": "password", "bearer": "token", "header": "token"}.get(self.auth)
        return {} if needed is None or needed in self.secrets() else {needed: "This way to sign in needs it."}

    def address(self) -> str:
        """Return the URL, with user and password where it is signed in to with them."""
        return signed_in(self.url, self.username, self.secrets().get("password")) if self.auth == "basic" else self.url


class Git(Shape):
    """A Git repository, over HTTPS or SSH."""

    leads_to: ClassVar[tuple[str, ...]] = (*_HTTP, "host_key")

    kind: Literal["git"]
    url: GitUrl
    username: Line = ""
    password: Hidden = Field(None, description="A password or token, over HTTPS.")
    private_key: HiddenLines = None
    passphrase: Hidden = None
    host_key: HostKey = ""
    verify: bool = Field(True, description="Check the server's certificate.")
    ca: Ca = ""

    @property
    def over_ssh(self) -> bool:
        """Whether it is reached by SSH."""
        return self.url.startswith("ssh://")

    def lacking(self) -> dict[str, str]:
        """Demand a way in over SSH."""
        if not self.over_ssh or {"password", "private_key"} & self.secrets().keys():
            return {}
        return _A_WAY_IN

    def address(self) -> str:
        """Return the URL, with user and password over HTTPS."""
        return signed_in(self.url, self.username, None if self.over_ssh else self.secrets().get("password"))


class Registry(Shape):
    """A registry of container images."""

    leads_to: ClassVar[tuple[str, ...]] = _HTTP

    kind: Literal["registry"]
    url: WebUrl = "https://registry-1.docker.io"
    repository: Line = Field("", description="A repository that must be readable, such as library/alpine.")
    username: Line = ""
    password: Hidden = None
    verify: bool = Field(True, description="Check the server's certificate.")
    ca: Ca = ""

    def address(self) -> str:
        """Return the URL, with user and password."""
        return signed_in(self.url, self.username, self.secrets().get("password"))


class Kubernetes(Shape):
    """A Kubernetes cluster, by its API."""

    leads_to: ClassVar[tuple[str, ...]] = _HTTP

    kind: Literal["kubernetes"]
    url: WebUrl
    namespace: Needed = "default"
    token: Hidden = Field(None, description="The bearer token of a service account.")
    verify: bool = Field(True, description="Check the server's certificate.")
    ca: Ca = ""

    def lacking(self) -> dict[str, str]:
        """Demand the token."""
        return {} if "token" in self.secrets() else {"token": "The token is needed."}

    def address(self) -> str:
        """Return the API's URL; the token is in the JSON alone."""
        return self.url


_A_WAY_IN = {"password": "A password or a private key is needed."}
SHAPES: tuple[type[Shape], ...] = (
    PostgreSql, MySql, MongoDb, Redis, S3, Ssh, Sftp, Ftp, Http, Git, Registry, Kubernetes,
)  # fmt: skip
Settings = Annotated[
    PostgreSql | MySql | MongoDb | Redis | S3 | Ssh | Sftp | Ftp | Http | Git | Registry | Kubernetes,
    Field(discriminator="kind"),
]
_ANY: TypeAdapter[Any] = TypeAdapter(Settings)


def kind_of(shape: type[Shape]) -> str:
    """Return what a shape's kind is called."""
    return str(shape.model_json_schema()["properties"]["kind"]["const"])


def opened(whole: dict[str, Any]) -> Shape:
    """Return a shape from all that `Shape.whole` told."""
    shape: Shape = _ANY.validate_python(whole)
    return shape
