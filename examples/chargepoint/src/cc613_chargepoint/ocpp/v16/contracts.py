"""Plug & Charge over 1.6: JSON text inside DataTransfer, as the application note of the Open Charge Alliance has it."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.ocpp.certificates import CertificateRefused, HashAlgorithm, HashData, Use
from cc613_chargepoint.ocpp.engine.contracts import Contracts, OcspQuestion, VehicleCertificate
from cc613_chargepoint.ocpp.engine.engine import Engine, Offline
from cc613_chargepoint.ocpp.messages import Invalid, decoded, encoded, v16
from cc613_chargepoint.ocpp.messages import v16_contracts as pnc
from cc613_chargepoint.ocpp.messages.v16_types import CertificateHashData
from cc613_chargepoint.ocpp.rpc import CallFailed, ErrorCode, Priority, Reply

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.v16.version import V16

__all__ = ["VENDOR", "Contracts16", "contracts_of"]

_log = logging.getLogger(__name__)
T = TypeVar("T")
VENDOR = "org.openchargealliance.iso15118pnc"
_Done = tuple[Any, Callable[[], Awaitable[None]] | None]
"""The answer, and what comes after it."""
_ROOTS = {"V2GRootCertificate": Use.V2G, "MORootCertificate": Use.MO}
_NAMES: Mapping[Use, Any] = {use: name for name, use in _ROOTS.items()}


class Contracts16(Contracts):
    """Asks the backend, and carries out what it asks.

    Args:
        engine: knows the station.
        version: says the messages.
    """

    def __init__(self, engine: Engine, version: V16) -> None:
        self._engine, self._version = engine, version
        self._requests: Mapping[str, tuple[type[Any], Callable[[Any], Awaitable[_Done]]]] = {
            "CertificateSigned": (pnc.CertificateSigned, self._signed),
            "DeleteCertificate": (pnc.DeleteCertificate, self._delete),
            "GetInstalledCertificateIds": (pnc.GetInstalledCertificateIds, self._installed),
            "InstallCertificate": (pnc.InstallCertificate, self._install),
            "TriggerMessage": (pnc.TriggerMessage, self._trigger),
        }

    # -- what the station asks ----------------------------------------------------------------------------------------------------------

    async def _ask(self, request: Any, answer: type[T]) -> T:
        """Ask.

        Raises:
            CallFailed: the backend does not know the message, or answers nonsense.
            RpcError: it did not answer.
        """
        name = type(request).__name__
        said = v16.DataTransfer(vendor_id=VENDOR, message_id=name, data=json.dumps(encoded(request)))
        found = await self._version.call(said, v16.DataTransferResponse, priority=Priority.URGENT)
        if found.status != "Accepted" or found.data is None:
            raise CallFailed(ErrorCode.NOT_SUPPORTED, f"the backend answers {found.status} to {name}")
        try:
            content = json.loads(found.data)
            return decoded(answer, content if isinstance(content, dict) else {}, lenient=True)
        except (ValueError, RecursionError) as error:  # Invalid is one too
            raise CallFailed(ErrorCode.FORMATION_VIOLATION, f"the answer to {name} makes no sense: {error}") from error

    async def authorize_contract(self, emaid: str, *, chain: str | None = None, questions: tuple[OcspQuestion, ...] = ()) -> KnownToken:
        """See :class:`Contracts`."""
        request = pnc.Authorize(
            id_token=emaid, certificate=chain, iso15118_certificate_hash_data=tuple(_asked(each) for each in questions) or None
        )
        answer = await self._ask(request, pnc.AuthorizeResponse)
        status = answer.id_token_info.status
        if status == "Accepted" and answer.certificate_status not in {None, "Accepted"}:
            _log.warning("contract %s: the backend says of its certificate: %s", emaid, answer.certificate_status)
            status = "Invalid"
        return KnownToken(id=emaid, status=status, expires=answer.id_token_info.cache_expiry_date_time)

    async def vehicle_certificate(self, exi: str, *, schema: str, update: bool) -> VehicleCertificate:
        """See :class:`Contracts`."""
        request = pnc.Get15118EVCertificate(iso15118_schema_version=schema, action="Update" if update else "Install", exi_request=exi)
        answer = await self._ask(request, pnc.Get15118EVCertificateResponse)
        return VehicleCertificate(accepted=answer.status == "Accepted", exi=answer.exi_response)

    async def ocsp(self, question: OcspQuestion) -> str | None:
        """See :class:`Contracts`."""
        answer = await self._ask(pnc.GetCertificateStatus(ocsp_request_data=_asked(question)), pnc.GetCertificateStatusResponse)
        return answer.ocsp_result if answer.status == "Accepted" else None

    async def sign_v2g(self) -> bool:
        """See :class:`Contracts`."""
        security = self._engine.security_there
        request = security.v2g.request(security.subject)
        answer = await self._ask(pnc.SignCertificate(csr=request, certificate_type="V2GCertificate"), pnc.StatusResponse)
        return answer.status == "Accepted"

    # -- what the backend asks ----------------------------------------------------------------------------------------------------------

    async def handle(self, request: v16.DataTransfer) -> Reply:
        """A DataTransfer of this vendor: its status says whether it was understood, the result is inside."""
        known = self._requests.get(request.message_id or "")
        if known is None or self._engine.security is None:
            return Reply(encoded(v16.DataTransferResponse(status="UnknownMessageId")))
        kind, handler = known
        try:
            content = json.loads(request.data or "")
            asked = decoded(kind, content)
        except (ValueError, RecursionError) as error:  # Invalid is one too
            what = error.message if isinstance(error, Invalid) else str(error)
            self._engine.note_security("InvalidMessages", f"{request.message_id}: {what}")
            return Reply(encoded(v16.DataTransferResponse(status="Rejected")))
        answer, then = await handler(asked)
        return Reply(encoded(v16.DataTransferResponse(status="Accepted", data=json.dumps(encoded(answer)))), then)

    async def _signed(self, request: pnc.CertificateSigned) -> _Done:
        security = self._engine.security_there
        try:
            roots = security.roots.certificates(Use.V2G)
            security.v2g.accept(request.certificate_chain, roots, self._engine.clock.wall(), needs_root=bool(roots))
        except (CertificateRefused, OSError) as refused:
            self._engine.note_security("InvalidChargePointCertificate", str(refused))
            return pnc.StatusResponse(status="Rejected"), None
        return pnc.StatusResponse(status="Accepted"), None

    async def _install(self, request: pnc.InstallCertificate) -> _Done:
        try:
            self._engine.security_there.roots.install(request.certificate, _ROOTS[request.certificate_type], self._engine.clock.wall())
        except CertificateRefused as refused:
            _log.warning("a root for Plug & Charge is refused: %s", refused.message)
            return pnc.StatusResponse(status="Rejected"), None
        except OSError:
            return pnc.StatusResponse(status="Failed"), None
        return pnc.StatusResponse(status="Accepted"), None

    async def _delete(self, request: pnc.DeleteCertificate) -> _Done:
        asked = request.certificate_hash_data
        name = HashData(HashAlgorithm(asked.hash_algorithm), asked.issuer_name_hash, asked.issuer_key_hash, asked.serial_number)
        return pnc.StatusResponse(status=self._engine.security_there.roots.remove(name).value), None

    async def _installed(self, request: pnc.GetInstalledCertificateIds) -> _Done:
        wanted: tuple[str, ...] = request.certificate_type or tuple(_ROOTS)
        uses = [_ROOTS[each] for each in wanted if each in _ROOTS]
        names = self._engine.security_there.roots.names(*uses) if uses else ()
        chain = tuple(
            pnc.CertificateHashDataChain(
                certificate_type=_NAMES[use],
                certificate_hash_data=CertificateHashData(
                    hash_algorithm=each.algorithm.value,
                    issuer_name_hash=each.issuer_name_hash,
                    issuer_key_hash=each.issuer_key_hash,
                    serial_number=each.serial_number,
                ),
            )
            for use, each in names
        )
        answer = pnc.GetInstalledCertificateIdsResponse(
            status="Accepted" if chain else "NotFound", certificate_hash_data_chain=chain or None
        )
        return answer, None

    async def _trigger(self, request: pnc.TriggerMessage) -> _Done:
        if request.requested_message != "SignCertificate":
            return pnc.StatusResponse(status="NotImplemented"), None

        async def then() -> None:
            if not await self.sign_v2g():
                _log.warning("the backend does not have the certificate towards vehicles signed")

        return pnc.StatusResponse(status="Accepted"), then


def _asked(question: OcspQuestion) -> pnc.OcspRequestData:
    name = question.name
    return pnc.OcspRequestData(
        hash_algorithm=name.algorithm.value,
        issuer_name_hash=name.issuer_name_hash,
        issuer_key_hash=name.issuer_key_hash,
        serial_number=name.serial_number,
        responder_url=question.responder,
    )


def contracts_of(engine: Engine) -> Contracts:
    """Whom the side that speaks with vehicles asks.

    Raises:
        Offline: no version is spoken now that carries Plug & Charge.
    """
    found = getattr(engine.version, "contracts", None)
    if not isinstance(found, Contracts16):
        raise Offline("the backend cannot be asked about contracts")
    return found
