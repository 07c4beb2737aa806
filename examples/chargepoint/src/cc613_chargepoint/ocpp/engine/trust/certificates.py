"""Certificates as backends handle them, without a version's words: installed, named, removed, accepted."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cc613_chargepoint.ocpp.certificates import CertificateRefused, Removal, Use, Why
from cc613_chargepoint.ocpp.engine.asked.upkeep import Update
from cc613_chargepoint.settings import ocpp

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.certificates import HashData
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["accept_own", "begin_signed_update", "install_root", "remove_root"]

Installing = Literal["Accepted", "Rejected", "Failed"]
Updating = Literal["Accepted", "AcceptedCanceled", "Rejected", "InvalidCertificate", "RevokedCertificate"]


def install_root(engine: Engine, certificate: str, use: Use) -> Installing:
    """Trust a root from now on.

    Args:
        engine: whose station it is.
        certificate: PEM.
        use: what for.
    """
    try:
        engine.security_there.trust(certificate, use)
    except CertificateRefused as refused:
        if refused.why is not Why.FULL:
            event = "InvalidCentralSystemCertificate" if use is Use.BACKEND else "InvalidFirmwareSigningCertificate"
            engine.note_security(event, refused.message)
        return "Rejected"
    except OSError:
        return "Failed"
    return "Accepted"


def remove_root(engine: Engine, name: HashData) -> Removal:
    """Trust a root no longer, unless the connection needs it; the station's own certificate is not for backends to remove (2.0.1, M04)."""
    if _is_own(engine, name):
        return Removal.FAILED
    secure = engine.settings.get(ocpp.SECURITY_PROFILE) >= 2
    return engine.security_there.roots.remove(name, needed=Use.BACKEND if secure else None)


def _is_own(engine: Engine, name: HashData) -> bool:
    """Whether the station's own certificate is meant. Whose key signed it need not be at hand: issuer and serial number name it."""
    own = engine.security_there.in_use()
    if own is None or name.serial_number.lower().lstrip("0") != f"{own.certificate.serial_number:x}":
        return False
    issuer = hashlib.new(name.algorithm.value.lower(), own.certificate.issuer.public_bytes()).hexdigest()
    return name.issuer_name_hash.lower() == issuer


def accept_own(engine: Engine, chain: str) -> bool:
    """Use the certificate that was asked for; whether it is good."""
    engine.renewal.answered()
    security = engine.security_there
    roots = security.roots.certificates(Use.BACKEND)
    try:
        security.own.accept(chain, roots, engine.clock.wall(), needs_root=bool(roots))
    except (CertificateRefused, OSError) as refused:
        engine.note_security("InvalidChargePointCertificate", str(refused))
        return False
    return True


def begin_signed_update(
    engine: Engine,
    *,
    location: str,
    retrieve: datetime,
    install: datetime | None,
    certificate: str,
    signature: str,
    retries: int,
    interval_s: float | None,
    request: int,
) -> Updating:
    """Begin an update whose image must bear a signature that the manufacturer's roots vouch for; what is answered.

    Args:
        engine: whose station it is.
        location: where the image is.
        retrieve: not before, UTC.
        install: not before, UTC; ``None`` as soon as possible.
        certificate: of the signer, PEM.
        signature: over the image, base64.
        retries: attempts after the first one.
        interval_s: between attempts, s.
        request: the backend's number.
    """
    security = engine.security
    if security is None:
        return "Rejected"
    try:
        signer = security.signer(certificate)
    except CertificateRefused as refused:
        engine.note_security("InvalidFirmwareSigningCertificate", refused.message)
        return "RevokedCertificate" if refused.why is Why.REVOKED else "InvalidCertificate"

    async def verify(image: Path) -> str:
        await security.verify_file(image, signature, signer)
        return signer.subject

    wanted = Update(
        location=location, retrieve=retrieve, install=install, retries=retries, interval_s=interval_s, request=request, verify=verify
    )
    cancelled = engine.upkeep_there.update(wanted)
    return "Rejected" if cancelled is None else "AcceptedCanceled" if cancelled else "Accepted"
