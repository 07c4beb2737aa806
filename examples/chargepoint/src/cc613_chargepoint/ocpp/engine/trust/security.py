"""Certificates and keys, and what a security profile means for a connection (security whitepaper, 2)."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from cryptography import x509

from cc613_chargepoint.ocpp.certificates import (
    CertificateRefused,
    OwnCertificate,
    OwnCertificates,
    RootStore,
    SignedBy,
    Subject,
    Use,
    Why,
    certificates_of,
    check_signing_certificate,
    client_context,
    profile_refusal,
    server_context,
    verify_file,
)
from cc613_chargepoint.ocpp.engine.trust.network_profiles import NetworkProfile
from cc613_chargepoint.ocpp.rpc.connection import Endpoint
from cc613_chargepoint.settings import Settings, ocpp
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError

__all__ = ["Security", "endpoint", "password_bytes"]

_LONGEST_BUNDLE = 1024 * 1024
"""Characters of a file with root certificates; that of a whole operating system has a quarter of it."""
_SMALL = 1024 * 1024
"""Files up to so many bytes are verified without a thread of their own."""


class Security:
    """Keeps them for one station.

    Args:
        place: directory of certificates and keys.
        settings: the station's.
        clock: the station's clock.
        serial: of the station: the common name of its certificate.
    """

    def __init__(self, place: Path, settings: Settings, clock: Clock, *, serial: str) -> None:
        self._settings, self._clock, self._serial = settings, clock, serial
        self._roots = RootStore(place / "roots")
        self.own = OwnCertificates(place / "own")
        self.v2g = OwnCertificates(place / "v2g")

    @property
    def roots(self) -> RootStore:
        """The installed roots, under the rules of the settings as they are now."""
        self._roots.additional_check = self._settings.get(ocpp.ROOT_CHECK)
        return self._roots

    def trust(self, certificate: str, use: Use) -> None:
        """Trust a root from now on; with ``AdditionalRootCertificateCheck`` the file of the settings counts as the root before.

        Args:
            certificate: PEM.
            use: what for.

        Raises:
            CertificateRefused: see :meth:`RootStore.install`; also where that file cannot be read.
            OSError: it cannot be written.
        """
        self.roots.install(certificate, use, self._clock.wall(), before=self._of_file() if self.roots.additional_check else ())

    def _of_file(self) -> tuple[x509.Certificate, ...]:
        file = self._settings.get(ocpp.CA_FILE)
        try:
            return tuple(certificates_of(Path(file).read_text("utf-8"), longest=_LONGEST_BUNDLE)) if file else ()
        except (OSError, ValueError) as error:
            raise CertificateRefused(Why.ISSUER, f"the roots that it could be signed by cannot be read: {error}") from error

    @property
    def subject(self) -> Subject:
        """Whom the station's certificate is for.

        Raises:
            ConfigError: the operator's name or the serial number is not set.
        """
        name = self._settings.get(ocpp.CPO_NAME)
        if not name or not self._serial:
            raise ConfigError("a certificate needs the operator's name and the serial number", hint="set ocpp.cpo_name and ocpp.serial")
        return Subject(organization=name, common_name=self._serial)

    def in_use(self) -> OwnCertificate | None:
        """The station's certificate."""
        return self.own.in_use(self._clock.wall())

    def profile_refused(self, wanted: int) -> str | None:
        """Why the backend's wish for another security profile is refused."""
        return profile_refusal(
            wanted,
            self._settings.get(ocpp.SECURITY_PROFILE),
            has_password=bool(self._settings.get(ocpp.PASSWORD)),
            has_root=bool(self.roots.of(Use.BACKEND)) or bool(self._settings.get(ocpp.CA_FILE)),
            has_certificate=self.in_use() is not None or bool(self._settings.get(ocpp.CLIENT_CERTIFICATE)),
        )

    def signer(self, certificate: str) -> SignedBy:
        """Whose signature on firmware counts.

        Raises:
            CertificateRefused: nobody's whom the manufacturer trusts.
        """
        return check_signing_certificate(certificate, self.roots.certificates(Use.MANUFACTURER), self._clock.wall())

    async def verify_file(self, image: Path, signature: str, signer: SignedBy) -> None:
        """Verify a signature over a file.

        Raises:
            CertificateRefused: it is not the signer's.
        """
        if _is_small(image):
            verify_file(image, signature, signer)
        else:
            await asyncio.to_thread(verify_file, image, signature, signer)

    def tls(self, *, profile: int) -> ssl.SSLContext:
        """TLS for a connection.

        Raises:
            ConfigError: a file cannot be used.
        """
        roots, ca_file = self.roots.certificates(Use.BACKEND), self._settings.get(ocpp.CA_FILE)
        own, own_file = self.in_use(), self._settings.get(ocpp.CLIENT_CERTIFICATE)
        try:
            context = client_context(roots, own if profile == 3 else None, system=not roots and not ca_file)
            if ca_file:
                context.load_verify_locations(cafile=ca_file)
            if profile == 3 and own is None and own_file:
                context.load_cert_chain(own_file, password=_no_password)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"a certificate cannot be used: {error}", hint="certificates and keys are read as PEM") from error
        if profile == 3 and own is None and not own_file:
            raise ConfigError(
                "security profile 3 needs a certificate of the station", hint="have the backend sign one, or set ocpp.client_certificate"
            )
        return context

    def listening_tls(self) -> ssl.SSLContext:
        """TLS for the station's own listener: with the certificate of the settings, or else with the station's.

        Raises:
            ConfigError: a file cannot be used, or there is no certificate.
        """
        file, trusted = self._settings.get(ocpp.SOAP_CERTIFICATE), self._settings.get(ocpp.SOAP_CLIENT_CA)
        own = None if file else self.in_use()
        if not file and own is None:
            raise ConfigError("there is no certificate to listen with", hint="set ocpp.soap_certificate, or ocpp.soap_tls=off")
        chain, key = (Path(file), Path(file)) if own is None else (own.chain_path, own.key_path)
        try:
            clients = certificates_of(Path(trusted).read_text("utf-8"), longest=_LONGEST_BUNDLE) if trusted else ()
            return server_context(chain, key, clients=clients)
        except (OSError, ValueError, ssl.SSLError, CertificateRefused) as error:
            raise ConfigError(f"the listener's certificate cannot be used: {error}", hint="give chain and key as PEM") from error


