"""The messages of "Using ISO 15118 Plug & Charge with OCPP 1.6" (application note, version 1.0): JSON inside DataTransfer.

Members follow those of OCPP 2.0.1, which the note takes over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from attrs import field, frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text
from cc613_chargepoint.ocpp.messages.v16_types import CertificateHashData

__all__ = [
    "Authorize",
    "AuthorizeResponse",
    "CertificateHashDataChain",
    "CertificateSigned",
    "DeleteCertificate",
    "Get15118EVCertificate",
    "Get15118EVCertificateResponse",
    "GetCertificateStatus",
    "GetCertificateStatusResponse",
    "GetInstalledCertificateIds",
    "GetInstalledCertificateIdsResponse",
    "IdTokenInfo",
    "InstallCertificate",
    "OcspRequestData",
    "SignCertificate",
    "StatusResponse",
    "TriggerMessage",
]

_Hash = Literal["SHA256", "SHA384", "SHA512"]


@frozen(kw_only=True)
class OcspRequestData:
    """A certificate whose state is asked for."""

    hash_algorithm: _Hash
    issuer_name_hash: Annotated[str, Text(128)]
    issuer_key_hash: Annotated[str, Text(128)]
    serial_number: Annotated[str, Text(40)]
    responder_url: Annotated[str, Text(512)] = field(metadata={"wire": "responderURL"})


@frozen(kw_only=True)
class Authorize:
    """May this contract charge?"""

    id_token: Annotated[str, Text(36)]
    certificate: Annotated[str, Text(5500)] | None = None
    iso15118_certificate_hash_data: Annotated[tuple[OcspRequestData, ...], Items(1, 4)] | None = None


@frozen(kw_only=True)
class IdTokenInfo:
    """What is said of the contract."""

    status: Annotated[str, Text(20)]
    cache_expiry_date_time: datetime | None = None


@frozen(kw_only=True)
class AuthorizeResponse:
    """The answer to :class:`Authorize`."""

    id_token_info: IdTokenInfo
    certificate_status: Annotated[str, Text(40)] | None = None


@frozen(kw_only=True)
class Get15118EVCertificate:
    """A vehicle wants a contract certificate."""

    iso15118_schema_version: Annotated[str, Text(50)]
    action: Literal["Install", "Update"]
    exi_request: Annotated[str, Text(5600)]


@frozen(kw_only=True)
class Get15118EVCertificateResponse:
    """The answer to :class:`Get15118EVCertificate`."""

    status: Literal["Accepted", "Failed"]
    exi_response: str


@frozen(kw_only=True)
class GetCertificateStatus:
    """Is this certificate revoked?"""

    ocsp_request_data: OcspRequestData


@frozen(kw_only=True)
class GetCertificateStatusResponse:
    """The answer to :class:`GetCertificateStatus`."""

    status: Literal["Accepted", "Failed"]
    ocsp_result: str | None = None


@frozen(kw_only=True)
class SignCertificate:
    """A certificate towards vehicles is asked for."""

    csr: Annotated[str, Text(5500)]
    certificate_type: Literal["V2GCertificate", "ChargingStationCertificate"] | None = None


@frozen(kw_only=True)
class StatusResponse:
    """The answer that is nothing but a word."""

    status: Annotated[str, Text(20)]


@frozen(kw_only=True)
class CertificateSigned:
    """The certificate that was asked for."""

    certificate_chain: Annotated[str, Text(10_000)]
    certificate_type: Literal["V2GCertificate", "ChargingStationCertificate"] | None = None


@frozen(kw_only=True)
class InstallCertificate:
    """A root shall be trusted."""

    certificate_type: Literal["V2GRootCertificate", "MORootCertificate"]
    certificate: Annotated[str, Text(5500)]


@frozen(kw_only=True)
class DeleteCertificate:
    """A root shall be trusted no more."""

    certificate_hash_data: CertificateHashData


@frozen(kw_only=True)
class GetInstalledCertificateIds:
    """Which roots are trusted is asked."""

    certificate_type: tuple[Literal["V2GRootCertificate", "MORootCertificate", "V2GCertificateChain"], ...] | None = None


@frozen(kw_only=True)
class CertificateHashDataChain:
    """An installed root."""

    certificate_type: Literal["V2GRootCertificate", "MORootCertificate", "V2GCertificateChain"]
    certificate_hash_data: CertificateHashData


@frozen(kw_only=True)
class GetInstalledCertificateIdsResponse:
    """The answer to :class:`GetInstalledCertificateIds`."""

    status: Literal["Accepted", "NotFound"]
    certificate_hash_data_chain: Annotated[tuple[CertificateHashDataChain, ...], Items(1)] | None = None


@frozen(kw_only=True)
class TriggerMessage:
    """A message is asked for."""

    requested_message: Annotated[str, Text(50)]
