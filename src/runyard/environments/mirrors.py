"""Where packages come from: known mirrors, a choice among them, and what follows for tools. Pure.

``official`` is whatever a tool uses by itself; an empty choice leaves it to the settings above it.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from runyard.environments.processes import without_credentials
from runyard.settings import EnvironmentSettings

PYTHON_MIRRORS = {
    "tsinghua": "https://pypi.tuna.tsinghua.edu.cn/simple",
    "aliyun": "https://mirrors.aliyun.com/pypi/simple",
    "tencent": "https://mirrors.cloud.tencent.com/pypi/simple",
}
NODE_MIRRORS = {
    "aliyun": "https://registry.npmmirror.com",
    "tencent": "https://mirrors.cloud.tencent.com/npm",
}
CONDA_MIRRORS = {
    "official": "https://conda.anaconda.org/conda-forge",
    "tsinghua": "https://mirrors.tuna.tsinghua.edu.cn/anaconda/cloud/conda-forge",
    "aliyun": "https://mirrors.aliyun.com/anaconda/cloud/conda-forge",
}
_MASK = "***"
_MOST = 10


def _address(schemes: frozenset[str], text: str) -> str:
    try:
        parts = urlsplit(text)
        fine = parts.scheme in schemes and (parts.hostname or parts.scheme == "file") and (parts.port or 1)
    except ValueError:
        fine = False
    if not fine or not text.isprintable() or any(letter.isspace() for letter in text):
        wanted = ", ".join(f"{scheme}://…" for scheme in sorted(schemes))
        raise PydanticCustomError("address", "Not an address such as {wanted}.", {"wanted": wanted})
    return text


def _index(text: str) -> str:
    return _address(frozenset({"http", "https"}), text)


def _channel(text: str) -> str:
    return _address(frozenset({"http", "https", "file"}), text)


def _proxy(text: str) -> str:
    return text and _address(frozenset({"http", "https", "socks5", "socks5h"}), text)


_Short = StringConstraints(max_length=1000, strip_whitespace=True)
Index = Annotated[str, _Short, AfterValidator(_index)]
Channel = Annotated[str, _Short, AfterValidator(_channel)]
Proxy = Annotated[str, _Short, AfterValidator(_proxy)]


class Choice(BaseModel):
    """A part of the choice; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PythonSource(Choice):
    """The Python package index. An empty `mirror` leaves it to the installation, `custom` takes `index_url`."""

    mirror: Literal["", "official", "tsinghua", "aliyun", "tencent", "custom"] = ""
    index_url: Index | None = None
    extra_index_urls: Annotated[tuple[Index, ...], Field(max_length=_MOST)] = ()


class NodeSource(Choice):
    """The npm registry. An empty `mirror` leaves it to the installation, `custom` takes `registry_url`."""

    mirror: Literal["", "official", "aliyun", "tencent", "custom"] = ""
    registry_url: Index | None = None


class CondaSource(Choice):
    """The conda channels, the first wins. An empty `mirror` leaves it to the installation."""

    mirror: Literal["", "official", "tsinghua", "aliyun", "custom"] = ""
    channels: Annotated[tuple[Channel, ...], Field(max_length=_MOST)] = ()


class ProxySource(Choice):
    """The proxy that builds use; `off` uses none, even if the installation has one."""

    mode: Literal["", "off", "custom"] = ""
    http: Proxy = ""
    https: Proxy = ""
    no_proxy: Annotated[str, _Short] = ""


class SourceChoice(Choice):
    """Where packages come from, for the installation or for one project."""

    python: PythonSource = PythonSource()
    node: NodeSource = NodeSource()
    conda: CondaSource = CondaSource()
    proxy: ProxySource = ProxySource()


class Sources(Struct, frozen=True):
    """What builds use. An empty address is what the tool finds by itself: the agent's variables, then its own.

    ``official_*`` means the tool's own, whatever variables say. `proxy` is None for the agent's own.
    """

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    official_index: bool = False
    npm_registry: str = ""
    official_npm: bool = False
    channels: tuple[str, ...] = (CONDA_MIRRORS["official"],)
    proxy: tuple[str, str, str] | None = None

    def proxy_variables(self) -> dict[str, str] | None:
        """Return the variables that tell tools of the proxy; None to leave the agent's own alone."""
        if self.proxy is None:
            return None
        http, https, without = self.proxy
        wanted = {"http_proxy": http, "https_proxy": https or http, "no_proxy": without}
        return {key: value for name, value in wanted.items() if value for key in (name, name.upper())}


