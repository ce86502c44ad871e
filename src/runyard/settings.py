"""Every setting, nested, from (strongest first) arguments, environment and ``<data>/runyard.toml``."""

import json
import os
import re
import stat
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from runyard.mail_settings import MailSettings
from runyard.sso_settings import SsoSettings

MiB = 1024 * 1024


def default_data() -> Path:
    """Return where data lives when nobody says: the XDG data directory, or ``./.runyard`` without a home.

    For root it is ``/var/lib/runyard`` where root's home is closed to others, as runs under users of their own must get
    at their workspaces; unless there are data in the home already.
    """
    home = Path(os.environ.get("HOME") or "/")
    if os.geteuid() == 0 and not os.environ.get("XDG_DATA_HOME") and _closed(home):
        at_home = home / ".local/share/runyard"
        return at_home if (at_home / "master.key").exists() else Path("/var/lib/runyard")
    base = os.environ.get("XDG_DATA_HOME") or (os.path.expanduser("~/.local/share") if os.environ.get("HOME") else None)  # noqa: PTH111
    return Path(base) / "runyard" if base else Path.cwd() / ".runyard"


def _closed(home: Path) -> bool:
    return home != Path("/") and home.is_dir() and not home.stat().st_mode & stat.S_IXOTH


def _separated(value: object) -> object:
    """Take `10.0.0.1, 10.0.0.2` and `["10.0.0.1"]` from the environment as well as a list from the file."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(f"{value!r} begins like a JSON list, and is none: {error}") from error
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no address and no network such as 10.0.0.0/8: {error}") from error
    return text


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"{text!r} is no origin such as https://page.example")
    return text.lower()


def _rate(text: str) -> str:
    text = text.strip().lower()
    if text and not _RATE.fullmatch(text):
        raise ValueError(f"{text!r} is no rate such as 120/minute; units are second, minute, hour and day")
    return text


_RATE = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour|day)")
Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_separated)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_separated)]
RateText = Annotated[str, AfterValidator(_rate)]
"""How often, such as `120/minute`; empty for as often as one likes."""


class Dispatch(StrEnum):
    """Which backend carries hints to workers."""

    local = "local"


class DatabaseSettings(BaseModel, extra="forbid"):
    """How rows are kept. ``url`` empty means SQLite inside the data directory."""

    url: str = ""
    pool_size: int = Field(10, ge=1, le=200)
    busy_timeout_s: float = Field(30.0, gt=0)
    synchronous: Literal["full", "normal"] = "full"


class AccessSettings(BaseModel, extra="forbid"):
    """Sessions, tokens, links in letters, and who may come in by themselves. Times in seconds."""

    access_token_s: int = Field(900, ge=30, le=86_400)
    refresh_token_s: int = Field(14 * 86_400, ge=300)
    refresh_grace_s: int = Field(10, ge=0, le=60)
    longest_session_s: int = Field(90 * 86_400, ge=300)
    local_login: bool = True
    second_factor: Literal["optional", "administrators", "everybody"] = "optional"
    reset_link_s: int = Field(3600, ge=60, le=86_400)
    invitation_days: float = Field(7.0, gt=0, le=90)
    registration: bool = False
    registration_role: str = Field("", max_length=64)


class LimitSettings(BaseModel, extra="forbid"):
    """Bounds on what comes in. Sizes in bytes."""

    body: ByteSize = ByteSize(4 * MiB)
    upload: ByteSize = ByteSize(512 * MiB)
    upload_files: int = Field(200, ge=1)
    free_disk: ByteSize = ByteSize(256 * MiB)
    head: ByteSize = ByteSize(64 * 1024)
    silence_s: float = Field(30.0, gt=0)


class RateSettings(BaseModel, extra="forbid"):
    """How often requests are taken: of one address where people sign in and webhooks call; the others when set."""

    authentication: RateText = "120/minute"
    webhooks: RateText = "120/minute"
    address: RateText = ""
    user: RateText = ""
    token: RateText = ""


class RunSettings(BaseModel, extra="forbid"):
    """Defaults and bounds of runs. Times in seconds, sizes in bytes."""

    timeout_s: float | None = Field(None, gt=0)
    grace_s: float = Field(5.0, ge=0, le=300)
    output_cap: ByteSize = ByteSize(50 * MiB)
    outputs_cap: ByteSize = ByteSize(1 * MiB)
    line_cap: ByteSize = ByteSize(64 * 1024)
    keep_files_days: float = Field(30.0, gt=0)
    memory_mb: int | None = Field(None, ge=16)
    pids: int | None = Field(1024, ge=8)
    open_files: int | None = Field(4096, ge=64)
    cpu: float | None = Field(None, gt=0)
    disk_mb: int | None = Field(None, ge=1)


class SandboxSettings(BaseModel, extra="forbid"):
    """How user code is confined. ``level`` empty means the strongest this machine has."""

    level: Literal["", "process", "bubblewrap", "container"] = ""
    guards: bool = True
    mounts: tuple[str, ...] = ()
    engine: str = ""
    engine_image: str = ""
    engine_network: str = "bridge"
    uid_base: int = Field(64_000, ge=1)
    uid_count: int = Field(1_000, ge=1)
    cgroup_root: Path | None = None

    @field_validator("mounts")
    @classmethod
    def _mountable(cls, mounts: tuple[str, ...]) -> tuple[str, ...]:
        for text in mounts:
            path = text.removesuffix(":ro").removesuffix(":rw")
            if not path.startswith("/") or ".." in path.split("/"):
                raise ValueError(f"{text!r} is no absolute path, with :ro or :rw after it")
        return mounts


class WorkerSettings(BaseModel, extra="forbid"):
    """How a worker's agent executes. Times in seconds."""

    name: str = ""
    queues: Listed = ()
    builds: int = Field(2, ge=1, le=64)
    heartbeat_s: float = Field(5.0, gt=0)
    lease_s: float = Field(90.0, gt=0)
    detached_lease_s: float = Field(900.0, gt=0)


