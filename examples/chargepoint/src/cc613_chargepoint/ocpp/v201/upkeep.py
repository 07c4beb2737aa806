"""What a backend asks about firmware and logs (functional blocks L and N)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cc613_chargepoint.ocpp.engine.certificates import firmware_signer
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.upkeep import Update
from cc613_chargepoint.ocpp.engine.version import Handler
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.messages.v201_firmware import UpdateFirmware, UpdateFirmwareResponse
from cc613_chargepoint.ocpp.messages.v201_provisioning import GetLog, GetLogResponse
from cc613_chargepoint.ocpp.messages.v201_words import UpdateFirmwareStatus
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
        upkeep = self._engine.upkeep_there
        if upkeep.judge(request.log.remote_location) is not None:
            return Reply(encoded(GetLogResponse(status="Rejected")))
        since, until = request.log.oldest_timestamp, request.log.latest_timestamp
        file = await (upkeep.security_log(since, until) if request.log_type == "SecurityLog" else upkeep.diagnostics(since, until))
        if file is None:
            return Reply(encoded(GetLogResponse(status="Rejected")))
        cancelled = upkeep.upload(
            request.log.remote_location, file, retries=request.retries or 0, interval_s=request.retry_interval, request=request.request_id
        )
        return Reply(encoded(GetLogResponse(status="AcceptedCanceled" if cancelled else "Accepted", filename=file.name)))

    async def _update(self, request: UpdateFirmware) -> Reply:
        firmware = request.firmware

        def answer(status: UpdateFirmwareStatus) -> Reply:
            return Reply(encoded(UpdateFirmwareResponse(status=status)))

        if firmware.signing_certificate is None or firmware.signature is None or self._engine.security is None:
            return answer("Rejected" if self._engine.security is None else "InvalidCertificate")  # nothing unsigned is installed (L01)
        signer, signature = firmware_signer(self._engine, firmware.signing_certificate), firmware.signature
        if isinstance(signer, str):
            return answer(signer)
        security = self._engine.security

        async def verify(image: Path) -> str:
            await security.verify_file(image, signature, signer)
            return signer.subject

        wanted = Update(
            location=firmware.location,
            retrieve=firmware.retrieve_date_time,
            install=firmware.install_date_time,
            retries=request.retries or 0,
            interval_s=request.retry_interval,
            request=request.request_id,
            verify=verify,
        )
        cancelled = self._engine.upkeep_there.update(wanted)
        return answer("Rejected" if cancelled is None else "AcceptedCanceled" if cancelled else "Accepted")