def sources_of(settings: EnvironmentSettings, *choices: SourceChoice) -> Sources:
    """Return what holds after all `choices`, the later ones over the earlier ones, over the settings."""
    found: dict[str, Any] = {
        "index_url": settings.index_url,
        "extra_index_urls": settings.extra_index_urls,
        "official_index": False,
        "npm_registry": settings.npm_registry,
        "official_npm": False,
        "channels": Sources().channels,
        "proxy": None,
    }
    for choice in choices:
        python, node, conda, proxy = choice.python, choice.node, choice.conda, choice.proxy
        if python.mirror:
            known = PYTHON_MIRRORS.get(python.mirror, "")
            found["index_url"] = python.index_url or "" if python.mirror == "custom" else known
            found["official_index"] = python.mirror == "official"
            found["extra_index_urls"] = python.extra_index_urls
        if node.mirror:
            known = NODE_MIRRORS.get(node.mirror, "")
            found["npm_registry"] = node.registry_url or "" if node.mirror == "custom" else known
            found["official_npm"] = node.mirror == "official"
        if conda.mirror:
            found["channels"] = conda.channels if conda.mirror == "custom" else (CONDA_MIRRORS[conda.mirror],)
        if proxy.mode:
            found["proxy"] = ("", "", "") if proxy.mode == "off" else (proxy.http, proxy.https, proxy.no_proxy)
    return Sources(**found)


def incomplete(choice: SourceChoice) -> list[tuple[str, str]]:
    """Return which fields a choice lacks, each with a sentence."""
    found = []
    if choice.python.mirror == "custom" and not choice.python.index_url:
        found.append(("python.index_url", "A custom index needs its address."))
    if choice.node.mirror == "custom" and not choice.node.registry_url:
        found.append(("node.registry_url", "A custom registry needs its address."))
    if choice.conda.mirror == "custom" and not choice.conda.channels:
        found.append(("conda.channels", "At least one channel is needed."))
    if choice.proxy.mode == "custom" and not (choice.proxy.http or choice.proxy.https):
        found.append(("proxy.http", "A proxy needs its address."))
    return found


def masked(choice: SourceChoice) -> SourceChoice:
    """Return a choice without the names and passwords in its addresses."""
    return _mapped(choice, without_credentials)


def unmasked(choice: SourceChoice, before: SourceChoice) -> SourceChoice:
    """Return a choice with the names and passwords put back that were shown as ``***``."""
    known = {without_credentials(url): url for url in addresses(before)}
    return _mapped(choice, lambda url: known.get(url, url))


def still_masked(choice: SourceChoice) -> bool:
    """Whether there is a ``***`` that stands for nothing known."""
    return any((urlsplit(url).username or "") == _MASK for url in addresses(choice))


def addresses(choice: SourceChoice) -> list[str]:
    """Return every address that a choice names."""
    python, node, conda, proxy = choice.python, choice.node, choice.conda, choice.proxy
    several = (*python.extra_index_urls, *conda.channels)
    return [url for url in (python.index_url, node.registry_url, proxy.http, proxy.https, *several) if url]


def _mapped(choice: SourceChoice, change: Callable[[str], str]) -> SourceChoice:
    python, node, conda, proxy = choice.python, choice.node, choice.conda, choice.proxy
    return SourceChoice(
        python=python.model_copy(
            update={
                "index_url": python.index_url and change(python.index_url),
                "extra_index_urls": tuple(map(change, python.extra_index_urls)),
            }
        ),
        node=node.model_copy(update={"registry_url": node.registry_url and change(node.registry_url)}),
        conda=conda.model_copy(update={"channels": tuple(map(change, conda.channels))}),
        proxy=proxy.model_copy(
            update={"http": proxy.http and change(proxy.http), "https": proxy.https and change(proxy.https)}
        ),
    )
