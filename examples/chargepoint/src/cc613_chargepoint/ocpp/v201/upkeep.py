"""What a backend asks about firmware and logs (functional blocks L and N)."""

from __future__ import annotations

from collections.abc import Mapping

from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.trust.certificates import begin_signed_update
from cc613_chargepoint.ocpp.engine.version import Handler
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.messages.v201_firmware import UpdateFirmware, UpdateFirmwareResponse
from cc613_chargepoint.ocpp.messages.v201_provisioning import GetLog, GetLogResponse
from cc613_chargepoint.ocpp.rpc import Reply

__all__ = ["Upkeep201"]


class Upkeep201:
    """Carries it out.

    Args:
        engine: knows the station.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handlers(self) -> Mapping[str, Handler]:
        """Action → who carries it out; none where the station has no tools for it."""
        if self._engine.upkeep is None:
            return {}
        return {"GetLog": self._log, "UpdateFirmware": self._update}

    async def _log(self, request: GetLog) -> Reply:
        status, name = await self._engine.upkeep_there.send_log(
            request.log.remote_location,
            security=request.log_type == "SecurityLog",
            since=request.log.oldest_timestamp,
            until=request.log.latest_timestamp,
            retries=request.retries or 0,
            interval_s=request.retry_interval,
            request=request.request_id,
        )
        return Reply(encoded(GetLogResponse(status=status, filename=name)))

    async def _update(self, request: UpdateFirmware) -> Reply:
        firmware = request.firmware
        if firmware.signing_certificate is None or firmware.signature is None:  # nothing unsigned is installed (L01)
            return Reply(encoded(UpdateFirmwareResponse(status="Rejected" if self._engine.security is None else "InvalidCertificate")))
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
        return Reply(encoded(UpdateFirmwareResponse(status=status)))
