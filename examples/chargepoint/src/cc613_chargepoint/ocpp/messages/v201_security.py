"""Messages of OCPP 2.0.1: Security and certificates (functional blocks A and M)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text
from cc613_chargepoint.ocpp.messages.v201_types import (
    CertificateHashData,
    CertificateHashDataChain,
    Extensible,
    OcspRequestData,
    StatusInfo,
)
from cc613_chargepoint.ocpp.messages.v201_words import (
    CertificateAction,
    CertificateSignedStatus,
    CertificateSigningUse,
    DeleteCertificateStatus,
    GenericStatus,
    GetCertificateIdUse,
    GetInstalledCertificateStatus,
    InstallCertificateStatus,
    InstallCertificateUse,
    Iso15118EVCertificateStatus,
    OcspStatus,
)

__all__ = [
    "CertificateSigned",
    "CertificateSignedResponse",
    "DeleteCertificate",
    "DeleteCertificateResponse",
    "Get15118EVCertificate",
    "Get15118EVCertificateResponse",
    "GetCertificateStatus",
    "GetCertificateStatusResponse",
    "GetInstalledCertificateIds",
    "GetInstalledCertificateIdsResponse",
    "InstallCertificate",
    "InstallCertificateResponse",
    "SecurityEventNotification",
    "SecurityEventNotificationResponse",
    "SignCertificate",
    "SignCertificateResponse",
]


@frozen(kw_only=True)
class SignCertificate(Extensible):
    """A certificate is asked for."""

    csr: Annotated[str, Text(5500)]
    certificate_type: CertificateSigningUse | None = None


@frozen(kw_only=True)
class SignCertificateResponse(Extensible):
    """What is answered to :class:`SignCertificate`."""

    status: GenericStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class CertificateSigned(Extensible):
    """The certificate that was asked for."""

    certificate_chain: Annotated[str, Text(10000)]
    certificate_type: CertificateSigningUse | None = None


@frozen(kw_only=True)
class CertificateSignedResponse(Extensible):
    """What is answered to :class:`CertificateSigned`."""

    status: CertificateSignedStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class SecurityEventNotification(Extensible):
    """Something that concerns security happened."""

    type: Annotated[str, Text(50)]
    timestamp: datetime
    tech_info: Annotated[str, Text(255)] | None = None


@frozen(kw_only=True)
class SecurityEventNotificationResponse(Extensible):
    """What is answered to :class:`SecurityEventNotification`."""


@frozen(kw_only=True)
class InstallCertificate(Extensible):
    """A root certificate shall be trusted."""

    certificate_type: InstallCertificateUse
    certificate: Annotated[str, Text(5500)]


@frozen(kw_only=True)
class InstallCertificateResponse(Extensible):
    """What is answered to :class:`InstallCertificate`."""

    status: InstallCertificateStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class DeleteCertificate(Extensible):
    """A certificate shall go."""

    certificate_hash_data: CertificateHashData


@frozen(kw_only=True)
class DeleteCertificateResponse(Extensible):
    """What is answered to :class:`DeleteCertificate`."""

    status: DeleteCertificateStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class GetInstalledCertificateIds(Extensible):
    """Which certificates are there is asked for."""

    certificate_type: Annotated[tuple[GetCertificateIdUse, ...], Items(1)] | None = None


@frozen(kw_only=True)
class GetInstalledCertificateIdsResponse(Extensible):
    """What is answered to :class:`GetInstalledCertificateIds`."""

    status: GetInstalledCertificateStatus
    status_info: StatusInfo | None = None
    certificate_hash_data_chain: Annotated[tuple[CertificateHashDataChain, ...], Items(1)] | None = None


@frozen(kw_only=True)
class GetCertificateStatus(Extensible):
    """Whether a certificate is still good."""

    ocsp_request_data: OcspRequestData


@frozen(kw_only=True)
class GetCertificateStatusResponse(Extensible):
    """What is answered to :class:`GetCertificateStatus`."""

    status: OcspStatus
    status_info: StatusInfo | None = None
    ocsp_result: Annotated[str, Text(5500)] | None = None


@frozen(kw_only=True)
class Get15118EVCertificate(Extensible):
    """A vehicle asks for its contract certificate."""

    iso15118_schema_version: Annotated[str, Text(50)]
    action: CertificateAction
    exi_request: Annotated[str, Text(5600)]


@frozen(kw_only=True)
class Get15118EVCertificateResponse(Extensible):
    """What is answered to :class:`Get15118EVCertificate`."""

    status: Iso15118EVCertificateStatus
    exi_response: Annotated[str, Text(7500)]
    status_info: StatusInfo | None = None
