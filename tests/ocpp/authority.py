"""A certificate authority whose certificates fit the virtual calendar."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGIN = datetime(2025, 12, 1, tzinfo=UTC)


def _name(organization: str, common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Authority:
    """Signs; itself first, unless another one has signed it."""

    def __init__(self, name: str = "Root", *, days: int = 3650, by: Authority | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("Tests", name)
        self.certificate = (by or self)._built(self.name, self.key.public_key(), days, ca=True)

    @property
    def pem(self) -> str:
        return _pem(self.certificate)

    def _built(
        self,
        subject: x509.Name,
        key: object,
        days: int,
        *,
        ca: bool = False,
        usages: tuple[x509.ObjectIdentifier, ...] = (),
        host: str = "",
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGIN)
            .not_valid_after(BEGIN + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if ca:
            signs = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(signs, critical=True)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if host:
            name: x509.GeneralName = x509.DNSName(host)
            with contextlib.suppress(ValueError):
                name = x509.IPAddress(ipaddress.ip_address(host))
            builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def answer(self, request: str, *, days: int = 365, host: str = "") -> str:
        """The certificate that a request asks for; with ``host``, one that may serve under that name as well."""
        asked = x509.load_pem_x509_csr(request.encode())
        assert asked.is_signature_valid
        usages = (ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if host else []))
        return _pem(self._built(asked.subject, asked.public_key(), days, usages=usages, host=host))

    def file(self, place: Path, host: str, *, client: bool = False, password: bytes = b"") -> Path:
        """A new certificate and its key, as a file."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        certificate = self._built(_name("Operator", host), key.public_key(), 3650, usages=(usage,), host=host)
        closed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        form = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, closed)
        file = place / f"{'client' if client else 'server'}-{host}.pem"
        file.write_text(form.decode() + _pem(certificate))
        return file

    def server(self, place: Path, host: str = "central.example", *, clients: bool = False) -> ssl.SSLContext:
        """TLS for a central system; with ``clients``, only for stations with a certificate of this authority."""
        file = self.file(place, host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self.pem)
        return context

    def signed_image(self, image: bytes) -> tuple[str, str]:
        """A certificate that may sign firmware, and its signature over an image."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._built(_name("Maker", "Firmware"), key.public_key(), 3650, usages=(ExtendedKeyUsageOID.CODE_SIGNING,))
        return _pem(certificate), base64.b64encode(key.sign(image, ec.ECDSA(hashes.SHA256()))).decode()
