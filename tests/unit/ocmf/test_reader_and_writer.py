"""Records are read as they come and written so that everybody reads the same."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import attrs
import pyocmf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import ClockState, Stamp
from cc613hal.ocmf import (
    CableLoss,
    ChargePointType,
    CurrentType,
    Identification,
    IdentificationFlag,
    IdentificationLevel,
    IdentificationType,
    MeterState,
    OcmfPayload,
    OcmfReading,
    OcmfTime,
    Page,
    PageContext,
    ReadingReason,
    ReadingUnit,
    RecordInvalid,
    RecordUnreadable,
    ResistanceUnit,
    TimeState,
    no_identification,
    plain_text,
    read_record,
    write_payload,
)

SIGNATURE = '{"SD":"3006020101020101"}'
TIME = OcmfTime(datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC), TimeState.SYNCHRONISED)
READING = OcmfReading(time=TIME, reason=ReadingReason.BEGIN, value=Decimal("0.2000"), obis="1-b:1.8.0", unit=ReadingUnit.KWH)
PAYLOAD = OcmfPayload(page=Page(PageContext.TRANSACTION, 7), meter_serial="M1", identification=no_identification(), readings=(READING,))


def record(payload: str, signature: str = SIGNATURE) -> str:
    return f"OCMF|{payload}|{signature}"


def with_reading(**changes: object) -> OcmfPayload:
    return attrs.evolve(PAYLOAD, readings=(attrs.evolve(READING, **changes),))


def with_identification(**changes: object) -> OcmfPayload:
    return attrs.evolve(PAYLOAD, identification=attrs.evolve(no_identification(), **changes))


class TestDigits:
    @pytest.mark.parametrize("digits", ["0.2000", "0.20", "2935.6", "7753", "0", "0.000", "123456789012.345"])
    def test_are_kept_through_writing_and_reading(self, digits: str) -> None:
        text = write_payload(with_reading(value=Decimal(digits)))
        assert f'"RV":{digits},' in text
        assert str(read_record(record(text)).payload.readings[0].value) == digits

    def test_an_exponent_is_written_out(self) -> None:
        assert '"RV":12000,' in write_payload(with_reading(value=Decimal("1.2E+4")))

    def test_watt_hours_are_exact(self) -> None:
        assert READING.wh == Decimal(200)
        assert attrs.evolve(READING, unit=ReadingUnit.WH).wh == Decimal("0.2")
        assert attrs.evolve(READING, unit=ReadingUnit.MOHM).wh is None

    @pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+60")])
    def test_what_no_meter_can_show_is_not_written(self, value: Decimal) -> None:
        with pytest.raises(RecordInvalid):
            write_payload(with_reading(value=value))


class TestSignedBytes:
    def test_are_the_ones_that_came_white_space_included(self) -> None:
        payload = write_payload(PAYLOAD).replace('"FV":"1.3",', '\n "FV" : "1.3" ,\t')
        read = read_record(f"  \n{record(payload)}\n")
        assert read.payload_text == payload
        assert read.signed_bytes == payload.encode()
        assert read.text == record(payload)

    def test_are_the_utf8_of_the_text(self) -> None:
        payload = write_payload(attrs.evolve(PAYLOAD, gateway="Säule"))
        assert "Säule".encode() in read_record(record(payload).encode()).signed_bytes

    def test_survive_hexadecimal(self) -> None:
        text = record(write_payload(PAYLOAD))
        assert read_record(text.encode().hex()).text == text
        assert read_record(text.encode().hex().upper()).text == text

    def test_a_key_behind_a_third_pipe_is_no_part_of_them(self) -> None:
        read = read_record(record(write_payload(PAYLOAD)) + "|3059AB")
        assert read.key_text == "3059AB"
        assert read.text == record(write_payload(PAYLOAD))


class TestReaderRefuses:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "begins with OCMF"),
            ("OCMF", "begins with OCMF"),
            ("OCMF|{}", "three parts"),
            ("OCMF|{}|{}|a|b", "three parts"),
            (record("[]"), "no object"),
            (record("{"), "no JSON"),
            (record("{}"), "no list with one reading"),
            (record('{"RD":[]}'), "no list with one reading"),
            (record('{"RD":[1]}'), "reading 1 is no object"),
            (record('{"RD":[{}]}'), "no time"),
            (record('{"RD":[{"TM":"2026-01-01"}]}'), "is not like"),
            (record('{"RD":[{"TM":"2026-02-30T00:00:00,000+0000 S"}]}'), "does not exist"),
            (record('{"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S","RV":"x"}]}'), "not a number"),
            (record('{"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S","RV":NaN}]}'), "NaN"),
            (record('{"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S","RV":1e999999999}]}'), "out of all bounds"),
            (record('{"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S","RV":' + "9" * 5000 + "}]}"), "5000 characters"),
            (record('{"PG":"X1","RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "letter T or F"),
            (record('{"PG":1,"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "letter T or F"),
            (record('{"PG":true,"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "not a text"),
            (record('{"IS":"maybe","RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "not true or false"),
            (record('{"IF":{"a":1},"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "no list of words"),
            (record('{"IF":[1],"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "no list of words"),
            (record('{"LC":1,"RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "no object"),
            (record('{"MS":"a","MS":"b","RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "there twice"),
            (record('{"RD":' + "[" * 50_000 + "}"), "nested"),
            (record('{"A":"\\ud800","RD":[{"TM":"2026-02-03T00:00:00,000+0000 S"}]}'), "no JSON"),
            (record(write_payload(PAYLOAD), "{}"), "no signature"),
            (record(write_payload(PAYLOAD), '{"SD":[]}'), "not a text"),
            ("OCMF|" + "x" * (3 << 20), "are no record"),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_with_the_reason(self, text: str, why: str) -> None:
        with pytest.raises(RecordUnreadable, match=why):
            read_record(text)

    def test_bytes_that_are_not_utf8(self) -> None:
        with pytest.raises(RecordUnreadable, match="UTF-8"):
            read_record(b"OCMF|\xff|{}")

    @given(st.text(alphabet=string.printable, max_size=200))
    def test_or_reads_and_never_anything_else(self, noise: str) -> None:
        for text in (noise, f"OCMF|{noise}|{SIGNATURE}", f"OCMF|{write_payload(PAYLOAD)}|{noise}"):
            try:
                read_record(text)
            except RecordUnreadable:
                continue

    @given(st.binary(max_size=200))
    def test_any_bytes(self, noise: bytes) -> None:
        with pytest.raises(RecordUnreadable):
            read_record(noise)


class TestReaderTolerates:
    def test_words_the_format_does_not_know(self) -> None:
        who = '"IL":"MAYBE","IT":"IRIS","IF":["EYE_LEFT"]'
        text = '{"FV":"2.7","PG":"T1",' + who + ',"RD":[{"TM":"2026-02-03T00:00:00.000Z Q","TX":"Q","ST":"Q","RU":"J"}]}'
        payload = read_record(record(text)).payload
        assert payload.identification is not None
        assert (payload.identification.level, payload.identification.type, payload.identification.flags) == ("MAYBE", "IRIS", ("EYE_LEFT",))
        reading = payload.readings[0]
        assert (reading.reason, reading.state, reading.unit, reading.time.state) == ("Q", "Q", "J", "Q")

    def test_a_version_that_is_a_number_and_a_charge_point_type_of_zero(self) -> None:
        payload = read_record(record('{"FV":0.1,"CT":0,"RD":[{"TM":"2026-02-03T00:00:00,000+0000"}]}')).payload
        assert (payload.version, payload.charge_point_type, payload.page) == ("0.1", None, None)
        assert payload.readings[0].time.state is None

    def test_vendor_members_stay(self) -> None:
        payload = read_record(record('{"X2":"evse","RD":[{"TM":"2026-02-03T00:00:00,000+0000 S","XV":99.84}]}')).payload
        assert payload.extensions == {"X2": "evse"}
        assert payload.readings[0].extensions == {"XV": Decimal("99.84")}


class TestInheritance:
    def test_a_reading_takes_what_it_leaves_out_from_the_one_before(self) -> None:
        first = '{"TM":"2026-02-03T00:00:00,000+0000 S","TX":"B","RV":1.0,"RI":"1-b:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"}'
        readings = read_record(
            record('{"RD":[' + first + ',{"TM":"2026-02-03T00:01:00,000+0000 S","TX":"C","RV":2.0},{"RV":3.0}]}')
        ).payload.readings
        assert [reading.reason for reading in readings] == [ReadingReason.BEGIN, ReadingReason.CHARGING, ReadingReason.CHARGING]
        assert {reading.obis for reading in readings} == {"1-b:1.8.0"}
        assert readings[2].time == readings[1].time
        assert readings[2].state is MeterState.GOOD

    def test_an_event_without_a_value_has_no_register(self) -> None:
        first = '{"TM":"2026-02-03T00:00:00,000+0000 S","TX":"B","RV":1.0,"RI":"1-b:1.8.0","RU":"kWh","EF":"","ST":"G"}'
        event = read_record(
            record('{"RD":[' + first + ',{"TM":"2026-02-03T00:01:00,000+0000 S","TX":"X","EF":"E","ST":"D"}]}')
        ).payload.readings[1]
        assert (event.value, event.obis, event.unit) == (None, None, None)


class TestTime:
    @pytest.mark.parametrize(
        ("text", "offset"),
        [("2018-07-24T13:22:04,000+0200 S", 120), ("2018-07-24T13:22:04,999-0330 R", -210), ("0999-01-01T00:00:00,000+0000 U", 0)],
    )
    def test_is_written_as_it_was_read(self, text: str, offset: int) -> None:
        time = OcmfTime.parse(text)
        assert time.when.utcoffset() == timedelta(minutes=offset)
        assert str(time) == text

    @given(
        st.datetimes(timezones=st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))), st.sampled_from(TimeState)
    )
    def test_keeps_its_milliseconds(self, when: datetime, state: TimeState) -> None:
        whole = when.replace(microsecond=when.microsecond // 1000 * 1000)
        assert OcmfTime.parse(str(OcmfTime(when, state))) == OcmfTime(whole, state)

    @pytest.mark.parametrize("state", ClockState)
    def test_says_how_far_the_clock_can_be_trusted(self, state: ClockState) -> None:
        time = OcmfTime.of(Stamp(0.0, datetime(2026, 1, 1, tzinfo=UTC), state), timezone(timedelta(hours=1)))
        assert str(time) == f"2026-01-01T01:00:00,000+0100 {state.value[0].upper()}"

    def test_without_a_zone_is_not_written(self) -> None:
        with pytest.raises(RecordInvalid, match="no zone"):
            str(OcmfTime(datetime(2026, 1, 1), TimeState.UNKNOWN))  # noqa: DTZ001


FULL = attrs.evolve(
    PAYLOAD,
    version="1.3",
    gateway="Gateway",
    gateway_serial="G1",
    gateway_version="1.0",
    meter_vendor="V",
    meter_model="M",
    meter_firmware="F",
    identification=Identification(
        assigned=True,
        level=IdentificationLevel.HEARSAY,
        flags=(IdentificationFlag.RFID_PLAIN, IdentificationFlag.OCPP_AUTH_TLS),
        type=IdentificationType.ISO14443,
        data="1F2D3A4F5506C7",
        tariff_text="0,49 €/kWh",
    ),
    controller_firmware="5.33.1",
    cable=CableLoss(name="cable", id=1, resistance=Decimal(2), unit=ResistanceUnit.MOHM),
    charge_point_type=ChargePointType.CBIDC,
    charge_point="STEVE_01 1",
    readings=(
        attrs.evolve(READING, obis="01-00:B3.08.00", current=CurrentType.DC, loss=Decimal(0)),
        attrs.evolve(
            READING, obis="01-00:B3.08.00", reason=ReadingReason.END, value=Decimal("1.5"), current=CurrentType.DC, loss=Decimal("0.02")
        ),
    ),
    extensions={"X1": "vendor", "Z": {"deep": [Decimal("1.0"), None, True]}},
)


class TestWriter:
    def test_every_field_comes_back(self) -> None:
        assert read_record(record(write_payload(FULL))).payload == FULL

    def test_another_implementation_reads_every_field_strictly(self) -> None:
        theirs = pyocmf.OCMF.from_string(
            record(write_payload(FULL), '{"SA":"ECDSA-secp256r1-SHA256","SD":"3006020101020101"}'), strict=True
        ).payload
        assert (theirs.FV, theirs.GI, theirs.GS, theirs.GV, theirs.PG) == ("1.3", "Gateway", "G1", "1.0", "T7")
        assert (theirs.MV, theirs.MM, theirs.MS, theirs.MF, theirs.CF) == ("V", "M", "M1", "F", "5.33.1")
        assert (theirs.IS, theirs.IL, theirs.IF, theirs.IT, theirs.ID) == (
            True,
            "HEARSAY",
            ["RFID_PLAIN", "OCPP_AUTH_TLS"],
            "ISO14443",
            "1F2D3A4F5506C7",
        )
        assert (theirs.TT, theirs.CT, theirs.CI) == ("0,49 €/kWh", "CBIDC", "STEVE_01 1")
        assert ("cable", 1, Decimal(2), "mOhm") == (theirs.LC.LN, theirs.LC.LI, theirs.LC.LR, theirs.LC.LU)
        assert [(str(reading.RI), reading.RU, reading.RV, reading.CL) for reading in theirs.RD] == [
            ("01-00:B3.08.00", "kWh", Decimal("0.2000"), Decimal(0)),
            ("01-00:B3.08.00", "kWh", Decimal("1.5"), Decimal("0.02")),
        ]

    @pytest.mark.parametrize(
        ("payload", "why"),
        [
            (attrs.evolve(PAYLOAD, version="1.4"), "not written"),
            (attrs.evolve(PAYLOAD, version="2.0"), "not written"),
            (attrs.evolve(PAYLOAD, version=None), "not written"),
            (attrs.evolve(PAYLOAD, page=None), "page"),
            (attrs.evolve(PAYLOAD, page=Page(PageContext.TRANSACTION, -1)), "page"),
            (attrs.evolve(PAYLOAD, meter_serial=None), "serial number"),
            (attrs.evolve(PAYLOAD, readings=()), "needs a reading"),
            (attrs.evolve(PAYLOAD, identification=None), "exactly when there is a transaction"),
            (attrs.evolve(PAYLOAD, page=Page(PageContext.FISCAL, 1)), "exactly when there is a transaction"),
            (attrs.evolve(PAYLOAD, gateway="a|b"), "pipe"),
            (attrs.evolve(PAYLOAD, gateway="\ud800"), "Unicode"),
            (attrs.evolve(PAYLOAD, controller_firmware="x" * 26), "26 characters"),
            (attrs.evolve(PAYLOAD, cable=CableLoss(name="only")), "resistance"),
            (attrs.evolve(PAYLOAD, cable=CableLoss(name="x" * 21, resistance=Decimal(1), unit=ResistanceUnit.MOHM)), "21 characters"),
            (attrs.evolve(PAYLOAD, charge_point="DE*1"), "charge point"),
            (attrs.evolve(PAYLOAD, charge_point_type=ChargePointType.CBIDC, charge_point="nospace"), "one blank"),
            (attrs.evolve(PAYLOAD, extensions={"GI": "again"}), "letters U to Z"),
            (attrs.evolve(PAYLOAD, extensions={"X": 1.5}), "Decimal"),
            (with_identification(assigned=None), "needs IS"),
            (with_identification(data="x" * 41), "41 characters"),
            (with_identification(tariff_text="x" * 251), "251 characters"),
            (with_identification(flags=(IdentificationFlag.RFID_NONE, IdentificationFlag.RFID_PLAIN)), "at most one"),
            (with_identification(type=IdentificationType.ISO14443, data="123"), "4 or 7 bytes"),
            (with_identification(type=IdentificationType.EMAID, data="DE-TNM-123"), "14 or 15"),
            (with_identification(type=IdentificationType.PHONE_NUMBER, data="0170"), "leading"),
            (with_reading(reason=None), "exactly when"),
            (with_reading(obis=None), "go together"),
            (with_reading(value=None), "value"),
            (with_reading(value=None, obis=None, unit=None), "event"),
            (with_reading(errors="x"), "error flags"),
            (with_reading(errors=None), "error flags"),
            (with_reading(state=None), "state"),
            (with_reading(loss=Decimal(0)), "accumulation"),
            (with_reading(loss=Decimal(1), obis="01-00:B1.08.00"), "zero at the begin"),
            (with_reading(extensions={"RV": "again"}), "letters U to Z"),
            (attrs.evolve(PAYLOAD, readings=(attrs.evolve(READING, current=CurrentType.AC), READING)), "inherit"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_refuses_what_a_verifier_would_stumble_over(self, payload: OcmfPayload, why: str) -> None:
        with pytest.raises(RecordInvalid, match=why):
            write_payload(payload)

    @given(st.text(max_size=60))
    def test_any_text_of_a_user_can_be_made_plain(self, text: str) -> None:
        shown = plain_text(text, 40)
        payload = attrs.evolve(PAYLOAD, gateway=shown)
        assert read_record(record(write_payload(payload))).payload.gateway == shown
