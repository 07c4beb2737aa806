"""Signed values in OCPP's dialects, and the key as a picture."""

from __future__ import annotations

import base64
import json
import sys
import xml.etree.ElementTree as ET
from decimal import Decimal
from pathlib import Path

import pytest

from cc613hal.errors import Unsupported
from cc613hal.ocmf import (
    OcmfRecord,
    PublicKey,
    RecordInvalid,
    RecordUnreadable,
    SignedValueForm,
    ValueContext,
    meter_value_16,
    meter_value_201,
    qr_png,
    qr_svg,
    read_record,
    read_values,
    sampled_value_16,
    signed_meter_value,
    transaction_data_16,
    unwrap,
    whole_wh,
)

SAMPLES = Path(__file__).parent / "samples"


def records(name: str) -> tuple[list[OcmfRecord], PublicKey]:
    with (SAMPLES / name).open("rb") as file:
        values = list(read_values(file))
    return [read_record(value.data) for value in values], PublicKey.from_text(values[0].key)


class TestOcpp16:
    @pytest.mark.parametrize("form", SignedValueForm)
    def test_every_form_brings_the_record_back_byte_for_byte(self, form: SignedValueForm) -> None:
        (begin, _), key = records("test_ocmf_ebee_01.xml")
        sampled = sampled_value_16(begin, key, ValueContext.BEGIN, form)
        assert unwrap(sampled["value"]) == begin.text
        assert (sampled["format"], sampled["context"], sampled["unit"]) == ("SignedData", "Transaction.Begin", "Wh")

    def test_the_object_is_the_one_of_ocpp_201(self) -> None:
        (begin, _), key = records("test_ocmf_ebee_01.xml")
        value = json.loads(sampled_value_16(begin, key, ValueContext.BEGIN)["value"])
        assert value == {
            "signedMeterData": base64.b64encode(begin.text.encode()).decode(),
            "signingMethod": "ECDSA-secp256r1-SHA256",
            "encodingMethod": "OCMF",
            "publicKey": key.base64,
        }
        other = json.loads(sampled_value_16(begin, None, ValueContext.BEGIN, SignedValueForm.JSON_SIGNED_METER_VALUE)["value"])
        assert "signedMeterValue" in other
        assert other["publicKey"] == ""

    def test_the_raw_value_stands_beside_it_with_the_records_time(self) -> None:
        (begin, _), key = records("test_ocmf_ebee_01.xml")
        value = meter_value_16(begin, key, ValueContext.BEGIN)
        assert value["timestamp"] == "2021-08-25T08:01:04.000Z"
        assert [sampled["format"] for sampled in value["sampledValue"]] == ["Raw", "SignedData"]
        assert value["sampledValue"][0]["value"] == "7753"

    def test_begin_and_end_go_into_the_stop_together(self) -> None:
        (begin, end), key = records("bsm-ws36a-ocmf.xml")
        data = transaction_data_16(begin, end, key)
        assert [value["sampledValue"][1]["context"] for value in data] == ["Transaction.Begin", "Transaction.End"]
        assert [value["sampledValue"][0]["value"] for value in data] == ["0.00", "0.15"]

    def test_one_record_with_both_goes_once(self) -> None:
        (both,), key = records("test_ocmf_keba_kcp30.xml")
        (value,) = transaction_data_16(both, None, key)
        assert value["sampledValue"][0]["value"] == "0.2597"
        assert meter_value_16(both, key, ValueContext.BEGIN)["sampledValue"][0]["value"] == "0.2596"

    def test_an_event_has_no_raw_value(self) -> None:
        event = read_record('OCMF|{"PG":"T1","RD":[{"TM":"2026-01-01T00:00:00,000+0000 S","TX":"A","ST":"D"}]}|{"SD":"00"}')
        with pytest.raises(RecordInvalid, match="no energy"):
            meter_value_16(event, None, ValueContext.END)
        assert unwrap(sampled_value_16(event, None, ValueContext.END, SignedValueForm.PLAIN)["value"]) == event.text


def test_ocpp_201_carries_it_natively() -> None:
    (begin, _), key = records("bsm-ws36a-ocmf.xml")
    (sampled,) = meter_value_201(begin, key, ValueContext.BEGIN)["sampledValue"]
    assert sampled["signedMeterValue"] == signed_meter_value(begin, key)
    assert sampled["unitOfMeasure"] == {"unit": "kWh"}
    assert sampled["value"] == 0.0


@pytest.mark.parametrize(
    "value", ["", "x", "00", "{}", '{"signedMeterData":1}', '{"signedMeterData":"?"}', '{"signedMeterData":"AAAA"}', "ff" * 9]
)
def test_what_holds_no_record_is_refused(value: str) -> None:
    with pytest.raises(RecordUnreadable):
        unwrap(value)


def test_whole_watt_hours_are_rounded_down_and_never_negative() -> None:
    assert whole_wh(Decimal("1000.9"), Decimal("2000.8")) == 999
    with pytest.raises(RecordInvalid):
        whole_wh(Decimal(2), Decimal(1))


class TestLabel:
    KEY = records("test_ocmf_ebee_01.xml")[1]

    def test_the_code_holds_the_key_in_hexadecimal(self) -> None:
        import segno

        ours, theirs = qr_svg(self.KEY), segno.make_qr(self.KEY.der.hex().upper(), error="m")
        size = theirs.symbol_size(border=4)[0] * 4
        root = ET.fromstring(ours)  # our own text
        assert (root.get("width"), root.get("height")) == (str(size), str(size))
        assert theirs.mode == "alphanumeric"

    def test_a_picture_for_the_printer(self) -> None:
        assert qr_png(self.KEY).startswith(b"\x89PNG\r\n\x1a\n")

    def test_the_title_is_escaped(self) -> None:
        assert "<b>" not in qr_svg(self.KEY, title="<b>M1</b>")

    def test_without_the_package_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "segno", None)
        with pytest.raises(Unsupported, match=r"cc613hal\[ocmf\]"):
            qr_svg(self.KEY)
