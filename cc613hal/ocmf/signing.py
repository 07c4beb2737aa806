"""Keys that sign, behind a protocol that cannot give them away; the default keeps one in a file that only its owner reads."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol, runtime_checkable

from cc613hal.errors import Unsupported
from cc613hal.ocmf.curves import Curve
from cc613hal.ocmf.errors import KeyUnusable
from cc613hal.ocmf.keys import PublicKey
from cc613hal.ocmf.reader import read_record
from cc613hal.ocmf.signatures import SignatureAlgorithm, openssl_curve, require_cryptography
from cc613hal.ocmf.strict_json import dump
from cc613hal.ocmf.values import OcmfPayload, OcmfRecord
from cc613hal.ocmf.writer import write_payload

__all__ = ["FileKey", "SigningKey", "sign_payload"]

_MAX_KEY_FILE = 16_384


@runtime_checkable
class SigningKey(Protocol):
    """A private key that signs and is never seen: in a file, a PKCS#11 token, a secure element."""

    @property
    @abstractmethod
    def public_key(self) -> PublicKey:
        """The key that verifies."""

    @abstractmethod
    async def sign(self, message: bytes) -> bytes:
        """ECDSA over the SHA-256 of a message, as a DER sequence of two integers.

        Raises:
            SigningFailed: the key did not sign.
        """


async def sign_payload(payload: OcmfPayload, key: SigningKey) -> OcmfRecord:
    """Write a payload and sign it.

    The record is read back before it is returned, so that what nobody could read is never given out.

    Args:
        payload: what to say.
        key: signs it; the signature section names its curve.

    Raises:
        RecordInvalid: the payload may not be written.
        SigningFailed: the key did not sign.
    """
    text = write_payload(payload)
    signature = await key.sign(text.encode("utf-8"))
    section = {"SA": str(SignatureAlgorithm(key.public_key.curve)), "SD": signature.hex().upper()}
    return read_record(f"OCMF|{text}|{dump(section)}")


class FileKey:
    """A signing key in a PEM file that belongs to this user and is readable by nobody else.

    The key itself is in no attribute, does not show in ``repr``, and the object cannot be pickled or copied.

    Make one with :meth:`open`, :meth:`create` or :meth:`open_or_create`.
    """

    __slots__ = ("_place", "_public_key", "_sign")

    def __init__(self, place: Path, public_key: PublicKey, sign: Callable[[bytes], bytes]) -> None:
        self._place = place
        self._public_key = public_key
        self._sign = sign

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, password: bytes | None = None) -> FileKey:
        """The key in a file.

        Args:
            path: PEM file with a PKCS #8 or SEC 1 private key.
            password: decrypts it, if it is encrypted.

        Raises:
            KeyUnusable: no such file, a symbolic link, open to others, of another user, or no key on a known curve.
            Unsupported: ``cryptography`` is not installed.
        """
        place = Path(path)
        serialization: Any = require_cryptography("hazmat.primitives.serialization")
        ec: Any = require_cryptography("hazmat.primitives.asymmetric.ec")
        try:
            private = serialization.load_pem_private_key(_read_private(place), password)
        except KeyUnusable:
            raise
        except (ValueError, TypeError, require_cryptography("exceptions").UnsupportedAlgorithm) as error:
            # the parser's own words may quote what it read: they are not repeated
            raise KeyUnusable(
                f"{place} holds no private key that can be read", hint="an unencrypted PEM file, or give its password"
            ) from error.__cause__
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeyUnusable(f"{place} holds a key that is not on an elliptic curve", hint="records are signed with ECDSA")
        return cls._of(place, private)

    @classmethod
    def create(cls, path: str | os.PathLike[str], curve: Curve = Curve.SECP256R1, *, password: bytes | None = None) -> FileKey:
        """Make a new key in a file that must not exist yet; the file appears whole and with mode 0600, or not at all.

        Args:
            path: where; its directory must exist.
            curve: on which; secp192k1 can only be verified.
            password: encrypts the file.

        Raises:
            KeyUnusable: the file is there already, or it cannot be written.
            Unsupported: the curve cannot sign here, or ``cryptography`` is not installed.
        """
        place = Path(path)
        ec: Any = require_cryptography("hazmat.primitives.asymmetric.ec")
        serialization: Any = require_cryptography("hazmat.primitives.serialization")
        known = openssl_curve(curve)
        if known is None:
            raise Unsupported(f"nothing signs on {curve.value} here; it is verified only", hint="choose secp256r1")
        private = ec.generate_private_key(known)
        encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        try:
            _write_private(place, pem)
        except FileExistsError as error:
            raise KeyUnusable(f"{place} is there already", hint="a key is never overwritten; open it, or choose another name") from error
        except OSError as error:
            raise KeyUnusable(f"{place} cannot be written: {error.strerror}") from error
        return cls._of(place, private)

    @classmethod
    def open_or_create(cls, path: str | os.PathLike[str], curve: Curve = Curve.SECP256R1, *, password: bytes | None = None) -> FileKey:
        """The key in a file, made now if there is none.

        Raises:
            KeyUnusable: as :meth:`open` and :meth:`create`; also if the key in the file is on another curve.
        """
        if not Path(path).exists() and not Path(path).is_symlink():
            with contextlib.suppress(FileExistsError):
                return cls.create(path, curve, password=password)
        key = cls.open(path, password=password)
        if key.public_key.curve is not curve:
            raise KeyUnusable(f"{path} holds a key on {key.public_key.curve.value}, {curve.value} was wanted")
        return key

    @classmethod
    def _of(cls, place: Path, private: Any) -> FileKey:
        serialization: Any = require_cryptography("hazmat.primitives.serialization")
        ec: Any = require_cryptography("hazmat.primitives.asymmetric.ec")
        hashes: Any = require_cryptography("hazmat.primitives.hashes")
        der = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        scheme = ec.ECDSA(hashes.SHA256())

        def sign(message: bytes) -> bytes:
            return bytes(private.sign(message, scheme))

        return cls(place, PublicKey.from_der(der), sign)

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies."""
        return self._public_key

    async def sign(self, message: bytes) -> bytes:
        """ECDSA over the SHA-256 of a message, DER; takes a fraction of a millisecond and does not wait."""
        return self._sign(message)

    def __repr__(self) -> str:
        return f"FileKey({str(self._place)!r}, {self._public_key.curve.value}, fingerprint {self._public_key.fingerprint})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key cannot be pickled or copied")


def _read_private(place: Path) -> bytes:
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise KeyUnusable(f"there is no key file {place}", hint="make one with FileKey.create, once") from error
    except OSError as error:
        raise KeyUnusable(f"the key file {place} cannot be opened: {error.strerror}", hint="symbolic links are refused") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise KeyUnusable(f"{place} is no regular file")
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise KeyUnusable(
                f"the key file {place} has mode {mode:04o}: others may use it", hint=f"chmod 600 {place}, and consider a new key"
            )
        if status.st_uid not in {os.geteuid(), 0}:
            raise KeyUnusable(
                f"the key file {place} belongs to user {status.st_uid}, not to this one", hint="chown it to the service's user"
            )
        data = file.read(_MAX_KEY_FILE + 1)
    if len(data) > _MAX_KEY_FILE:
        raise KeyUnusable(f"the key file {place} is larger than a key can be")
    return data


def _write_private(place: Path, data: bytes) -> None:
    """Write beside, flush to the disk, then link under the name: the name is never there with half a key or a wider mode."""
    beside = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.link(beside, place)
    finally:
        beside.unlink()
    directory = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
