"""A signing key in a PKCS#11 token: a smart card, a secure element, an HSM, SoftHSM. The key never leaves it.

Needs the package ``python-pkcs11`` (extra ``pkcs11``) and the token's own library. The token works on a thread of this key's own, so
that a slow card does not hold up the loop.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, NoReturn, Self

from cc613hal.errors import Unsupported
from cc613hal.ocmf.curves import Curve
from cc613hal.ocmf.der import oid_der, write_signature
from cc613hal.ocmf.errors import KeyUnusable, SigningFailed
from cc613hal.ocmf.keys import PublicKey

__all__ = ["Pkcs11Key"]


class Pkcs11Key:
    """A key pair on an elliptic curve in a token, found by its label.

    The token must keep the key sensitive and not extractable; one that would give it away is refused. The PIN is not kept.

    Make one with :meth:`open`.
    """

    __slots__ = ("_label", "_private", "_public_key", "_session", "_worker")

    def __init__(self, label: str, public_key: PublicKey, private: Any, session: Any, worker: ThreadPoolExecutor) -> None:
        self._label = label
        self._public_key = public_key
        self._private = private
        self._session = session
        self._worker = worker

    @classmethod
    async def open(cls, library: str, *, token: str, label: str, pin: str) -> Pkcs11Key:
        """Log in to a token and find the key.

        Args:
            library: path of the token's PKCS#11 library.
            token: label of the token.
            label: of the key pair; private and public key have the same.
            pin: of the user.

        Raises:
            KeyUnusable: no such library, token or key, a wrong PIN, a key that could be read out, or no known curve.
            Unsupported: ``python-pkcs11`` is not installed.
        """
        try:
            pkcs11: Any = import_module("pkcs11")
        except ImportError as error:
            raise Unsupported(
                "PKCS#11 needs the package python-pkcs11, which is not installed", hint="pip install 'cc613hal[pkcs11]'"
            ) from error
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pkcs11")
        try:
            found = await asyncio.get_running_loop().run_in_executor(worker, _find, pkcs11, library, token, label, pin)
        except BaseException:
            worker.shutdown(wait=False)
            raise
        return cls(label, *found, worker)

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies."""
        return self._public_key

    async def sign(self, message: bytes) -> bytes:
        """ECDSA over the SHA-256 of a message, DER; hashed here, signed in the token.

        Raises:
            SigningFailed: the token is gone, or refused.
        """
        digest = _as_long_as(hashlib.sha256(message).digest(), self._public_key.curve)
        try:
            raw = await asyncio.get_running_loop().run_in_executor(self._worker, self._sign, digest)
        except import_module("pkcs11").PKCS11Error as error:
            raise SigningFailed(
                f"the token did not sign with {self._label}: {type(error).__name__}", hint="is it plugged in, and still logged in?"
            ) from error
        half = self._public_key.curve.scalar_bytes
        if len(raw) != 2 * half:
            raise SigningFailed(f"the token answered {len(raw)} bytes, a signature on this curve has {2 * half}")
        return write_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    async def aclose(self) -> None:
        """Log out and release the token."""
        await asyncio.get_running_loop().run_in_executor(self._worker, self._session.close)
        self._worker.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _sign(self, digest: bytes) -> bytes:
        mechanism = import_module("pkcs11").Mechanism.ECDSA
        return bytes(self._private.sign(digest, mechanism=mechanism))

    def __repr__(self) -> str:
        return f"Pkcs11Key({self._label!r}, {self._public_key.curve.value}, fingerprint {self._public_key.fingerprint})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key cannot be pickled or copied")


def _find(pkcs11: Any, library: str, token: str, label: str, pin: str) -> tuple[PublicKey, Any, Any]:
    names = pkcs11.ObjectClass
    try:
        session = pkcs11.lib(library).get_token(token_label=token).open(user_pin=pin)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise KeyUnusable(f"the token {token!r} cannot be used: {type(error).__name__}", hint="check library, label and PIN") from error
    try:
        private = session.get_key(object_class=names.PRIVATE_KEY, label=label)
        if private[pkcs11.Attribute.EXTRACTABLE] or not private[pkcs11.Attribute.SENSITIVE]:
            raise KeyUnusable(f"the key {label!r} could be read out of the token", hint="make it sensitive and not extractable")
        public = session.get_key(object_class=names.PUBLIC_KEY, label=label)
        return _public(public[pkcs11.Attribute.EC_PARAMS], public[pkcs11.Attribute.EC_POINT]), private, session
    except pkcs11.PKCS11Error as error:
        session.close()
        raise KeyUnusable(f"the token {token!r} has no key pair {label!r}: {type(error).__name__}") from error
    except KeyUnusable:
        session.close()
        raise


def _public(parameters: bytes, point: bytes) -> PublicKey:
    """The key from CKA_EC_PARAMS (a DER object identifier) and CKA_EC_POINT (a DER octet string around the point, or the bare point)."""
    curve = next((curve for curve in Curve if oid_der(curve.numbers.oid) == parameters), None)
    if curve is None:
        raise KeyUnusable("the token's key is on a curve that no record is signed on", hint="choose secp256r1")
    bare = 2 * curve.coordinate_bytes + 1
    return PublicKey.from_point(curve, point if len(point) == bare else point[-bare:])


def _as_long_as(digest: bytes, curve: Curve) -> bytes:
    """The leftmost bytes of a digest that the curve's order has; tokens refuse longer ones, or cut them in their own way."""
    return digest[: curve.scalar_bytes]
