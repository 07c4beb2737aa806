"""What a security profile means for a connection: which address, which password, which TLS (security whitepaper, 2)."""

from __future__ import annotations

import ssl
from pathlib import Path

from cc613_chargepoint.ocpp.rpc.connection import Endpoint
from cc613_chargepoint.settings import Settings, ocpp
from cc613hal.errors import ConfigError

__all__ = ["CIPHERS", "endpoint", "password_bytes", "tls_context"]

CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384"
)
"""Of TLS 1.2: the suites that the whitepaper names, and their forward secret kin; those of TLS 1.3 are all good."""


def password_bytes(text: str) -> bytes | None:
    """The bytes of the key: 32 to 40 hexadecimal digits are bytes, anything else is text; ``None`` for none."""
    if not text:
        return None
    if len(text) in range(32, 41, 2):
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass
    return text.encode()


def tls_context(*, roots: Path | None, own: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later, the server's name and chain checked.

    Args:
        roots: certificates that the server's must come from; those of the system if omitted.
        own: the station's chain and key, to present; ``None`` for none.

    Raises:
        ConfigError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=None if roots is None else str(roots))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        if own is not None:
            context.load_cert_chain(own)
    except (OSError, ssl.SSLError) as error:
        which = ", ".join(str(each) for each in (roots, own) if each is not None)
        raise ConfigError(f"{which}: {error}", hint="certificates and key are read as PEM") from error
    return context


def endpoint(settings: Settings, subprotocols: tuple[str, ...], *, serial: str = "") -> Endpoint:
    """Where to connect, as the settings say.

    Args:
        settings: the station's.
        subprotocols: in order of preference.
        serial: identity where none is set.

    Raises:
        ConfigError: profile and address, or profile and secrets, do not go together.
    """
    url, profile = settings.get(ocpp.URL), settings.get(ocpp.SECURITY_PROFILE)
    secure = url.startswith("wss:")
    if profile >= 2 and not secure:
        raise ConfigError(f"security profile {profile} needs an address with wss://", hint="set ocpp.url, or a lower ocpp.security_profile")
    password = password_bytes(settings.get(ocpp.PASSWORD)) if profile in {0, 1, 2} else None
    if profile in {1, 2} and password is None:
        raise ConfigError(f"security profile {profile} needs a password", hint="set ocpp.password")
    own = settings.get(ocpp.CLIENT_CERTIFICATE)
    if profile == 3 and not own:
        raise ConfigError("security profile 3 needs a certificate of the station", hint="set ocpp.client_certificate")
    roots = settings.get(ocpp.CA_FILE)
    context = tls_context(roots=Path(roots) if roots else None, own=Path(own) if profile == 3 else None) if secure else None
    return Endpoint(url=url, identity=settings.get(ocpp.IDENTITY) or serial, subprotocols=subprotocols, password=password, tls=context)
