"""Addresses that a backend sends: taken apart with suspicion, shown without their password."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import SplitResult, quote, unquote, urlsplit

from attrs import field, frozen

from cc613_chargepoint.ocpp.files.errors import BadLocation

__all__ = ["SCHEMES", "Location", "is_own_address", "location", "remote_name"]

SCHEMES: dict[str, int] = {"ftp": 21, "ftps": 21, "http": 80, "https": 443, "sftp": 22}
"""What can be spoken, and on which port."""
LONGEST = 2000
"""Characters of an address; the longest field that OCPP has for one (2.0.1: 512) fits well."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?\.?$")
_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@frozen(kw_only=True)
class Location:
    """Where a file comes from or goes to.

    Attributes:
        scheme: one of :data:`SCHEMES`.
        host: name or address, without brackets.
        port: of the service.
        path: with its leading slash, percent-encoded as it came.
        query: of HTTP, percent-encoded, without question mark.
        user: decoded; empty for none.
        password: decoded.
    """

    scheme: str
    host: str
    port: int
    path: str = "/"
    query: str = ""
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """For people and logs: no password, and nothing of the query, which often is one."""
        who = f"{quote(self.user)}@" if self.user else ""
        return f"{self.scheme}://{who}{self.authority}{self.path}{'?…' if self.query else ''}"

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == SCHEMES[self.scheme] else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """What HTTP asks for."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def steps(self) -> tuple[str, ...]:
        """The parts of the path, decoded."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def encrypted(self) -> bool:
        """Nobody on the way can read it or change it."""
        return self.scheme in {"ftps", "https", "sftp"}


def location(text: str, *, allowed: Collection[str] = tuple(SCHEMES)) -> Location:
    """Take an address apart.

    Args:
        text: as the backend sent it.
        allowed: the schemes that are.

    Raises:
        BadLocation: it is no address, or one that is not allowed.
    """
    if len(text) > LONGEST:
        raise BadLocation(f"an address of {len(text)} characters is too long", hint=f"at most {LONGEST}")
    if _CONTROL.search(text) or text != text.strip():
        raise BadLocation("the address has control characters or blanks around it")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadLocation(f"this is no address: {error}") from error
    scheme = parts.scheme.lower()
    if scheme not in allowed or scheme not in SCHEMES:
        raise BadLocation(f"{scheme or 'an address without a scheme'} is not allowed", hint=f"allowed: {', '.join(sorted(allowed))}")
    if port == 0:
        raise BadLocation("there is no port 0")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    decoded = unquote(parts.path)
    if _CONTROL.search(decoded) or _CONTROL.search(user) or _CONTROL.search(password):
        raise BadLocation("the address has control characters")
    if ".." in decoded.split("/"):
        raise BadLocation("the address climbs out of its directory")
    return Location(
        scheme=scheme,
        host=_host(parts),
        port=SCHEMES[scheme] if port is None else port,
        path=quote(parts.path, safe="/%:@!$&'()*+,;=~-._") or "/",
        query=quote(parts.query, safe="/%:@!$&'()*+,;=~-._?"),
        user=user,
        password=password,
    )


def is_own_address(address: str) -> bool:
    """Whether an IP address is this machine's or its link's: a backend has no business there.

    Args:
        address: as a socket tells its peer.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast


def remote_name(name: str) -> str:
    """A file name that no server can misunderstand."""
    return _FILE_NAME.sub("_", name).lstrip(".") or "file"


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError as error:
            raise BadLocation(f"{host!r} is no IPv6 address") from error
    try:
        plain = host.encode("idna").decode("ascii") if host else ""
    except UnicodeError as error:
        raise BadLocation(f"{host!r} is no host name") from error
    if not _NAME.match(plain):
        raise BadLocation(f"{host!r} is no host name")
    return plain
