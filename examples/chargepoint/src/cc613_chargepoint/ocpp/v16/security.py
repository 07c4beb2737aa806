"""What a backend asks in the security whitepaper: certificates, and triggers of its messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from cc613_chargepoint.ocpp.certificates import HashAlgorithm, HashData
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.trust.certificates import accept_own, install_root, remove_root
from cc613_chargepoint.ocpp.messages import encoded, v16
from cc613_chargepoint.ocpp.messages.v16_types import CertificateHashData
from cc613_chargepoint.ocpp.rpc import Reply
from cc613_chargepoint.ocpp.v16.trigger import Trigger
from cc613_chargepoint.ocpp.v16.upkeep import ROOTS
from cc613_chargepoint.settings import ocpp
from cc613hal.errors import HalError

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.trust.security import Security

__all__ = ["Security16"]


class Security16:
    """Carries it out.

    Args:
        engine: knows the station.
        trigger: knows what can be triggered.
    """

    def __init__(self, engine: Engine, trigger: Trigger) -> None:
        self._engine, self._trigger = engine, trigger

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Reply]]]:
        """Action → who carries it out; none where the station keeps no certificates."""
        if self._engine.security is None:
            return {}
        return {
            "CertificateSigned": self._signed,
            "DeleteCertificate": self._delete,
            "ExtendedTriggerMessage": self._extended_trigger,
            "GetInstalledCertificateIds": self._installed,
            "InstallCertificate": self._install,
        }

    @property
    def _security(self) -> Security:
        return self._engine.security_there

    async def _install(self, request: v16.InstallCertificate) -> Reply:
        status = install_root(self._engine, request.certificate, ROOTS[request.certificate_type])
        return Reply(encoded(v16.InstallCertificateResponse(status=status)))

    async def _installed(self, request: v16.GetInstalledCertificateIds) -> Reply:
        names = [name for _, name in self._security.roots.names(ROOTS[request.certificate_type])]
        if not names:
            return Reply(encoded(v16.GetInstalledCertificateIdsResponse(status="NotFound")))
        told = tuple(
            CertificateHashData(
                hash_algorithm=each.algorithm.value,
                issuer_name_hash=each.issuer_name_hash,
                issuer_key_hash=each.issuer_key_hash,
                serial_number=each.serial_number,
            )
            for each in names
        )
        return Reply(encoded(v16.GetInstalledCertificateIdsResponse(status="Accepted", certificate_hash_data=told)))

    async def _delete(self, request: v16.DeleteCertificate) -> Reply:
        asked = request.certificate_hash_data
        name = HashData(HashAlgorithm(asked.hash_algorithm), asked.issuer_name_hash, asked.issuer_key_hash, asked.serial_number)
        return Reply(encoded(v16.DeleteCertificateResponse(status=remove_root(self._engine, name).value)))

    async def _signed(self, request: v16.CertificateSigned) -> Reply:
        if not accept_own(self._engine, request.certificate_chain):
            return Reply(encoded(v16.CertificateSignedResponse(status="Rejected")))
        reconnects = self._engine.settings.get(ocpp.SECURITY_PROFILE) == 3
        return Reply(encoded(v16.CertificateSignedResponse(status="Accepted")), self._engine.reconnect if reconnects else None)

    async def _extended_trigger(self, request: v16.ExtendedTriggerMessage) -> Reply:
        message = request.requested_message
        if message == "SignChargePointCertificate":
            try:
                self._security.subject  # noqa: B018 - it says what is missing
            except HalError:
                return Reply(encoded(v16.ExtendedTriggerMessageResponse(status="Rejected")))
            return Reply(encoded(v16.ExtendedTriggerMessageResponse(status="Accepted")), self._engine.renewal.ask)
        then = self._trigger.wanted(message, request.connector_id, extended=True)
        if isinstance(then, str):
            return Reply(encoded(v16.ExtendedTriggerMessageResponse(status="Rejected" if then == "Rejected" else "NotImplemented")))
        return Reply(encoded(v16.ExtendedTriggerMessageResponse(status="Accepted")), then)
