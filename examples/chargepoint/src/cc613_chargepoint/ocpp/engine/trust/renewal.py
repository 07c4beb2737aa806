"""The station's own certificate is asked for, asked for again while no answer comes, and renewed before it ends."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from cc613_chargepoint.ocpp.rpc import RpcError
from cc613_chargepoint.settings import ocpp
from cc613hal.errors import HalError

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["Renewal"]

_log = logging.getLogger(__name__)

RENEWAL_S = 3600.0
"""Between two looks whether the certificate ends soon, s."""


class Renewal:
    """Asks the backend for the station's certificate.

    A backend that takes a request and sends no certificate is asked again: after ``ocpp.cert_signing_wait_s``, then after twice the
    time each, ``ocpp.cert_signing_repeats`` times (2.0.1, A02.FR.17 to 19; the application note for Plug & Charge has the same for 1.6).

    Args:
        engine: whose station it is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insisting: asyncio.Task[None] | None = None

    async def ask(self) -> None:
        """A new key pair, and the request to have it signed.

        Raises:
            RpcError: the backend did not take it.
        """
        security = self._engine.security_there
        self.answered()
        if await self._asked(security.own.request(security.subject)):
            self._insisting = asyncio.create_task(self._insist(), name="ocpp certificate asked for")

    def answered(self) -> None:
        """A certificate came, good or bad: it is not asked for again."""
        if self._insisting is not None:
            self._insisting.cancel()
            self._insisting = None

    def end(self) -> None:
        """Wait for no certificate any more."""
        self.answered()

    async def run(self) -> None:
        """Ask for a new certificate a month before the present one ends; until cancelled."""
        while True:
            await self._engine.wait_online()
            due = None if self._engine.security is None else self._engine.security.own.renew_at()
            if due is not None and due <= self._engine.clock.wall():
                try:
                    await self.ask()
                except HalError as error:
                    _log.warning("the certificate is not renewed yet: %s", error)
            await self._engine.clock.sleep(RENEWAL_S)

    async def _asked(self, request: str) -> bool:
        taken = await self._engine.version.sign_certificate(request)
        if not taken:
            _log.warning("the backend does not have the station's certificate signed")
        return taken

    async def _insist(self) -> None:
        """The same request again: whichever certificate comes fits the key that waits."""
        settings = self._engine.settings
        wait_s = float(settings.get(ocpp.CERT_WAIT_S))
        for number in range(settings.get(ocpp.CERT_REPEATS)):
            await self._engine.clock.sleep(wait_s * 2.0**number)
            await self._engine.wait_online()
            _log.warning("no certificate came: it is asked for again, %d", number + 1)
            try:
                if not await self._asked(self._engine.security_there.own.request_again()):
                    return
            except RpcError as error:
                _log.warning("the request for a certificate was not taken: %s", error.message)
