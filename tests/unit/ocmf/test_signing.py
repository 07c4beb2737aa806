"""Keys that sign and are never seen; records that another implementation verifies."""

from __future__ import annotations

import base64
import copy
import io
import os
import pickle
import stat
from pathlib import Path

import pyocmf
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cc613hal.errors import Unsupported
from cc613hal.ocmf import Curve, FileKey, KeyUnusable, PublicKey, SigningKey, sign_payload
from cc613hal.ocmf.signatures import algorithm_of, decode_signature, verify

from .test_reader_and_writer import FULL, PAYLOAD

SIGNING = [curve for curve in Curve if curve is not Curve.SECP192K1]


@pytest.fixture
def key(tmp_path: Path) -> FileKey:
    return FileKey.create(tmp_path / "key.pem")


class TestFileKey:
    def test_is_a_signing_key(self, key: FileKey) -> None:
        assert isinstance(key, SigningKey)

    def test_is_made_with_mode_0600_and_nothing_is_left_beside_it(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            FileKey.create(tmp_path / "key.pem")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]

    def test_comes_back_the_same(self, tmp_path: Path, key: FileKey) -> None:
        assert FileKey.open(tmp_path / "key.pem").public_key == key.public_key
        assert FileKey.open_or_create(tmp_path / "key.pem").public_key == key.public_key

    def test_is_never_overwritten(self, tmp_path: Path, key: FileKey) -> None:
        before = (tmp_path / "key.pem").read_bytes()
        with pytest.raises(KeyUnusable, match="there already"):
            FileKey.create(tmp_path / "key.pem")
        assert (tmp_path / "key.pem").read_bytes() == before

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666, 0o610])
    def test_open_to_others_is_refused(self, tmp_path: Path, key: FileKey, mode: int) -> None:
        (tmp_path / "key.pem").chmod(mode)
        with pytest.raises(KeyUnusable, match=f"{mode:04o}"):
            FileKey.open(tmp_path / "key.pem")

    def test_a_symbolic_link_is_refused(self, tmp_path: Path, key: FileKey) -> None:
        (tmp_path / "link.pem").symlink_to(tmp_path / "key.pem")
        with pytest.raises(KeyUnusable, match="link"):
            FileKey.open(tmp_path / "link.pem")
        with pytest.raises(KeyUnusable, match="link"):
            FileKey.open_or_create(tmp_path / "link.pem")

    def test_a_folder_a_pipe_and_nothing_are_refused(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe", 0o600)
        for place in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
            with pytest.raises(KeyUnusable):
                FileKey.open(place)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_of_another_user_is_refused(self, tmp_path: Path, key: FileKey) -> None:
        os.chown(tmp_path / "key.pem", 12345, 12345)
        with pytest.raises(KeyUnusable, match="12345"):
            FileKey.open(tmp_path / "key.pem")

    def test_encrypted_needs_its_password(self, tmp_path: Path) -> None:
        made = FileKey.create(tmp_path / "secret.pem", password=b"correct horse")
        assert FileKey.open(tmp_path / "secret.pem", password=b"correct horse").public_key == made.public_key
        for wrong in (None, b"wrong"):
            with pytest.raises(KeyUnusable):
                FileKey.open(tmp_path / "secret.pem", password=wrong)

    @pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"x" * 40_000])
    def test_no_key_is_no_key(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "bad.pem"
        path.touch(0o600)
        path.write_bytes(content)
        with pytest.raises(KeyUnusable):
            FileKey.open(path)

    def test_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        private = rsa.generate_private_key(65537, 2048)
        path = tmp_path / "rsa.pem"
        path.touch(0o600)
        path.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        with pytest.raises(KeyUnusable, match="elliptic"):
            FileKey.open(path)

    def test_on_another_curve_than_wanted_is_refused(self, tmp_path: Path, key: FileKey) -> None:
        with pytest.raises(KeyUnusable, match="secp384r1"):
            FileKey.open_or_create(tmp_path / "key.pem", Curve.SECP384R1)

    def test_that_only_can_be_verified_is_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(Unsupported, match="secp192k1"):
            FileKey.create(tmp_path / "key.pem", Curve.SECP192K1)

    def test_cannot_be_written_where_nobody_may(self, tmp_path: Path) -> None:
        with pytest.raises(KeyUnusable, match="written"):
            FileKey.create(tmp_path / "missing" / "key.pem")


class TestTheKeyStaysInside:
    def test_it_cannot_be_pickled_or_copied(self, key: FileKey) -> None:
        for attempt in (lambda: pickle.dump(key, io.BytesIO()), lambda: copy.copy(key), lambda: copy.deepcopy(key)):
            with pytest.raises(TypeError, match="pickled"):
                attempt()

    def test_it_shows_nowhere(self, tmp_path: Path, key: FileKey) -> None:
        pem = (tmp_path / "key.pem").read_bytes()
        private = serialization.load_pem_private_key(pem, None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        number = private.private_numbers().private_value
        shown = " ".join(
            [
                repr(key),
                str(key),
                *(repr(getattr(key, name)) for name in dir(key) if not name.startswith("__")),
                *map(str, FileKey.__slots__),
            ]
        )
        assert "key.pem" in shown
        for secret in (str(number), f"{number:x}", f"{number:X}", base64.b64encode(number.to_bytes(32, "big")).decode()[:20]):
            assert secret not in shown
        assert not hasattr(key, "__dict__")

    def test_errors_do_not_quote_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "bad.pem"
        path.touch(0o600)
        path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nU0VDUkVU\n-----END PRIVATE KEY-----\n")
        with pytest.raises(KeyUnusable) as caught:
            FileKey.open(path)
        assert "U0VDUkVU" not in str(caught.value)
        assert "SECRET" not in str(caught.value)


class TestSignedRecords:
    @pytest.mark.parametrize("curve", SIGNING, ids=lambda curve: curve.value)
    async def test_verify_here_and_elsewhere(self, tmp_path: Path, curve: Curve) -> None:
        key = FileKey.create(tmp_path / "key.pem", curve)
        record = await sign_payload(FULL, key)
        assert algorithm_of(record.signature).curve is curve
        assert verify(key.public_key, record.signed_bytes, decode_signature(record.signature))
        theirs = pyocmf.OCMF.from_string(record.text, strict=True)
        if curve is Curve.BRAINPOOL256R1 or curve is Curve.BRAINPOOL384R1:
            # this implementation compares the curve's name with OpenSSL's spelling, and knows only one of the two
            return
        assert theirs.verify_signature(key.public_key.hex)
        assert theirs.verify_signature(key.public_key.base64)

    async def test_a_payload_that_may_not_be_written_is_not_signed(self, key: FileKey) -> None:
        from attrs import evolve

        from cc613hal.ocmf import RecordInvalid

        with pytest.raises(RecordInvalid):
            await sign_payload(evolve(PAYLOAD, version="1.4"), key)


class TestPublicKey:
    @pytest.mark.parametrize("curve", SIGNING, ids=lambda curve: curve.value)
    def test_every_spelling_is_the_same_key(self, tmp_path: Path, curve: Curve) -> None:
        key = FileKey.create(tmp_path / "key.pem", curve).public_key
        theirs = serialization.load_der_public_key(key.der)
        pem = theirs.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        compressed = theirs.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
        spaced = " ".join(key.hex[at : at + 4] for at in range(0, len(key.hex), 4))
        for text in (key.hex, key.hex.lower(), spaced, key.base64, pem, f"0x{key.hex}", base64.b32encode(key.der).decode()):
            assert PublicKey.from_text(text) == key
        assert PublicKey.from_point(curve, compressed) == key
        assert PublicKey.from_point(curve, b"\x04" + key.point) == PublicKey.from_point(curve, key.point) == key
        assert PublicKey.from_text(key.point.hex(), [curve]) == key

    @pytest.mark.parametrize("text", ["", "zz", "30", "3059", "AAAA", "x" * 5000, "30590000", "ü"])
    def test_what_is_no_key_is_refused(self, text: str) -> None:
        with pytest.raises(KeyUnusable):
            PublicKey.from_text(text)

    def test_a_point_beside_the_curve_is_refused(self, key: FileKey) -> None:
        der = bytearray(key.public_key.der)
        der[-1] ^= 1
        with pytest.raises(KeyUnusable, match="no point"):
            PublicKey.from_der(bytes(der))

    def test_a_hybrid_point_is_refused(self, key: FileKey) -> None:
        with pytest.raises(KeyUnusable):
            PublicKey.from_point(Curve.SECP256R1, b"\x06" + key.public_key.point)

    def test_a_key_on_a_foreign_curve_is_refused_by_its_identifier(self) -> None:
        foreign = ec.generate_private_key(ec.SECP224R1()).public_key()
        der = foreign.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(KeyUnusable, match=r"1\.3\.132\.0\.33"):
            PublicKey.from_der(der)
