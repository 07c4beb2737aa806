"""Stations whose meters sign, and what their signed values say on the wire; checked by pyocmf and OpenSSL, which nobody here wrote."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyocmf
from attrs import evolve, frozen
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cc613hal.board import load_board
from cc613hal.ocmf import Checker, PublicKey, Status, read_record, value_of

__all__ = ["AT_ONCE", "BOTH_ENDS", "TOGETHER", "Signature", "checked", "signatures16", "signatures201", "station_that_signs"]

AT_ONCE = "meters.bsm-ws36a"
"""Signs whatever its register shows."""
TOGETHER = "meters.wm3m4"
"""Signs begin and end together, when the end is there."""
BOTH_ENDS = "meters.edl40"
"""Signs begin and end, each by itself, in another format."""


def station_that_signs(folder: Path, meter: str = AT_ONCE) -> Any:
    """The board, with another meter."""
    overlay = folder / "signing.toml"
    lines = ["schema = 1", 'name = "signed station"', "[device.meter1]", f'driver = "{meter}"']
    if meter == BOTH_ENDS:  # on a wire of its own
        lines += [
            'bus = "telegrams"',
            "unit = false",
            "[bus.telegrams]",
            'type = "serial"',
            'path = "/dev/ttyS9"',
            "settings = { baud = 9600 }",
        ]
    overlay.write_text("\n".join([*lines, ""]))
    return load_board("bender.cc613", overlays=[overlay])


@frozen(kw_only=True)
class Signature:
    """A signed value as it was told.

    Attributes:
        context: as OCPP names it.
        at: its time, as text.
        record: what the meter made; telegrams in hexadecimal.
        key: what went along as public key.
        method: what went along as signing method.
        raw: the value beside it, or in it.
    """

    context: str
    at: str
    record: str
    key: str = ""
    method: str = ""
    raw: float | None = None


def signatures16(values: Sequence[dict[str, Any]]) -> list[Signature]:
    """Of MeterValues or transactionData, in either form."""
    found = []
    for value in values:
        raw = [float(each["value"]) for each in value["sampledValue"] if each["format"] == "Raw" and "Register" in each["measurand"]]
        for each in value["sampledValue"]:
            if each["format"] != "SignedData":
                continue
            assert (each["measurand"], each["unit"], each["location"]) == ("Energy.Active.Import.Register", "Wh", "Outlet")
            told = Signature(context=each["context"], at=value["timestamp"], record=each["value"], raw=raw[0] if raw else None)
            if each["value"].startswith("{"):
                inside = json.loads(each["value"])
                assert set(inside) == {"signedMeterData", "signingMethod", "encodingMethod", "publicKey"}
                told = evolve(told, record=_text(inside), key=inside["publicKey"], method=inside["signingMethod"])
            found.append(told)
    return found


def signatures201(values: Sequence[dict[str, Any]]) -> list[Signature]:
    """Of an event's meterValue."""
    return [
        Signature(
            context=each["context"], at=value["timestamp"], raw=each["value"], record=_text(inside), key=inside["publicKey"],
            method=inside["signingMethod"],
        )
        for value in values
        for each in value["sampledValue"]
        if (inside := each.get("signedMeterValue"))
    ]  # fmt: skip


def _text(inside: dict[str, str]) -> str:
    data = base64.b64decode(inside["signedMeterData"], validate=True)
    return data.decode() if inside["encodingMethod"] == "OCMF" else data.hex().upper()


def key_of(text: str) -> PublicKey:
    """The key that went along, as the application note has it."""
    marker, encoding, content, key = base64.b64decode(text, validate=True).decode().split(":")
    assert (marker, encoding, content) == ("oca", "base16", "asn1")
    return PublicKey.from_text(key)


def checked(signature: Signature, key: str = "") -> str:
    """Make sure that others find the signature good; why the value was taken, as OCMF says it.

    Args:
        signature: as it was told, OCMF.
        key: the key as it was told elsewhere.
    """
    public = key_of(signature.key or key)
    record = read_record(signature.record)
    theirs = load_der_public_key(public.der)
    assert isinstance(theirs, ec.EllipticCurvePublicKey)
    theirs.verify(bytes.fromhex(record.signature.data), record.signed_bytes, ec.ECDSA(SHA256()))
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        assert pyocmf.OCMF.from_string(signature.record).verify_signature(public.hex)
    return "".join(str(getattr(each.reason, "value", each.reason)) for each in record.payload.readings)


def bill(signatures: Sequence[Signature], key: str) -> Status:
    """What our own checker says of a transaction's records, all of them."""
    public = key_of(key)
    checker = Checker([public])
    list(checker.check(value_of(each.record, public, transaction_id="1", context=each.context) for each in signatures))
    return checker.summary.status
