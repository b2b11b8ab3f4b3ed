"""Photos from addresses on the web, fetched so that nobody can reach this machine's own network through it.

Every address of the host is checked, and the connection goes to the one that was checked: the name is never looked
up twice. Redirects are followed a few times, each checked anew. Only https, port 443.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from urllib.parse import SplitResult, urljoin, urlsplit

from dressform.api.problems import Problem

__all__ = ["fetch", "is_public", "public_address"]

_REDIRECTS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})
_CHUNK = 1 << 16
# Public by their numbers, but a way to other addresses: NAT64, 6to4, Teredo and its kin.
_TUNNELS = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24")
)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, by itself and by what it may hold inside."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return False
        if int(ip) >> 32 == 0:  # ::a.b.c.d
            return False
    if any(ip in network for network in _TUNNELS if network.version == ip.version):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def public_address(host: str) -> str:
    """An address of a host, if all that it has are public.

    Raises:
        Problem: "forbidden": one of them is not, or there is none.
    """
    try:
        rows = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        rows = []
    found = [str(row[4][0]) for row in rows]
    if not found or not all(is_public(address) for address in found):
        raise _refused("this host is not on the open internet")
    return found[0]


def fetch(url: str, *, most: int, seconds: float) -> bytes:
    """The bytes behind an address.

    Args:
        url: https only.
        most: Bytes.
        seconds: In all.

    Raises:
        Problem: "forbidden", "body-too-large", "bad-request" or "body-too-slow".
    """
    end = time.monotonic() + seconds
    for _ in range(_REDIRECTS + 1):
        place = _checked(url)
        data, moved = _get(place, public_address(place.hostname or ""), most, end)
        if moved is None:
            return data
        url = urljoin(url, moved)
    raise _refused("too many redirects")


def _checked(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        port = place.port
    except ValueError:
        raise _refused("not an address") from None
    if place.scheme != "https" or not place.hostname or port not in (None, 443) or place.username or place.password:
        raise _refused("only https addresses without a port or a password are fetched")
    return place


class _Pinned(http.client.HTTPSConnection):
    """A connection to a host at an address that was checked."""

    def __init__(self, host: str, address: str, seconds: float) -> None:
        super().__init__(host, timeout=seconds, context=ssl.create_default_context())
        self._address, self._tls = address, ssl.create_default_context()

    def connect(self) -> None:
        """Connect to the address, and check the certificate of the host."""
        plain = socket.create_connection((self._address, 443), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def _get(place: SplitResult, address: str, most: int, end: float) -> tuple[bytes, str | None]:
    connection = _Pinned(place.hostname or "", address, max(0.1, end - time.monotonic()))
    try:
        target = (place.path or "/") + (f"?{place.query}" if place.query else "")
        connection.request("GET", target, headers={"Accept": "image/*", "User-Agent": "dressform"})
        reply = connection.getresponse()
        if reply.status in _MOVED:
            return b"", reply.headers.get("Location") or ""
        if reply.status != 200:
            raise Problem("bad-request", "the photo cannot be fetched", "upload it")
        return _read(reply, most, end), None
    except (OSError, http.client.HTTPException, ValueError):
        raise Problem("bad-request", "the photo cannot be fetched", "upload it") from None
    finally:
        connection.close()


def _read(reply: http.client.HTTPResponse, most: int, end: float) -> bytes:
    data = bytearray()
    while piece := reply.read1(_CHUNK):
        data += piece
        if len(data) > most:
            raise Problem("body-too-large", "the photo is larger than this service takes", None, f"up to {most} bytes")
        if time.monotonic() > end:
            raise Problem("body-too-slow", "the photo did not arrive in time", "upload it")
    return bytes(data)


def _refused(detail: str) -> Problem:
    return Problem("forbidden", detail, "upload the photo")
