"""Messages that the security whitepaper (edition 3, chapter 4) adds to OCPP 1.6."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text
from cc613_chargepoint.ocpp.messages.v16_types import (
    CertificateHashData,
    CertificateUse,
    FirmwareToInstall,
    LogParameters,
)

__all__ = [
    "CertificateSigned",
    "CertificateSignedResponse",
    "DeleteCertificate",
    "DeleteCertificateResponse",
    "ExtendedTriggerMessage",
    "ExtendedTriggerMessageResponse",
    "GetInstalledCertificateIds",
    "GetInstalledCertificateIdsResponse",
    "GetLog",
    "GetLogResponse",
    "InstallCertificate",
    "InstallCertificateResponse",
    "LogStatusNotification",
    "LogStatusNotificationResponse",
    "SecurityEventNotification",
    "SecurityEventNotificationResponse",
    "SignCertificate",
    "SignCertificateResponse",
    "SignedFirmwareStatusNotification",
    "SignedFirmwareStatusNotificationResponse",
    "SignedUpdateFirmware",
    "SignedUpdateFirmwareResponse",
]


@frozen(kw_only=True)
class CertificateSigned:
    """A certificate for the station's key."""

    certificate_chain: Annotated[str, Text(10000)]


@frozen(kw_only=True)
class CertificateSignedResponse:
    """What is answered to :class:`CertificateSigned`."""

    status: Literal["Accepted", "Rejected"]


@frozen(kw_only=True)
class DeleteCertificate:
    """An installed certificate shall go."""

    certificate_hash_data: CertificateHashData


@frozen(kw_only=True)
class DeleteCertificateResponse:
    """What is answered to :class:`DeleteCertificate`."""

    status: Literal["Accepted", "Failed", "NotFound"]


@frozen(kw_only=True)
class ExtendedTriggerMessage:
    """A message is asked for."""

    requested_message: Literal[
        "BootNotification",
        "LogStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "MeterValues",
        "SignChargePointCertificate",
        "StatusNotification",
    ]
    connector_id: int | None = None


@frozen(kw_only=True)
class ExtendedTriggerMessageResponse:
    """What is answered to :class:`ExtendedTriggerMessage`."""

    status: Literal["Accepted", "Rejected", "NotImplemented"]


@frozen(kw_only=True)
class GetInstalledCertificateIds:
    """Which certificates are installed is asked."""

    certificate_type: CertificateUse


@frozen(kw_only=True)
class GetInstalledCertificateIdsResponse:
    """What is answered to :class:`GetInstalledCertificateIds`."""

    status: Literal["Accepted", "NotFound"]
    certificate_hash_data: Annotated[tuple[CertificateHashData, ...], Items(1)] | None = None


@frozen(kw_only=True)
class GetLog:
    """A log shall be uploaded."""

    log: LogParameters
    log_type: Literal["DiagnosticsLog", "SecurityLog"]
    request_id: int
    retries: int | None = None
    retry_interval: int | None = None


@frozen(kw_only=True)
class GetLogResponse:
    """What is answered to :class:`GetLog`."""

    status: Literal["Accepted", "Rejected", "AcceptedCanceled"]
    filename: Annotated[str, Text(255)] | None = None


@frozen(kw_only=True)
class InstallCertificate:
    """A root certificate shall be installed."""

    certificate_type: CertificateUse
    certificate: Annotated[str, Text(5500)]


@frozen(kw_only=True)
class InstallCertificateResponse:
    """What is answered to :class:`InstallCertificate`."""

    status: Literal["Accepted", "Failed", "Rejected"]


@frozen(kw_only=True)
class LogStatusNotification:
    """How the upload of a log is."""

    status: Literal["BadMessage", "Idle", "NotSupportedOperation", "PermissionDenied", "Uploaded", "UploadFailure", "Uploading"]
    request_id: int | None = None


@frozen(kw_only=True)
class LogStatusNotificationResponse:
    """What is answered to :class:`LogStatusNotification`."""


@frozen(kw_only=True)
class SecurityEventNotification:
    """Something that matters for security happened."""

    type: Annotated[str, Text(50)]
    timestamp: datetime
    tech_info: Annotated[str, Text(255)] | None = None


@frozen(kw_only=True)
class SecurityEventNotificationResponse:
    """What is answered to :class:`SecurityEventNotification`."""


@frozen(kw_only=True)
class SignCertificate:
    """The station asks for a certificate for its key."""

    csr: Annotated[str, Text(5500)]


@frozen(kw_only=True)
class SignCertificateResponse:
    """What is answered to :class:`SignCertificate`."""

    status: Literal["Accepted", "Rejected"]


@frozen(kw_only=True)
class SignedFirmwareStatusNotification:
    """How a signed update is."""

    status: Literal[
        "Downloaded",
        "DownloadFailed",
        "Downloading",
        "DownloadScheduled",
        "DownloadPaused",
        "Idle",
        "InstallationFailed",
        "Installing",
        "Installed",
        "InstallRebooting",
        "InstallScheduled",
        "InstallVerificationFailed",
        "InvalidSignature",
        "SignatureVerified",
    ]
    request_id: int | None = None


@frozen(kw_only=True)
class SignedFirmwareStatusNotificationResponse:
    """What is answered to :class:`SignedFirmwareStatusNotification`."""


@frozen(kw_only=True)
class SignedUpdateFirmware:
    """A signed image shall be installed."""

    firmware: FirmwareToInstall
    request_id: int
    retries: int | None = None
    retry_interval: int | None = None


@frozen(kw_only=True)
class SignedUpdateFirmwareResponse:
    """What is answered to :class:`SignedUpdateFirmware`."""

    status: Literal["Accepted", "Rejected", "AcceptedCanceled", "InvalidCertificate", "RevokedCertificate"]
