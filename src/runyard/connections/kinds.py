"""What each kind of connection is tested by. Standard library, pure."""

from importlib.util import find_spec

from msgspec import Struct


class Driver(Struct, frozen=True):
    """A function below ``drivers`` (``module:function``), the package that it needs, and the extra that brings it.

    `tried` tells whether the project's own tests try it against a real server rather than recorded answers.
    """

    function: str
    package: str = ""
    extra: str = ""
    tried: bool = True

    @property
    def available(self) -> bool:
        """Whether its package is installed; looks, and imports nothing."""
        return not self.package or find_spec(self.package) is not None


DRIVERS: dict[str, Driver] = {
    "postgresql": Driver("databases:postgresql", "asyncpg", "postgres"),
    "mysql": Driver("databases:mysql", "pymysql", "mysql"),
    "mongodb": Driver("databases:mongodb", "pymongo", "mongodb", tried=False),
    "redis": Driver("databases:redis", "redis", "redis"),
    "s3": Driver("web:s3"),
    "ssh": Driver("shells:ssh", "asyncssh", "ssh"),
    "sftp": Driver("shells:sftp", "asyncssh", "ssh"),
    "ftp": Driver("files:ftp"),
    "http": Driver("web:http"),
    "git": Driver("repositories:git"),
    "registry": Driver("web:registry", tried=False),
    "kubernetes": Driver("web:kubernetes", tried=False),
}
