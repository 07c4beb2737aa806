"""A certificate authority, TLS servers and file servers for the rooms of the backend side."""

from __future__ import annotations

import ipaddress
import random
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from cc613_chargepoint.ocpp.files import Bounds, FileTransfers, FirstUse, Trust

IMAGE = random.Random(613).randbytes(1_500_000)
"""What is moved by the tests of file transfers."""
HERE = Bounds(own_addresses=True, silence_s=3.0)
PEERS = Path(__file__).parent / "peers"
CA_CURVE, LEAF_CURVE = ec.SECP384R1(), ec.SECP256R1()


@frozen(eq=False)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    def save(self, path: Path) -> Path:
        path.write_text(self.key_pem + self.pem)
        return path


class Authority:
    """Issues certificates; one of its own if nobody signs it."""

    def __init__(self, name: str = "Test Root", *, by: Authority | None = None, days: tuple[int, int] = (-1, 3650), **more: object) -> None:
        self.key = ec.generate_private_key(CA_CURVE)
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = by or self
        issuer = subject if by is None else by.certificate.subject
        key_usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
            key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            _dated(x509.CertificateBuilder(), days)
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(self.key.public_key())
            .serial_number(int(more.get("serial", x509.random_serial_number())))  # type: ignore[call-overload]
            .add_extension(x509.BasicConstraints(ca=bool(more.get("ca", True)), path_length=None), critical=True)
            .add_extension(key_usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
        )
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(
        self,
        name: str = "127.0.0.1",
        *,
        days: tuple[int, int] = (-1, 365),
        key: object = None,
        public_key: object = None,
        organization: str = "Operator",
        usages: tuple[x509.ObjectIdentifier, ...] = (x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH),
    ) -> Issued:
        private = key or ec.generate_private_key(LEAF_CURVE)
        public = public_key or private.public_key()
        alternative: x509.GeneralName
        try:
            alternative = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            _dated(x509.CertificateBuilder(), days)
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        return Issued(builder.sign(self.key, hashes.SHA256()), private)


def _dated(builder: x509.CertificateBuilder, days: tuple[int, int]) -> x509.CertificateBuilder:
    now = datetime.now(UTC).replace(microsecond=0)
    return builder.not_valid_before(now + timedelta(days=days[0])).not_valid_after(now + timedelta(days=days[1]))


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def make_authority() -> type[Authority]:
    return Authority


@pytest.fixture
def peer() -> Iterator[Callable[..., list[str]]]:
    """Start a program of ``peers``; what it prints first."""
    running: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: object) -> list[str]:
        command = [sys.executable, "-W", "ignore", str(PEERS / f"{name}.py"), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append(process)
        assert process.stdout is not None
        said = process.stdout.readline().split()
        assert said, f"{name} did not start"
        return said

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def trust(authority: Authority, tmp_path: Path) -> Trust:
    return Trust(tls=ssl.create_default_context(cadata=authority.pem), host_keys=FirstUse(tmp_path / "hosts.json"))


@pytest.fixture
def files(trust: Trust) -> FileTransfers:
    return FileTransfers(trust, HERE)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "down" / "image.bin"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "diagnostics.tar.gz"
    path.write_bytes(IMAGE)
    return path


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    path = tmp_path / "server"
    (path / "fw").mkdir(parents=True)
    (path / "logs").mkdir()
    (path / "fw" / "image.bin").write_bytes(IMAGE)
    return path