def _no_password() -> bytes:
    """Of a key that is encrypted: nobody is there who could type it."""
    return b""


def _is_small(file: Path) -> bool:
    return file.stat().st_size <= _SMALL


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


def endpoint(
    settings: Settings, subprotocols: tuple[str, ...], security: Security, network: NetworkProfile, *, serial: str = ""
) -> Endpoint:
    """Where to connect, as a network profile and the settings say.

    Args:
        settings: the station's.
        subprotocols: in order of preference.
        security: certificates and keys.
        network: where the backend is, and with which security.
        serial: identity where none is set.

    Raises:
        ConfigError: profile and address, or profile and secrets, do not go together.
    """
    url, profile = network.url, network.security_profile
    scheme, colon, rest = url.partition(":")
    if profile >= 2:  # it may have been raised from afar: the same host, now with TLS
        scheme = {"ws": "wss", "http": "https"}.get(scheme, scheme)
    secure = scheme in {"wss", "https"}
    password = password_bytes(settings.get(ocpp.PASSWORD)) if profile < 3 else None
    if profile in {1, 2} and password is None:
        raise ConfigError(f"security profile {profile} needs a password", hint="set ocpp.password")
    return Endpoint(
        url=scheme + colon + rest,
        identity=settings.get(ocpp.IDENTITY) or serial,
        subprotocols=subprotocols,
        password=password,
        tls=security.tls(profile=profile) if secure else None,
    )
