"""Certificates as backends handle them, without a version's words: installed, named, removed, accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cc613_chargepoint.ocpp.certificates import CertificateRefused, SignedBy, Use, Why
from cc613_chargepoint.settings import ocpp

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.certificates import HashData, Removal
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["accept_own", "firmware_signer", "install_root", "remove_root"]

Installing = Literal["Accepted", "Rejected", "Failed"]


def install_root(engine: Engine, certificate: str, use: Use) -> Installing:
    """Trust a root from now on.

    Args:
        engine: whose station it is.
        certificate: PEM.
        use: what for.
    """
    try:
        engine.security_there.roots.install(certificate, use, engine.clock.wall())
    except CertificateRefused as refused:
        if refused.why is not Why.FULL:
            event = "InvalidCentralSystemCertificate" if use is Use.BACKEND else "InvalidFirmwareSigningCertificate"
            engine.note_security(event, refused.message)
        return "Rejected"
    except OSError:
        return "Failed"
    return "Accepted"


def remove_root(engine: Engine, name: HashData) -> Removal:
    """Trust a root no longer, unless the connection needs it."""
    secure = engine.settings.get(ocpp.SECURITY_PROFILE) >= 2
    return engine.security_there.roots.remove(name, needed=Use.BACKEND if secure else None)


def accept_own(engine: Engine, chain: str) -> bool:
    """Use the certificate that was asked for; whether it is good."""
    security = engine.security_there
    roots = security.roots.certificates(Use.BACKEND)
    try:
        security.own.accept(chain, roots, engine.clock.wall(), needs_root=bool(roots))
    except (CertificateRefused, OSError) as refused:
        engine.note_security("InvalidChargePointCertificate", str(refused))
        return False
    return True


def firmware_signer(engine: Engine, certificate: str) -> SignedBy | Literal["InvalidCertificate", "RevokedCertificate"]:
    """Whose signature on firmware counts; or what is wrong with the certificate."""
    try:
        return engine.security_there.signer(certificate)
    except CertificateRefused as refused:
        engine.note_security("InvalidFirmwareSigningCertificate", refused.message)
        return "RevokedCertificate" if refused.why is Why.REVOKED else "InvalidCertificate"
