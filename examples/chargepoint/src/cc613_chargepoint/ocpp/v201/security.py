"""What a backend asks about certificates (functional blocks A and M)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from cc613_chargepoint.ocpp.certificates import HashAlgorithm, HashData, Use
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.trust.certificates import accept_own, install_root, remove_root
from cc613_chargepoint.ocpp.engine.version import Handler
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.messages.v201_security import (
    CertificateSigned,
    CertificateSignedResponse,
    DeleteCertificate,
    DeleteCertificateResponse,
    GetInstalledCertificateIds,
    GetInstalledCertificateIdsResponse,
    InstallCertificate,
    InstallCertificateResponse,
)
from cc613_chargepoint.ocpp.messages.v201_types import CertificateHashData, CertificateHashDataChain
from cc613_chargepoint.ocpp.messages.v201_words import GetCertificateIdUse
from cc613_chargepoint.ocpp.rpc import Reply
from cc613_chargepoint.settings import ocpp

__all__ = ["Security201"]

_USES: Mapping[GetCertificateIdUse, Use] = {
    "CSMSRootCertificate": Use.BACKEND,
    "ManufacturerRootCertificate": Use.MANUFACTURER,
    "V2GRootCertificate": Use.V2G,
    "MORootCertificate": Use.MO,
}
"""What 2.0.1 calls the uses of roots."""
_NAMES = {use: name for name, use in _USES.items()}


class Security201:
    """Carries it out.

    Args:
        engine: knows the station.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handlers(self) -> Mapping[str, Handler]:
        """Action → who carries it out; none where the station keeps no certificates."""
        if self._engine.security is None:
            return {}
        return {
            "CertificateSigned": self._signed,
            "DeleteCertificate": self._delete,
            "GetInstalledCertificateIds": self._installed,
            "InstallCertificate": self._install,
        }

    async def _install(self, request: InstallCertificate) -> Reply:
        use = _USES[cast("GetCertificateIdUse", request.certificate_type)]
        return Reply(encoded(InstallCertificateResponse(status=install_root(self._engine, request.certificate, use))))

    async def _installed(self, request: GetInstalledCertificateIds) -> Reply:
        wanted = [_USES[name] for name in request.certificate_type or tuple(_USES) if name in _USES]
        found = tuple(
            CertificateHashDataChain(
                certificate_type=_NAMES[use],
                certificate_hash_data=CertificateHashData(
                    hash_algorithm=name.algorithm.value,
                    issuer_name_hash=name.issuer_name_hash,
                    issuer_key_hash=name.issuer_key_hash,
                    serial_number=name.serial_number,
                ),
            )
            for use in wanted
            for _, name in self._engine.security_there.roots.names(use)
        )
        if not found:
            return Reply(encoded(GetInstalledCertificateIdsResponse(status="NotFound")))
        return Reply(encoded(GetInstalledCertificateIdsResponse(status="Accepted", certificate_hash_data_chain=found)))

    async def _delete(self, request: DeleteCertificate) -> Reply:
        asked = request.certificate_hash_data
        name = HashData(HashAlgorithm(asked.hash_algorithm), asked.issuer_name_hash, asked.issuer_key_hash, asked.serial_number)
        return Reply(encoded(DeleteCertificateResponse(status=remove_root(self._engine, name).value)))

    async def _signed(self, request: CertificateSigned) -> Reply:
        if request.certificate_type == "V2GCertificate" or not accept_own(self._engine, request.certificate_chain):
            return Reply(encoded(CertificateSignedResponse(status="Rejected")))
        reconnects = self._engine.settings.get(ocpp.SECURITY_PROFILE) == 3
        return Reply(encoded(CertificateSignedResponse(status="Accepted")), self._engine.reconnect if reconnects else None)
