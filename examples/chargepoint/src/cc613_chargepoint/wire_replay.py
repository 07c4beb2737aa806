"""The verb ``ocpp replay``: the station's calls of a wire log, said again to another central system, over a WebSocket or over SOAP."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import copy
import json
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from cc613hal.errors import ConfigError

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.rpc import BackendWire, Call, Reply

__all__ = ["Conversation", "calls_of", "replay"]

VERSIONS = ("ocpp1.5", "ocpp1.6", "ocpp2.0.1")


@frozen(kw_only=True)
class Conversation:
    """What the station called in a log.

    Attributes:
        version: that was spoken: ``ocpp1.5``, ``ocpp1.6`` or ``ocpp2.0.1``.
        calls: action and payload, in order, with the transaction's name in the answer, if there was one.
        others: calls of conversations in another version, which are left out.
    """

    version: str
    calls: tuple[tuple[str, dict[str, Any], Any], ...] = field(default=())
    others: int = 0


def calls_of(entries: Sequence[dict[str, Any]], wanted: str = "") -> Conversation:
    """The station's calls of a log, all of one version.

    Args:
        entries: lines of the log.
        wanted: the version; by default that of the last conversation in which the station called.
    """
    version, found = "", list[tuple[str, list[Any]]]()
    answers: dict[str, Any] = {}
    for entry in entries:
        frame = entry.get("frame")
        if entry.get("way") == "opened":
            version = str(entry.get("subprotocol", "")).partition(" ")[0]
        elif not isinstance(frame, list) or len(frame) < 3:
            continue
        elif entry.get("way") == "sent" and frame[0] == 2 and len(frame) > 3 and isinstance(frame[3], dict):
            found.append((version, frame))
        elif entry.get("way") == "received" and frame[0] == 3 and isinstance(frame[2], dict):
            answers[str(frame[1])] = frame[2].get("transactionId")
    spoken = wanted or next((each for each, _ in reversed(found) if each), "ocpp1.6")
    family = _family(spoken)
    mine = [frame for each, frame in found if not each or _family(each) == family]
    calls = tuple((str(frame[2]), frame[3], answers.get(str(frame[1]))) for frame in mine)
    return Conversation(version=spoken, calls=calls, others=len(found) - len(mine))


def _family(version: str) -> str:
    """Whose words stand in the log: what goes over SOAP as 1.5 stands there in those of 1.6."""
    return "ocpp1.6" if version == "ocpp1.5" else version


async def replay(arguments: argparse.Namespace, entries: Sequence[dict[str, Any]]) -> int:
    """Say the calls; returns the exit code: 1 if one was refused or not answered.

    Raises:
        ConfigError: there is nothing to say, or nobody to say it to.
        CannotConnect: nobody is there.
    """
    from cc613_chargepoint.ocpp.rpc import Link, Reply, RpcError  # noqa: PLC0415 - only who speaks loads it

    said = calls_of(entries, arguments.subprotocol or "")
    if not said.calls:
        raise ConfigError(f"{arguments.file}: the station calls nobody in it", hint="a wire log is written with ocpp.wire_log=on")
    show = _Shown(arguments.json, len(said.calls))

    async def nobody(call: Call) -> Reply:
        show.asked(call.action, call.payload)
        return Reply()

    refused, names = 0, dict[Any, Any]()
    async with _connection(arguments, said)() as wire:
        link = Link(wire, nobody)
        running = asyncio.create_task(link.run())
        try:
            for number, (action, payload, old) in enumerate(said.calls, 1):
                content = _renamed(payload, names)
                try:
                    answer = await link.call(action, content)
                except RpcError as error:
                    refused += 1
                    show.call(number, action, content, refusal=error.message)
                    continue
                if old is not None and "transactionId" in answer:
                    names[old] = answer["transactionId"]
                show.call(number, action, content, answer=answer)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    left = f"; {said.others} of another version than {said.version} were left out" if said.others else ""
    print(f"{len(said.calls)} calls: {len(said.calls) - refused} answered, {refused} refused or not answered{left}", file=sys.stderr)
    return 1 if refused else 0


def _renamed(payload: dict[str, Any], names: dict[Any, Any]) -> dict[str, Any]:
    """With the name that this central system has given to the transaction (1.6: an integer that it chooses)."""
    if payload.get("transactionId") not in names:
        return payload
    return {**copy.deepcopy(payload), "transactionId": names[payload["transactionId"]]}


def _connection(arguments: argparse.Namespace, said: Conversation) -> Callable[[], AbstractAsyncContextManager[BackendWire]]:
    from cc613_chargepoint.ocpp.rpc.connection import Endpoint, connected  # noqa: PLC0415 - only who speaks loads it

    secret, tls = _password(arguments.password_file), _tls(arguments.ca_file)
    if not arguments.url.startswith(("http:", "https:")):
        if said.version == "ocpp1.5":
            raise ConfigError("1.5 is spoken over SOAP alone", hint="name an http:// or https:// address, or --subprotocol ocpp1.6")
        secure = tls if arguments.url.startswith("wss:") else None
        where = Endpoint(url=arguments.url, identity=arguments.identity, subprotocols=(said.version,), password=secret, tls=secure)
        return lambda: connected(where)
    if said.version not in {"ocpp1.5", "ocpp1.6"}:
        raise ConfigError(
            f"{said.version} is not spoken over SOAP",
            hint="name a ws:// or wss:// address, or another --subprotocol",
        )
    return lambda: _over_soap(arguments, said, secret, tls)


@asynccontextmanager
async def _over_soap(
    arguments: argparse.Namespace, said: Conversation, secret: bytes | None, tls: ssl.SSLContext | None
) -> AsyncIterator[BackendWire]:
    from cc613_chargepoint.ocpp.soap import Listening, SoapEndpoint, Spoken, soap_connected  # noqa: PLC0415 - only who speaks loads it

    where = SoapEndpoint(
        url=arguments.url,
        identity=arguments.identity,
        spoken=Spoken.V15 if said.version == "ocpp1.5" else Spoken.V16,
        password=secret,
        tls=tls,
        listening=Listening(port=0),
    )
    async with contextlib.AsyncExitStack() as stack:
        yield await stack.enter_async_context(soap_connected(where))


def _password(file: Path | None) -> bytes | None:
    from cc613_chargepoint.ocpp.engine.trust.security import password_bytes  # noqa: PLC0415 - only who speaks loads it

    if file is None:
        return None
    try:
        return password_bytes(file.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the password cannot be read: {error}", hint="--password-file names a file with nothing else in it") from error


def _tls(file: Path | None) -> ssl.SSLContext:
    from cc613_chargepoint.ocpp.certificates import client_context  # noqa: PLC0415 - only who speaks loads it

    context = client_context(system=file is None)
    try:
        if file is not None:
            context.load_verify_locations(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the root certificates cannot be read: {error}", hint="--ca-file names a PEM file") from error
    return context


class _Shown:
    """What is said and answered: for people, or one JSON object per line.

    Args:
        as_json: for programs.
        total: of calls.
    """

    def __init__(self, as_json: bool, total: int) -> None:
        self._as_json, self._total = as_json, total

    def call(self, number: int, action: str, payload: Any, *, answer: Any = None, refusal: str = "") -> None:
        """One call and what became of it."""
        if self._as_json:
            result = {"refused": refusal} if refusal else {"answer": answer}
            print(json.dumps({"number": number, "of": self._total, "action": action, "payload": payload, **result}), flush=True)
            return
        print(f"→ {number}/{self._total} {action} {_json(payload)}")
        print(f"  ! {refusal}" if refusal else f"  = {_json(answer)}", flush=True)

    def asked(self, action: str, payload: Any) -> None:
        """A question of the central system, which is answered with nothing."""
        print(json.dumps({"asked": action, "payload": dict(payload)}) if self._as_json else f"← {action} {_json(payload)}", flush=True)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