class EnvironmentSettings(BaseModel, extra="forbid"):
    """Where environments come from and how long they stay."""

    python: str = ""
    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    npm_registry: str = ""
    advisory_urls: tuple[str, ...] = ()
    build_timeout_s: float = Field(1800.0, gt=0)
    unused_days: float = Field(90.0, gt=0)


class EditorSettings(BaseModel, extra="forbid"):
    """What the editor's helper programs may take: language servers, linters, formatters. Times in seconds."""

    servers: int = Field(8, ge=0, le=1000)
    idle_s: float = Field(900.0, gt=0)
    memory_mb: int = Field(3072, ge=256)
    programs: int = Field(4, ge=1, le=64)
    patience_s: float = Field(10.0, gt=0)


class RetentionSettings(BaseModel, extra="forbid"):
    """How long runs are kept where a project says nothing of its own; how long the audit is, and slots of jobs are."""

    max_age_days: float | None = Field(180.0, gt=0)
    max_runs: int | None = Field(None, ge=1)
    max_size_mb: int | None = Field(None, ge=1)
    failure_days: float = Field(180.0, gt=0)
    audit_days: float = Field(730.0, ge=1)
    slots_days: float = Field(400.0, ge=1)


class ImportSettings(BaseModel, extra="forbid"):
    """Where scripts may be imported from. Times in seconds."""

    gist_api: str = "https://api.github.com"
    timeout_s: float = Field(120.0, gt=0)


class JobsSettings(BaseModel, extra="forbid"):
    """Which folders of this machine triggers may watch."""

    watched: Listed = ()
    watched_files: int = Field(10_000, ge=1, le=1_000_000)

    @field_validator("watched")
    @classmethod
    def _absolute(cls, folders: tuple[str, ...]) -> tuple[str, ...]:
        for text in folders:
            if not text.startswith("/") or ".." in text.split("/"):
                raise ValueError(f"{text!r} is no absolute path")
        return folders


