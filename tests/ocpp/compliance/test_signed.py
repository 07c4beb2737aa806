"""Signed meter values on the wire."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from cc613hal.board import load_board
from cc613hal.ocmf import PublicKey, read_record
from cc613hal.ocmf.signatures import decode_signature, verify
from tests.ocpp.bench import Bench, play


def station_that_signs(folder: Path) -> Any:
    overlay = folder / "signing.toml"
    overlay.write_text('schema = 1\nname = "signed station"\n[device.meter1]\ndriver = "meters.bsm-ws36a"\n')
    return load_board("bender.cc613", overlays=[overlay])


@pytest.mark.parametrize("bare", [False, True])
def test_x16_13(bare: bool, tmp_path: Path) -> None:
    """The end of a transaction brings the signed records along, packed as the application note says, or bare."""

    async def story(it: Bench) -> None:
        transaction = await it.charging()
        await it.sleep(120.0)
        await it.central.ask("RemoteStopTransaction", transactionId=transaction)
        ended = await it.central.expect("StopTransaction", transactionId=transaction)
        signed = [
            sample for value in ended.payload["transactionData"] for sample in value["sampledValue"] if sample["format"] == "SignedData"
        ]
        assert [each["context"] for each in signed] == ["Transaction.Begin", "Transaction.End"]
        for each in signed:
            record = each["value"]
            if not bare:
                inside = json.loads(record)
                record = base64.b64decode(inside["signedMeterData"]).decode()
                key = base64.b64decode(inside["publicKey"]).decode().removeprefix("oca:base16:asn1:")
                parsed = read_record(record)
                assert verify(PublicKey.from_text(key), parsed.signed_bytes, decode_signature(parsed.signature))
            assert record.startswith("OCMF|")
            assert "04A2B3C4D5E680" in record

    play(story, board=station_that_signs(tmp_path), settings={"ocpp.signed_bare": bare})
