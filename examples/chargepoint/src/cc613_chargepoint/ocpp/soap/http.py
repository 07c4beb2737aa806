"""One HTTP exchange over a stream, with h11: bounded, compressed or not. For the client and for the listener."""

from __future__ import annotations

import asyncio
import zlib

import h11
from attrs import frozen

from cc613_chargepoint.ocpp.soap.errors import SoapError, SoapInvalid
from cc613_chargepoint.ocpp.soap.xml import LONGEST_BYTES

__all__ = ["Message", "TooLong", "Unreadable", "receive", "send"]

CHUNK = 16 * 1024
MAX_HEAD_BYTES = 16 * 1024


class TooLong(SoapInvalid):
    """More bytes than a message may have."""


class Unreadable(SoapError):  # noqa: N818 - as in errors
    """What came is no HTTP, or it ended too early."""


@frozen(kw_only=True)
class Message:
    """A request or response.

    Attributes:
        head: its first lines.
        body: decompressed.
    """

    head: h11.Request | h11.Response
    body: bytes

    def header(self, name: str) -> str:
        """A header's value; empty where it is missing."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.head.headers if key == wanted), "")


async def receive(connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None = None) -> Message | None:
    """The next whole message; ``None`` if the peer has closed in between.

    Args:
        connection: whose turn it is.
        reader: where bytes come from.
        writer: to tell a waiting client that it may go on.

    Raises:
        TooLong: it has more bytes than it may, also once it is decompressed.
        Unreadable: it is no HTTP.
    """
    head: h11.Request | h11.Response | None = None
    body = bytearray()
    while True:
        try:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if writer is not None and connection.they_are_waiting_for_100_continue:
                    go_on = connection.send(h11.InformationalResponse(status_code=100, headers=[]))
                    writer.write(go_on or b"")
                connection.receive_data(await reader.read(CHUNK))
                continue
        except h11.RemoteProtocolError as error:
            raise Unreadable(f"this is no HTTP: {error}") from error
        if isinstance(event, h11.Request | h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LONGEST_BYTES:
                raise TooLong(f"the message has more than {LONGEST_BYTES} bytes")
        elif isinstance(event, h11.EndOfMessage):
            if head is None:
                raise Unreadable("a message without a head")
            plain = Message(head=head, body=bytes(body))
            return Message(head=head, body=_decompressed(plain.body, plain.header("Content-Encoding")))
        elif isinstance(event, h11.ConnectionClosed):
            return None


async def send(connection: h11.Connection, writer: asyncio.StreamWriter, head: h11.Request | h11.Response, body: bytes) -> None:
    """Send a whole message."""
    data = connection.send(head) or b""
    data += connection.send(h11.Data(data=body)) or b""
    data += connection.send(h11.EndOfMessage()) or b""
    writer.write(data)
    await writer.drain()


def _decompressed(body: bytes, encoding: str) -> bytes:
    kind = encoding.strip().lower()
    if kind in {"", "identity"}:
        return body
    if kind not in {"gzip", "x-gzip", "deflate"}:
        raise SoapInvalid(f"the encoding {kind[:40]!r} is not understood", hint="gzip or deflate")
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # with a gzip or zlib header; and without any, as some send "deflate"
        inflater = zlib.decompressobj(bits)
        try:
            plain = inflater.decompress(body, LONGEST_BYTES + 1)
        except zlib.error:
            continue
        if len(plain) > LONGEST_BYTES:
            raise TooLong(f"the message has more than {LONGEST_BYTES} bytes once it is decompressed")
        if inflater.eof:
            return plain
    raise SoapInvalid(f"the message is not {kind}")
