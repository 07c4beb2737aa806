"""What a driver may ask of a device that speaks HTTP, and what an adapter must provide."""

from __future__ import annotations

import json
from abc import abstractmethod
from decimal import Decimal
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from cc613hal.bus.actor import BusActor, Observer, Priority
from cc613hal.errors import DeviceRefused, ProtocolViolation

__all__ = ["HttpAdapter", "HttpPort", "HttpRequest", "HttpResponse", "json_object"]

_DEEPEST = 200
"""Brackets in a JSON text that is read; Python's parser gives up with an error of its own far above it."""


@frozen(kw_only=True)
class HttpRequest:
    """One request.

    Attributes:
        method: ``GET``, ``PUT``, ``POST`` or ``DELETE``.
        target: path and query, percent-encoded.
        body: what is sent; empty for nothing.
        headers: beside those the adapter writes itself (host, length).
    """

    method: str
    target: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@frozen(kw_only=True)
class HttpResponse:
    """One answer.

    Attributes:
        status: three digits; 2xx is well.
        body: the content.
        headers: names in lower case.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@runtime_checkable
class HttpAdapter(Protocol):
    """A host that answers HTTP."""

    @abstractmethod
    async def request(self, request: HttpRequest, timeout_s: float) -> HttpResponse:
        """Carry out one request, connection included.

        Returns:
            The answer, whatever its status.

        Raises:
            BusMissing: no such host, or nobody listens.
            BusTimeout: no whole answer in time.
            FrameError: what came is no HTTP, cut off, or too long.
            BusPermission: the certificate is not the one that was agreed.
            BusClosed: used after :meth:`aclose`, or the network is gone.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connection."""


class HttpPort:
    """A host as one device's driver sees it: one request at a time, traced, its health reported.

    Args:
        actor: the host's owner.
        adapter: the connection.
        timeout_s: longest wait for an answer, s.
        observer: is told how requests go.
    """

    def __init__(self, actor: BusActor, adapter: HttpAdapter, *, timeout_s: float = 3.0, observer: Observer | None = None) -> None:
        self._actor = actor
        self._adapter = adapter
        self.timeout_s = timeout_s
        self._observer = observer

    async def request(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        headers: tuple[tuple[str, str], ...] = (),
        priority: Priority = Priority.TELEMETRY,
    ) -> HttpResponse:
        """Carry out one request; the answer may have any status.

        Raises:
            BusError: no answer; see :meth:`HttpAdapter.request`.
        """
        asked = HttpRequest(method=method, target=target, body=body, headers=headers)
        return await self._actor.run(
            "http", lambda: self._adapter.request(asked, self.timeout_s), priority=priority, observer=self._observer
        )

    async def json(
        self,
        method: str,
        target: str,
        content: object = None,
        *,
        expect: tuple[int, ...] = (200,),
        headers: tuple[tuple[str, str], ...] = (),
        priority: Priority = Priority.TELEMETRY,
    ) -> dict[str, object]:
        """Carry out a request whose body and answer are JSON objects; numbers with a point come as :class:`~decimal.Decimal`.

        Args:
            method: as in :class:`HttpRequest`.
            target: as in :class:`HttpRequest`.
            content: what is sent as JSON; ``None`` for no body.
            expect: statuses that mean success; an empty body is then an empty object.
            headers: as in :class:`HttpRequest`.
            priority: who goes first.

        Raises:
            DeviceRefused: another status; ``code`` is the status.
            ProtocolViolation: the answer is no JSON object.
            BusError: no answer.
        """
        body, sent = b"", headers
        if content is not None:
            body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
            sent = (*headers, ("content-type", "application/json"))
        response = await self.request(method, target, body, headers=sent, priority=priority)
        where = f"{method} {target}"
        if response.status not in expect:
            said = response.body[:80].decode("utf-8", "replace")
            raise DeviceRefused(
                f"answers {where} with status {response.status} {said}".rstrip(), code=response.status, device=self._actor.name
            )
        try:
            return json_object(response.body)
        except ValueError as error:
            raise ProtocolViolation(f"answers {where} with something that is no JSON object: {error}", device=self._actor.name) from error


def json_object(text: bytes) -> dict[str, object]:
    """A JSON object; an empty text is an empty one. Numbers with a point come as :class:`~decimal.Decimal`.

    Raises:
        ValueError: it is none, or too deep; NaN and infinity are no JSON.
    """
    if not text.strip():
        return {}
    if text.count(b"[") + text.count(b"{") > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} brackets")
    try:
        found: object = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: {error.reason}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{type(found).__name__} instead of an object")  # noqa: TRY004  # callers catch one kind of error
    return found  # pyright: ignore[reportUnknownVariableType]  # json gives every object text keys


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
