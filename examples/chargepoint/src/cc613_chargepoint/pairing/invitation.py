"""Pairing two controllers: the master invites with a one-time code, the slave accepts with it. Certificates are exchanged, keys stay.

The slave knows from the code whose certificate the master must show before it says anything; the master knows the slave by the secret.
An invitation ends with the first slave that knows the secret, after three that do not, or with its time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Callable
from typing import Any

from attrs import frozen

from cc613_chargepoint.pairing.code import PairingCode
from cc613_chargepoint.pairing.identity import Identity
from cc613hal.errors import ConfigError, HalError

__all__ = ["PAIRING_PORT", "PairingFailed", "Terms", "accept_invitation", "invite"]

_log = logging.getLogger(__name__)

PAIRING_PORT = 4614
"""Where an invitation is accepted, unless another port is named."""
_LINE_LIMIT = 16 * 1024
_PATIENCE_S = 15.0
_WRONG_SECRETS = 3


class PairingFailed(HalError, RuntimeError):  # noqa: N818 - the base class says that it is an error
    """The controllers are not paired."""

    kind = "pairing-failed"


@frozen(kw_only=True)
class Terms:
    """What the slave learns with the pairing.

    Attributes:
        port: where the master listens for its slave.
        connector: which connector of the station the slave is.
    """

    port: int
    connector: int


async def invite(
    identity: Identity, terms: Terms, shown: Callable[[PairingCode, int], None], *, address: str, port: int, within_s: float
) -> None:
    """Wait for the slave; it is trusted when this returns.

    Args:
        identity: of this controller.
        terms: told to the slave.
        shown: is given the code for the person, and the port that listens.
        address: to listen on.
        port: to listen on; 0 for a free one.
        within_s: how long the code counts, s.

    Raises:
        PairingFailed: nobody came in time, or too many with a wrong secret.
        ConfigError: the port cannot be used.
    """
    code = PairingCode.fresh(identity.certificate)
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    wrong = 0

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal wrong
        try:
            async with asyncio.timeout(_PATIENCE_S):
                asked = _object(await reader.readline())
                if done.done():
                    return
                if not code.opened_by(str(asked.get("secret", ""))):
                    wrong += 1
                    await _say(writer, {"error": "the code does not count: it was used, or it is not the one shown now"})
                    if wrong >= _WRONG_SECRETS:
                        done.set_exception(PairingFailed("three others had a wrong code", hint="begin again: a new code is shown"))
                    return
                identity.trust(ssl.PEM_cert_to_DER_cert(str(asked.get("certificate", ""))))
                await _say(writer, {"port": terms.port, "connector": terms.connector})
                done.set_result(None)
        except (OSError, ValueError, TimeoutError, HalError) as error:
            _log.warning("somebody did not complete the pairing: %s", error)
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(meet, address, port, ssl=identity.alone(), limit=_LINE_LIMIT, backlog=4)
    except OSError as error:
        raise ConfigError(f"port {port} cannot be used: {error}", hint="name another one with --port, here and at the slave") from error
    try:
        shown(code, int(server.sockets[0].getsockname()[1]))
        async with asyncio.timeout(within_s):
            await done
    except TimeoutError:
        raise PairingFailed(f"no slave came within {within_s:g} s", hint="begin again: a new code is shown") from None
    finally:
        server.close()


async def accept_invitation(identity: Identity, host: str, code: PairingCode, *, port: int = PAIRING_PORT) -> Terms:
    """Answer the master's invitation; it is trusted when this returns.

    Raises:
        PairingFailed: the master is not there, is another one, or does not know the code.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the code says which certificate it must be, and nothing is told to any other
    hint = f"`cc613-chargepoint pair master` must wait at {host}, port {port}, while this runs"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=context, limit=_LINE_LIMIT)
            try:
                return await _exchange(identity, code, reader, writer)
            finally:
                writer.close()
    except TimeoutError:
        raise PairingFailed(f"{host} did not answer within {_PATIENCE_S:g} s", hint=hint) from None
    except (OSError, ValueError, KeyError) as error:
        raise PairingFailed(f"{host} cannot be paired with: {error}", hint=hint) from error


async def _exchange(identity: Identity, code: PairingCode, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Terms:
    master: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    if not code.is_of(master):
        raise PairingFailed("whoever answers there did not make this code", hint="check the address and the code; tell nobody the code")
    certificate = identity.certificate_file.read_text("ascii")
    await _say(writer, {"secret": code.secret.hex(), "certificate": certificate})
    answer = _object(await reader.readline())
    if "error" in answer:
        raise PairingFailed(str(answer["error"]), hint="begin again at the master: a new code is shown")
    terms = Terms(port=int(answer["port"]), connector=int(answer["connector"]))
    identity.trust(master)
    return terms


async def _say(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message).encode() + b"\n")
    await writer.drain()


def _object(raw: bytes) -> dict[str, Any]:
    message = json.loads(raw)
    if not isinstance(message, dict):
        raise ValueError("no object")  # noqa: TRY004 - what came has the wrong content
    return message