class KeySettings(BaseModel, extra="forbid"):
    """Who keeps the master key, and how long uses of secrets are remembered. Times in seconds."""

    wrapper: Literal["local", "vault", "kms"] = "local"
    vault_address: str = ""
    vault_token: SecretStr | None = None
    vault_token_file: Path | None = None
    vault_namespace: str = ""
    vault_mount: str = "transit"
    vault_key: str = "runyard"
    vault_timeout_s: float = Field(10.0, gt=0)
    kms_key: str = ""
    kms_region: str = "us-east-1"
    kms_endpoint: str = ""
    kms_access_key_id: str = ""
    kms_secret_access_key: SecretStr | None = None
    kms_timeout_s: float = Field(10.0, gt=0)
    uses_days: float = Field(365.0, gt=0)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.wrapper == "vault" and not self.vault_address:
            raise ValueError("keys.wrapper is vault, so keys.vault_address is needed")
        if self.wrapper == "kms" and not self.kms_key:
            raise ValueError("keys.wrapper is kms, so keys.kms_key is needed")
        return self


class ConnectionSettings(BaseModel, extra="forbid"):
    """How connections are tested. Times in seconds."""

    timeout_s: float = Field(10.0, gt=0, le=120)
    tests: int = Field(4, ge=1, le=100)


class LogSettings(BaseModel, extra="forbid"):
    """The platform's own log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "terminal", "auto"] = "auto"


class Settings(BaseSettings):
    """The whole configuration of one process.

    Environment names are ``RUNYARD_<NAME>`` and, for nested ones, ``RUNYARD_<GROUP>__<NAME>``; the short names of
    the contract (``RUNYARD_DATA``, ``RUNYARD_DATABASE_URL``, ``RUNYARD_SLOTS`` …) hold as well.
    """

    model_config = SettingsConfigDict(
        env_prefix="RUNYARD_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    data: Path = Field(default_factory=default_data)
    host: str = "127.0.0.1"
    port: int = Field(8700, ge=0, le=65_535)
    public_url: str = ""
    database_url: str = ""
    dispatch: Dispatch = Dispatch.local
    broker_url: str = ""
    admin_password: SecretStr | None = None
    slots: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=4096)
    redis_url: SecretStr | None = None
    trusted_proxies: Networks = ()
    allow_from: Networks = ()
    fetch_allow: Networks = ()
    cors_origins: Origins = ()
    hsts_subdomains: bool = False
    seed_examples: bool = True

    database: DatabaseSettings = DatabaseSettings()
    access: AccessSettings = AccessSettings()
    limits: LimitSettings = LimitSettings()
    rates: RateSettings = RateSettings()
    runs: RunSettings = RunSettings()
    sandbox: SandboxSettings = SandboxSettings()
    worker: WorkerSettings = WorkerSettings()
    environments: EnvironmentSettings = EnvironmentSettings()
    editor: EditorSettings = EditorSettings()
    retention: RetentionSettings = RetentionSettings()
    imports: ImportSettings = ImportSettings()
    jobs: JobsSettings = JobsSettings()
    keys: KeySettings = KeySettings()
    sso: SsoSettings = SsoSettings()
    connections: ConnectionSettings = ConnectionSettings()
    mail: MailSettings = MailSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, then environment, then the file in the data directory."""
        del dotenv_settings, file_secret_settings
        data = init_settings().get("data") or env_settings().get("data") or default_data()
        file = TomlConfigSettingsSource(settings_cls, toml_file=Path(str(data)) / "runyard.toml")
        return init_settings, env_settings, file

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        object.__setattr__(self, "data", self.data.expanduser().absolute())
        return self

    @model_validator(mode="after")
    def _somebody_gets_in(self) -> Self:
        if not self.access.local_login and not self.sso.kinds:
            raise ValueError("access.local_login is off, so sso.oidc or sso.ldap is needed")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL with an async driver; SQLite in the data directory when none is set."""
        url = self.database_url or self.database.url
        if not url:
            return f"sqlite+aiosqlite:///{self.data / 'runyard.db'}"
        for plain, driver in (
            ("postgres://", "postgresql+asyncpg://"),
            ("postgresql://", "postgresql+asyncpg://"),
            ("sqlite://", "sqlite+aiosqlite://"),
        ):
            if url.startswith(plain):
                return driver + url.removeprefix(plain)
        return url

    @property
    def base_url(self) -> str:
        """Where people reach the page, without a trailing slash."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
