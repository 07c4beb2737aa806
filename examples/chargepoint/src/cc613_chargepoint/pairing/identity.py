"""What a controller proves itself with, and whom it trusts: its own key and certificate, and the certificate of the one other controller.

There is no authority: each certificate signs itself and is trusted by its bytes. It has no end (RFC 5280, 4.1.2.5), because a controller
whose clock has lost the time must still find its other half.
"""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from cc613_chargepoint.pairing.code import fingerprint
from cc613hal.errors import ConfigError

__all__ = ["DIRECTORY", "Identity"]

DIRECTORY = "pairing"
"""Its place in a data directory."""
_FOREVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


@frozen
class Identity:
    """The files of one controller. Its private key never leaves them.

    Attributes:
        place: ``pairing`` in the data directory.
    """

    place: Path

    @classmethod
    def of(cls, data: Path) -> Identity:
        """The identity kept in a data directory; key and certificate are made at the first call.

        Raises:
            ConfigError: the directory cannot be written, or others may read the key.
        """
        made = cls(data / DIRECTORY)
        try:
            made.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not made.certificate_file.exists():
                made._create()
            mode = made.key_file.stat().st_mode
        except OSError as error:
            raise ConfigError(f"{made.place} cannot be used: {error}", hint="name a data directory that this user may write to") from error
        if mode & 0o077:
            raise ConfigError(f"others may read {made.key_file}", hint=f"chmod 600 {made.key_file}, or remove {made.place} and pair again")
        return made

    @property
    def key_file(self) -> Path:
        """The private key, PEM."""
        return self.place / "key.pem"

    @property
    def certificate_file(self) -> Path:
        """The own certificate, PEM."""
        return self.place / "certificate.pem"

    @property
    def peer_file(self) -> Path:
        """The certificate of the other controller, PEM."""
        return self.place / "peer.pem"

    @property
    def certificate(self) -> bytes:
        """The own certificate, DER."""
        return ssl.PEM_cert_to_DER_cert(self.certificate_file.read_text("ascii"))

    @property
    def peer(self) -> bytes | None:
        """The certificate of the other controller, DER; ``None`` while there is none."""
        try:
            return ssl.PEM_cert_to_DER_cert(self.peer_file.read_text("ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ConfigError(f"{self.peer_file} is no certificate: {error}", hint="pair the controllers again") from error

    def trust(self, certificate: bytes) -> None:
        """From now on the other controller is whoever has the key of this certificate (DER).

        Raises:
            ConfigError: it is no certificate, or this controller's own.
        """
        from cryptography import x509  # noqa: PLC0415 - only a pairing needs it

        try:
            x509.load_der_x509_certificate(certificate)
        except ValueError as error:
            raise ConfigError(f"the other controller sent no certificate: {error}") from error
        if certificate == self.certificate:
            raise ConfigError("a controller cannot be paired with itself", hint="the other one needs a data directory of its own")
        _write(self.peer_file, ssl.DER_cert_to_PEM_cert(certificate).encode("ascii"), 0o644)

    def forget(self) -> bool:
        """Trust nobody any more; whether somebody was trusted."""
        there = self.peer_file.exists()
        self.peer_file.unlink(missing_ok=True)
        return there

    def server(self) -> ssl.SSLContext:
        """For the master: TLS 1.3, and nobody but the paired slave.

        Raises:
            ConfigError: the controllers are not paired.
        """
        return self._mutual(ssl.PROTOCOL_TLS_SERVER)

    def client(self) -> ssl.SSLContext:
        """For the slave: TLS 1.3, and nobody but the paired master.

        Raises:
            ConfigError: the controllers are not paired.
        """
        return self._mutual(ssl.PROTOCOL_TLS_CLIENT)

    def alone(self) -> ssl.SSLContext:
        """For the master while it invites: the slave is not known yet, and shows its secret instead of a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def _mutual(self, protocol: int) -> ssl.SSLContext:
        peer = self.peer
        if peer is None:
            raise ConfigError("this controller is not paired", hint="`cc613-chargepoint pair master` there, `pair slave` here")
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # the certificate itself is what is trusted, wherever it answers
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.certificate_file, self.key_file)
        context.load_verify_locations(cadata=peer)
        return context

    def _create(self) -> None:
        from cryptography import x509  # noqa: PLC0415 - once in the life of a controller
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - likewise
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - likewise
        from cryptography.x509.oid import NameOID  # noqa: PLC0415 - likewise

        key = ec.generate_private_key(ec.SECP256R1())
        serial = x509.random_serial_number()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"cc613-chargepoint {serial:040x}")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(_FOREVER[0])
            .not_valid_after(_FOREVER[1])
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        encoding = serialization.Encoding.PEM
        private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _write(self.key_file, private, 0o600)
        _write(self.certificate_file, certificate.public_bytes(encoding), 0o644)

    def words(self) -> str:
        """How people compare it: the beginning of the certificate's fingerprint."""
        return fingerprint(self.certificate).hex(":", 2)[:29]


def _write(path: Path, content: bytes, mode: int) -> None:
    """The whole file or none of it, on the disk when this returns."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
