"""A key in a token signs, and never leaves it. Needs SoftHSM 2 (Debian: ``softhsm2``); skipped where it is not installed."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyocmf
import pytest

from cc613hal.errors import Unsupported
from cc613hal.ocmf import Curve, KeyUnusable, SigningKey, sign_payload
from cc613hal.ocmf.der import oid_der
from cc613hal.ocmf.pkcs11 import Pkcs11Key, _public
from cc613hal.ocmf.signatures import decode_signature, verify

from .test_reader_and_writer import PAYLOAD

LIBRARIES = [os.environ.get("SOFTHSM2_LIB", ""), "/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"]
LIBRARY = next((path for path in LIBRARIES if path and Path(path).exists()), "")
UTIL = os.environ.get("SOFTHSM2_UTIL") or shutil.which("softhsm2-util") or ""
CURVES = {"secp256r1": Curve.SECP256R1, "secp384r1": Curve.SECP384R1}


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token with a good key on each curve, and one that could be read out."""
    if not LIBRARY or not UTIL:
        pytest.skip("SoftHSM 2 is not installed")
    pkcs11: Any = pytest.importorskip("pkcs11")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = [UTIL, "--init-token", "--free", "--label", "station", "--pin", "1234", "--so-pin", "5678", "--module", LIBRARY]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        library = pkcs11.lib(LIBRARY)
        with library.get_token(token_label="station").open(user_pin="1234", rw=True) as session:
            from pkcs11.util.ec import encode_named_curve_parameters

            attribute = pkcs11.Attribute
            for name in CURVES:
                curve = {attribute.EC_PARAMS: encode_named_curve_parameters(name)}
                parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
                closed = {attribute.EXTRACTABLE: False, attribute.SENSITIVE: True}
                parameters.generate_keypair(label=name, store=True, private_template=closed)
                opened = {attribute.EXTRACTABLE: True, attribute.SENSITIVE: False}
                parameters.generate_keypair(label=f"open-{name}", store=True, private_template=opened)
        yield LIBRARY


class TestToken:
    @pytest.mark.parametrize("name", CURVES)
    async def test_signs_records_that_everyone_verifies(self, token: str, name: str) -> None:
        async with await Pkcs11Key.open(token, token="station", label=name, pin="1234") as key:
            assert isinstance(key, SigningKey)
            assert key.public_key.curve is CURVES[name]
            record = await sign_payload(PAYLOAD, key)
            assert verify(key.public_key, record.signed_bytes, decode_signature(record.signature))
            assert pyocmf.OCMF.from_string(record.text).verify_signature(key.public_key.hex)

    async def test_the_key_does_not_leave_it(self, token: str) -> None:
        async with await Pkcs11Key.open(token, token="station", label="secp256r1", pin="1234") as key:
            assert "1234" not in repr(key)
            with pytest.raises(TypeError, match="pickled"):
                pickle.dumps(key)

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"label": "open-secp256r1"}, "read out"),
            ({"label": "missing"}, "no key pair"),
            ({"pin": "9999"}, "cannot be used"),
            ({"token": "other"}, "cannot be used"),
            ({"library": "/nonexistent.so"}, "cannot be used"),
        ],
    )
    async def test_what_cannot_be_trusted_is_refused(self, token: str, changes: dict[str, str], why: str) -> None:
        options = {"library": token, "token": "station", "label": "secp256r1", "pin": "1234", **changes}
        with pytest.raises(KeyUnusable, match=why) as caught:
            await Pkcs11Key.open(options.pop("library"), **options)
        assert "1234" not in str(caught.value)
        assert "9999" not in str(caught.value)


async def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(Unsupported, match=r"cc613hal\[pkcs11\]"):
        await Pkcs11Key.open("lib.so", token="t", label="l", pin="p")


@pytest.mark.parametrize("wrapped", [True, False])
def test_tokens_wrap_their_points_or_do_not(wrapped: bool) -> None:
    numbers = Curve.SECP384R1.numbers
    point = b"\x04" + numbers.gx.to_bytes(48, "big") + numbers.gy.to_bytes(48, "big")
    key = _public(oid_der(numbers.oid), (b"\x04\x61" + point) if wrapped else point)
    assert (key.curve, key.x, key.y) == (Curve.SECP384R1, numbers.gx, numbers.gy)
    with pytest.raises(KeyUnusable, match="curve"):
        _public(bytes.fromhex("06052B81040021"), point)
