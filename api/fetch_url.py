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
from contextlib import suppress
from threading import Timer
from urllib.parse import SplitResult, urljoin, urlsplit

from dressform.api.problems import Problem

__all__ = ["fetch", "is_public", "public_address"]

_REDIRECTS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})
_CHUNK = 1 << 16
# Public by their numbers for some versions of Python, but documentation, protocols' own addresses, or a way to other
# addresses: NAT64, 6to4, Teredo and its kin.
_TUNNELS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24", "192.0.0.0/24", "3fff::/20",
    )
)  # fmt: skip
_UNICAST = ipaddress.ip_network("2000::/3")  # all that IPv6 has given to the open internet


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, by itself and by what it may hold inside."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return False
        if ip not in _UNICAST:
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
        try:
            url = urljoin(url, moved)
        except ValueError:
            raise _refused("the redirect leads nowhere") from None
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
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock.do_handshake()

    def hang_up(self) -> None:
        """End whatever another thread waits for; a host that sends byte by byte never runs into a timeout."""
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # as it is: closing TLS would wait for an answer


def _get(place: SplitResult, address: str, most: int, end: float) -> tuple[bytes, str | None]:
    left = max(0.1, end - time.monotonic())
    connection = _Pinned(place.hostname or "", address, left)
    watch = Timer(left, connection.hang_up)
    watch.daemon = True
    watch.start()
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
        if time.monotonic() >= end:
            raise _late() from None
        raise Problem("bad-request", "the photo cannot be fetched", "upload it") from None
    finally:
        watch.cancel()
        connection.close()


def _read(reply: http.client.HTTPResponse, most: int, end: float) -> bytes:
    data = bytearray()
    while piece := reply.read1(_CHUNK):
        data += piece
        if len(data) > most:
            raise Problem("body-too-large", "the photo is larger than this service takes", None, f"up to {most} bytes")
        if time.monotonic() > end:
            raise _late()
    if time.monotonic() >= end:
        raise _late()  # it was hung up on, so this may be a part only
    if reply.length:
        raise Problem("bad-request", "the photo did not arrive whole", "upload it")
    return bytes(data)


def _late() -> Problem:
    return Problem("body-too-slow", "the photo did not arrive in time", "upload it")


def _refused(detail: str) -> Problem:
    return Problem("forbidden", detail, "upload the photo")
