"""What a backend asks in the profile Firmware Management, and the security whitepaper's own forms of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cc613_chargepoint.ocpp.certificates import Use
from cc613_chargepoint.ocpp.engine.asked.upkeep import Update
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.trust.certificates import begin_signed_update
from cc613_chargepoint.ocpp.messages import encoded, v16
from cc613_chargepoint.ocpp.rpc import CallFailed, ErrorCode, Reply

__all__ = ["Upkeep16"]


class Upkeep16:
    """Carries it out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Reply]]]:
        """Action → who carries it out; none where the station has no tools for it."""
        if self._engine.upkeep is None:
            return {}
        return {
            "UpdateFirmware": self._update,
            "GetDiagnostics": self._diagnostics,
            "GetLog": self._log,
            "SignedUpdateFirmware": self._signed_update,
        }

    async def _update(self, request: v16.UpdateFirmware) -> Reply:
        upkeep = self._engine.upkeep_there
        wanted = Update(
            location=request.location,
            retrieve=request.retrieve_date,
            retries=request.retries or 0,
            interval_s=request.retry_interval,
        )

        async def then() -> None:
            upkeep.update(wanted)

        return Reply(encoded(v16.UpdateFirmwareResponse()), then)

    async def _diagnostics(self, request: v16.GetDiagnostics) -> Reply:
        upkeep = self._engine.upkeep_there
        if (why := upkeep.judge(request.location)) is not None:
            raise CallFailed(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"location: {why}")
        file = await upkeep.diagnostics(request.start_time, request.stop_time)
        if file is None:
            return Reply(encoded(v16.GetDiagnosticsResponse()))

        async def then() -> None:
            upkeep.upload(request.location, file, retries=request.retries or 0, interval_s=request.retry_interval, request=None)

        return Reply(encoded(v16.GetDiagnosticsResponse(file_name=file.name)), then)

    async def _log(self, request: v16.GetLog) -> Reply:
        status, name = await self._engine.upkeep_there.send_log(
            request.log.remote_location,
            security=request.log_type == "SecurityLog",
            since=request.log.oldest_timestamp,
            until=request.log.latest_timestamp,
            retries=request.retries or 0,
            interval_s=request.retry_interval,
            request=request.request_id,
        )
        return Reply(encoded(v16.GetLogResponse(status=status, filename=name)))

    async def _signed_update(self, request: v16.SignedUpdateFirmware) -> Reply:
        firmware = request.firmware
        status = begin_signed_update(
            self._engine,
            location=firmware.location,
            retrieve=firmware.retrieve_date_time,
            install=firmware.install_date_time,
            certificate=firmware.signing_certificate,
            signature=firmware.signature,
            retries=request.retries or 0,
            interval_s=request.retry_interval,
            request=request.request_id,
        )
        return Reply(encoded(v16.SignedUpdateFirmwareResponse(status=status)))


ROOTS = {"CentralSystemRootCertificate": Use.BACKEND, "ManufacturerRootCertificate": Use.MANUFACTURER}
"""What 1.6 calls the uses of roots."""
