"""How the station speaks TLS: one policy for every connection of the backend side, and what a failed handshake means.

Policy (OCPP 1.6 security whitepaper ed. 3, sections 2.4 and 2.5): TLS 1.2 or later; in TLS 1.2 the four suites that it names, and the two
with ephemeral keys for RSA certificates, which are stronger than the two without that it asks for; in TLS 1.3 what OpenSSL offers. The
server's name is checked, compression and renegotiation are off.
"""

from __future__ import annotations

import enum
import ssl
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen
from cryptography import x509

from cc613_chargepoint.ocpp.certificates.own import OwnCertificate
from cc613_chargepoint.ocpp.certificates.reading import pem_of

__all__ = ["NAMED_SUITES", "STRONGER_SUITES", "TlsEvent", "TlsRefusal", "client_context", "server_context", "tls_refusal"]

NAMED_SUITES = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-GCM-SHA384")
"""The four suites of the whitepaper, as OpenSSL spells them."""
STRONGER_SUITES = ("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256")
"""For backends with RSA certificates that have given up keys without forward secrecy."""


class TlsEvent(enum.Enum):
    """The security event that a failed handshake is; the values are OCPP's."""

    VERSION = "InvalidTLSVersion"
    SUITE = "InvalidTLSCipherSuite"
    SERVER_CERTIFICATE = "InvalidCentralSystemCertificate"
    OWN_CERTIFICATE = "InvalidChargePointCertificate"


@frozen
class TlsRefusal:
    """Why a handshake failed.

    Attributes:
        event: for the backend's security log; ``None`` where OCPP has no word for it.
        reason: for people.
    """

    event: TlsEvent | None
    reason: str


def client_context(anchors: Iterable[x509.Certificate] = (), own: OwnCertificate | None = None, *, system: bool = False) -> ssl.SSLContext:
    """For connections to the backend and its file servers.

    Args:
        anchors: whom to trust; they need not have signed themselves.
        own: whom to appear as (security profile 3).
        system: trust the operating system's authorities too.

    Raises:
        OSError: the own certificate cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _narrow(context)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusted = pem_of(tuple(anchors))
    if trusted:
        context.load_verify_locations(cadata=trusted)
    if system:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if own is not None:
        context.load_cert_chain(own.chain_path, own.key_path)
    return context


def server_context(chain: Path, key: Path, *, clients: Iterable[x509.Certificate] = ()) -> ssl.SSLContext:
    """For the station's own listeners.

    Args:
        chain: PEM file.
        key: PEM file.
        clients: authorities of clients; with any, a client must have a certificate.

    Raises:
        OSError: the certificate cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _narrow(context)
    context.load_cert_chain(chain, key, password=lambda: b"")  # of a key that is encrypted: nobody is there to be asked
    trusted = pem_of(tuple(clients))
    if trusted:
        context.load_verify_locations(cadata=trusted)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def tls_refusal(error: BaseException) -> TlsRefusal | None:
    """What a failed handshake means; ``None`` if the error is none of TLS.

    Args:
        error: what was raised; what it came from is looked at too.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError | ssl.CertificateError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return TlsRefusal(TlsEvent.SERVER_CERTIFICATE, f"the backend's certificate: {getattr(cause, 'verify_message', cause)}")
    reason = str(getattr(cause, "reason", "") or cause)
    for event, words in _REASONS:
        if any(word in reason.upper() for word in words):
            return TlsRefusal(event, _SAID[event])
    return TlsRefusal(None, f"no secure connection: {reason}")


_REASONS: tuple[tuple[TlsEvent, tuple[str, ...]], ...] = (
    (TlsEvent.VERSION, ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "WRONG_VERSION_NUMBER", "VERSION_TOO_LOW")),
    (TlsEvent.OWN_CERTIFICATE, ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN")),
    (TlsEvent.SUITE, ("HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "NO_CIPHER", "INSUFFICIENT_SECURITY", "UNKNOWN_CIPHER", "WRONG_CIPHER")),
)
_SAID = {
    TlsEvent.VERSION: "the backend does not speak TLS 1.2 or later",
    TlsEvent.OWN_CERTIFICATE: "the backend refuses the station's certificate",
    TlsEvent.SUITE: "the backend has no cipher suite that is strong enough, or wants a certificate that the station has not",
}


def _narrow(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join((*NAMED_SUITES[:2], *STRONGER_SUITES, *NAMED_SUITES[2:])))
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
