"""Certificates: whom the station trusts, as whom it appears, how it speaks TLS, whose firmware it takes."""

from __future__ import annotations

from cc613_chargepoint.ocpp.certificates.chain import Revoked, verified
from cc613_chargepoint.ocpp.certificates.errors import CertificateRefused, Why
from cc613_chargepoint.ocpp.certificates.firmware_signature import SignedBy, check_signing_certificate, verify_file
from cc613_chargepoint.ocpp.certificates.hash_data import HashAlgorithm, HashData, hash_data, same
from cc613_chargepoint.ocpp.certificates.own import KeyKind, OwnCertificate, OwnCertificates, Subject
from cc613_chargepoint.ocpp.certificates.posture import Posture, profile_refusal
from cc613_chargepoint.ocpp.certificates.reading import certificate_of, certificates_of, pem_of, subject_of
from cc613_chargepoint.ocpp.certificates.roots import Removal, Root, RootStore, Use
from cc613_chargepoint.ocpp.certificates.tls import TlsEvent, TlsRefusal, client_context, server_context, tls_refusal

__all__ = [
    "CertificateRefused",
    "HashAlgorithm",
    "HashData",
    "KeyKind",
    "OwnCertificate",
    "OwnCertificates",
    "Posture",
    "Removal",
    "Revoked",
    "Root",
    "RootStore",
    "SignedBy",
    "Subject",
    "TlsEvent",
    "TlsRefusal",
    "Use",
    "Why",
    "certificate_of",
    "certificates_of",
    "check_signing_certificate",
    "client_context",
    "hash_data",
    "pem_of",
    "profile_refusal",
    "same",
    "server_context",
    "subject_of",
    "tls_refusal",
    "verified",
    "verify_file",
]
