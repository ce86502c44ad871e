"""Where tests of connections may lead: the outside world, and what the installation allows. Standard library, pure."""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "fd00:ec2::254", "192.0.0.192")))
"""Where clouds tell machines their secrets, besides the link-local address."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class Unreachable(Exception):  # noqa: N818 - it says what is wrong
    """An address that may not be asked."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return networks from what settings say."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def judge(text: str, allowed: Iterable[Network]) -> None:
    """Raise `Unreachable` for an address that is neither outside nor allowed.

    Metadata, link-local, multicast and unspecified addresses never are.
    """
    try:
        address = plain(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        raise Unreachable(f"{text[:100]} is no address.") from None
    if address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA:
        raise Unreachable(f"{address} may not be asked by anybody.")
    if address.is_global or any(address in network for network in allowed):
        return
    raise Unreachable(
        f"{address} is an address of this machine or of a private network; an administrator may allow it "
        "(RUNYARD_FETCH_ALLOW)."
    )


def plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address hides, or the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return inner
    return address
