"""Files and records as other programs write them: the shape may differ, the evidence may not."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cc613hal.ocmf import Checker, Curve, FindingCode, PublicKey, RecordUnreadable, Status, TransactionVerdict, read_record, read_values

KEY = ec.derive_private_key(int.from_bytes(hashlib.sha256(b"files of others").digest(), "big") >> 8, ec.SECP256R1())
DER = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
POINT = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
COMPRESSED = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

BEGIN = '{"TM":"2026-03-01T08:00:00,000+0100 S","TX":"B","RV":100.000,"RI":"1-b:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"}'
END = '{"TM":"2026-03-01T09:30:00,000+0100 S","TX":"E","RV":129.500,"RI":"1-b:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"}'
WHO = '"IS":true,"IL":"HEARSAY","IF":["RFID_PLAIN"],"IT":"ISO14443","ID":"1F2D3A4F"'
PAYLOAD = f'{{"FV":"1.2","GI":"Other","GS":"O-1","GV":"2","PG":"T7","MV":"X","MS":"M-1",{WHO},"RD":[{BEGIN},{END}]}}'


def signature(payload: str) -> bytes:
    return KEY.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))


def bare(payload: str) -> bytes:
    r, s = utils.decode_dss_signature(signature(payload))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signed(payload: str = PAYLOAD, section: str | None = None) -> str:
    return f"OCMF|{payload}|" + (section or json.dumps({"SA": "ECDSA-secp256r1-SHA256", "SD": signature(payload).hex().upper()}))


def judged(data: bytes | str, *keys: PublicKey) -> tuple[Status, list[str | None], set[FindingCode]]:
    """The verdict on a file, the charges' energies, and what was found."""
    checker = Checker(keys)
    verdicts = list(checker.check(read_values(io.BytesIO(data.encode() if isinstance(data, str) else data))))
    energies = [str(each.energy_wh) if each.energy_wh is not None else None for each in verdicts if isinstance(each, TransactionVerdict)]
    return checker.summary.status, energies, {finding.code for each in verdicts for finding in each.findings}


def container(record: str, key: str = DER.hex(), *, data: str = "", attributes: str = "") -> str:
    return f"<values><value{attributes}><signedData{data}>{escape(record)}</signedData><publicKey>{key}</publicKey></value></values>"


WHOLE = (Status.VERIFIED, ["29500"])
TRUSTED = PublicKey.from_der(DER)


class TestContainers:
    @pytest.mark.parametrize(
        "text",
        [
            container(signed()),
            "\ufeff" + container(signed()),
            '<?xml version="1.0"?>\n' + container(signed()),
            '<?xml version="1.0" encoding="us-ascii" standalone="yes"?>' + container(signed()),
            '<?xml version="1.0" encoding="windows-1252"?>' + container(signed()),
            "\n\n  " + container(signed()) + "\n\n",
            container(signed(), data=' format="OCMF" encoding="plain"'),
            container(signed(), data=' FORMAT="ocmf" Encoding="PLAIN"'),
            container(signed(), data=' format="" encoding=""'),
            container("\n\t " + signed() + "\r\n", data=' format="OCMF"'),
            container(signed().encode().hex(), data=' format="OCMF" encoding="hex"'),
            container(signed().encode().hex(" "), data=' encoding="HEX"'),
            container(signed().encode().hex()),
            container(base64.b64encode(signed().encode()).decode(), data=' format="OCMF" encoding="base64"'),
            container(base64.encodebytes(signed().encode()).decode(), data=' encoding="Base64"'),
            container(base64.b32encode(signed().encode()).decode(), data=' format="OCMF" encoding="base32"'),
            container(signed(), attributes=' transactionId="7" context="Transaction.End"'),
            container(signed(), attributes=' TransactionID="7"'),
            container(signed()).replace("signedData", "encodedData"),
            container(signed()).replace("<", "<safe:").replace("<safe:/", "</safe:").replace("<safe:values", '<safe:values xmlns:safe="x"'),
            container(signed()).replace("<values>", '<values xmlns="http://example.org/values" version="1">'),
            container(signed()).replace("values>", "Values>").replace("signedData", "SignedData").replace("publicKey", "PublicKey"),
            f"<values><value><signedData><![CDATA[{signed()}]]></signedData><publicKey><![CDATA[{DER.hex()}]]></publicKey></value></values>",
            container(signed()).replace("<value>", "<!-- made by other --><value><?other?>"),
            container(signed()).replace(
                "</value>", "<chargingStation><EVSE id='1'/><publicKeyOf>x</publicKeyOf></chargingStation></value>"
            ),
            container(signed()).removeprefix("<values>").removesuffix("</values>"),
            f"<signedData>{escape(signed())}</signedData>\n<publicKey>{DER.hex()}</publicKey>",
            container(signed()) + "\n\n72641\nsome words behind the end",
            container(signed()).replace("values>", "current>"),
            f"<values><value><publicKey>{DER.hex()}</publicKey><signedData>{escape(signed())}</signedData></value></values>",
        ],
    )
    def test_of_any_shape_are_read(self, text: str) -> None:
        assert judged(text)[:2] == WHOLE

    @pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-15", "cp1252"])
    def test_in_any_encoding_that_they_declare(self, codec: str) -> None:
        declared = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "cp1252": "windows-1252"}.get(codec, codec)
        payload = PAYLOAD.replace('"MV":"X"', '"MV":"Zähler"')
        text = f'<?xml version="1.0" encoding="{declared}"?>{container(signed(payload))}'
        mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(codec, b"")
        assert judged(mark + text.encode(codec))[:2] == WHOLE

    @pytest.mark.parametrize(
        "key",
        [
            DER.hex().upper(),
            DER.hex(" "),
            DER.hex(":"),
            DER.hex(" ", 2),
            f"\n   {DER.hex()[:60]}\n   {DER.hex()[60:]}\n",
            "0x" + DER.hex(),
            base64.b64encode(DER).decode(),
            base64.encodebytes(DER).decode(),
            base64.urlsafe_b64encode(DER).decode().rstrip("="),
            base64.b32encode(DER).decode(),
            POINT.hex(),
            POINT[1:].hex(),
            COMPRESSED.hex(),
            base64.b64encode(POINT).decode(),
            PEM,
            base64.b64encode(f"oca:base16:asn1:{DER.hex(' ')}".encode()).decode(),
            base64.b64encode(f"oca:base64:asn1:{base64.b64encode(DER).decode()}".encode()).decode(),
            f"oca:base16:asn1:{DER.hex().upper()}",
            base64.b64encode(DER.hex().encode()).decode(),
        ],
    )
    def test_the_key_may_be_spelt_in_many_ways(self, key: str) -> None:
        assert judged(container(signed(), key))[:2] == WHOLE
        assert judged(container(signed(), key), TRUSTED)[:2] == WHOLE

    def test_two_keys_or_two_data_are_not_guessed_about(self) -> None:
        for name in ("signedData", "publicKey"):
            with pytest.raises(RecordUnreadable, match="twice"):
                judged(container(signed()).replace(f"</{name}>", f"</{name}><{name}>x</{name}>"))

    def test_a_fragment_without_a_key_asks_for_it_and_takes_the_trusted_one(self) -> None:
        fragment = f'<signedData transactionId="7">{escape(signed())}</signedData>'
        assert judged(fragment)[0] is Status.NO_KEY
        assert judged(fragment, TRUSTED)[:2] == WHOLE


class TestBareRecords:
    @pytest.mark.parametrize(
        "text",
        [
            signed() + "\n",
            "\ufeff" + signed(),
            f'"{signed()}"'.replace('"OCMF', '"OCMF'),
            json.dumps(signed()),
            signed().encode().hex(),
            signed().encode().hex().upper() + "\r\n",
            signed() + "|" + DER.hex(),
            signed() + "\n" + DER.hex() + "\n",
            signed() + "\n\n\nPublic key:\n" + DER.hex() + "\n",
            signed() + "\r\npublicKey: " + base64.b64encode(DER).decode(),
            json.dumps(
                {"signedMeterValue": base64.b64encode(signed().encode()).decode(), "encodingMethod": "OCMF", "publicKey": DER.hex()}
            ),
            json.dumps({"signedMeterData": signed(), "publicKey": base64.b64encode(DER).decode()}, indent=2),
        ],
    )
    def test_of_any_shape_are_read(self, text: str) -> None:
        assert judged(text, TRUSTED)[:2] == WHOLE

    @pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig"])
    def test_as_editors_save_them(self, codec: str) -> None:
        assert judged((signed() + "\r\n").encode(codec), TRUSTED)[:2] == WHOLE

    def test_a_text_that_only_says_it_is_utf_16_is_refused(self) -> None:
        with pytest.raises(RecordUnreadable, match="UTF-16"):
            judged(b"\xff\xfe\x00\xd8\x00")

    def test_a_key_on_its_own_line_is_used_and_named(self) -> None:
        status, energies, codes = judged(f"{signed()}\n{DER.hex()}\n")
        assert (status, energies) == WHOLE
        assert FindingCode.KEY_FROM_FILE in codes

    def test_pretty_printed_payloads_are_signed_as_they_stand(self) -> None:
        pretty = json.dumps(json.loads(PAYLOAD), indent=2)
        assert judged(signed(pretty) + "\n" + signed(pretty.replace("T7", "T8")), TRUSTED)[:2] == (Status.VERIFIED, ["29500", "29500"])

    def test_a_stop_transaction_of_ocpp_16_is_a_file_too(self) -> None:
        single = [(PAYLOAD.replace(f"{BEGIN},{END}", part).replace("T7", page)) for part, page in ((BEGIN, "T7"), (END, "T8"))]
        contexts = ("Transaction.Begin", "Transaction.End")
        values = [
            {
                "timestamp": "2026-03-01T07:00:00Z",
                "sampledValue": [{"value": "1"}, {"value": value, "format": "SignedData", "context": context}],
            }
            for context, value in zip(
                contexts,
                (
                    signed(single[0]),
                    json.dumps({"signedMeterData": base64.b64encode(signed(single[1]).encode()).decode(), "publicKey": DER.hex()}),
                ),
                strict=True,
            )
        ]
        message = [2, "id", "StopTransaction", {"transactionId": 4711, "meterStop": 5, "transactionData": values}]
        for text in (json.dumps(message), json.dumps(message, indent=1)):
            assert judged(text, TRUSTED)[:2] == WHOLE

    def test_json_without_records_is_unreadable_not_verified(self) -> None:
        assert judged('{"a": 1}')[0] is Status.UNREADABLE
        assert judged("[]")[0] is Status.UNREADABLE
        assert judged('{"a": 1,\n')[0] is Status.UNREADABLE


class TestPayloads:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("100.000", '"100.000"'),
            ("100.000", '"     100.000"'),
            ("129.500", "1.2950e2"),
            ('"IS":true', '"IS":"true"'),
            ('"IS":true', '"IS":1'),
            ('"IF":["RFID_PLAIN"]', '"IF":"RFID_PLAIN"'),
            ('"IF":["RFID_PLAIN"]', '"IF":"RFID_PLAIN,OCPP_NONE"'),
            ('"IF":["RFID_PLAIN"],', ""),
            ('"IF":["RFID_PLAIN"]', '"IF":null'),
            ('"IL":"HEARSAY",', ""),
            ('"FV":"1.2",', ""),
            ('"FV":"1.2"', '"FV":1.0'),
            ('"FV":"1.2"', '"FV":"0.4"'),
            ('"GS":"O-1"', '"GS":4711'),
            ('"MV":"X",', ""),
            ('"PG":"T7"', '"PG":"T007"'),
            ('"RT":"AC",', ""),
            ('"EF":"",', ""),
            ("08:00:00,000", "08:00:00.000"),
            ("08:00:00,000", "08:00:00"),
            ("08:00:00,000", "08:00:00,123456"),
            ("+0100 S", "+01:00 S"),
            ("+0100 S", "+0100S"),
            ('"RD"', '"U1":{"x":[1,2]},"RD"'),
            ('"RI":"1-b:1.8.0"', '"RI":"1-0:1.8.0*255"'),
            ('"RI":"1-b:1.8.0"', '"RI":"01-00:B1.08.00*FF"'),
            ('"RI":"1-b:1.8.0"', '"RI":"1-0:1.8.0*198"'),
        ],
    )
    def test_of_other_dialects_are_read(self, old: str, new: str) -> None:
        assert old in PAYLOAD
        assert judged(signed(PAYLOAD.replace(old, new)), TRUSTED)[:2] == WHOLE

    def test_in_any_order_of_their_members(self) -> None:
        members = json.loads(PAYLOAD)
        turned = json.dumps(dict(reversed(members.items())))
        assert judged(signed(turned), TRUSTED)[:2] == WHOLE

    def test_readings_register_by_register(self) -> None:
        other = [part.replace("1.8.0", "2.8.0").replace("100.000", "5").replace("129.500", "5") for part in (BEGIN, END)]
        assert judged(signed(PAYLOAD.replace(END, ",".join((END, *other)))), TRUSTED)[:2] == WHOLE

    def test_a_duration_in_a_unit_of_its_own_does_not_hurt(self) -> None:
        duration = END.replace("129.500", '"  5400"').replace("1-b:1.8.0", "01-00:00.08.06.FF").replace("kWh", "sec")
        assert judged(signed(PAYLOAD.replace(END, f"{END},{duration}")), TRUSTED)[:2] == WHOLE

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ('"RU":"kWh"', '"RU":"MWh"', FindingCode.UNKNOWN_WORD),
            ('"ST":"G"', '"ST":"E"', FindingCode.METER_STATE),
            ('"EF":""', '"EF":"E"', FindingCode.ENERGY_ERROR),
            ("129.500", "99.9", FindingCode.ENERGY_BACKWARDS),
            ("09:30:00", "07:30:00", FindingCode.TIME_BACKWARDS),
            ("+0100 S", "+0100 U", FindingCode.TIME_UNKNOWN),
            ("+0100 S", "+0100", FindingCode.TIME_UNKNOWN),
            ('"PG":"T7",', "", FindingCode.NO_PAGE),
            ('"IL":"HEARSAY"', '"IL":"MISMATCH"', FindingCode.LEVEL_ERROR),
            ('"RV":129.500,', "", FindingCode.ENERGY_MISSING),
        ],
    )
    def test_a_dialect_is_no_excuse_for_bad_evidence(self, old: str, new: str, code: FindingCode) -> None:
        status, energies, codes = judged(signed(PAYLOAD.replace(old, new)), TRUSTED)
        assert status is Status.REFUSED
        assert energies == [None]
        assert code in codes


class TestSignatureSections:
    @pytest.mark.parametrize(
        "section",
        [
            {"SD": signature(PAYLOAD).hex()},
            {"SD": signature(PAYLOAD).hex().upper(), "SE": "HEX"},
            {"SD": signature(PAYLOAD).hex(" "), "SE": "hex"},
            {"SD": "0x" + signature(PAYLOAD).hex()},
            {"SD": base64.b64encode(signature(PAYLOAD)).decode(), "SE": "base64"},
            {"SD": base64.b64encode(signature(PAYLOAD)).decode().rstrip("="), "SE": "Base64"},
            {"SD": base64.b64encode(signature(PAYLOAD)).decode()},
            {"SD": bare(PAYLOAD).hex()},
            {"SD": base64.b64encode(bare(PAYLOAD)).decode(), "SE": "base64"},
            {"SD": signature(PAYLOAD).hex(), "SA": "ECDSA-SECP256R1-SHA256"},
            {"SD": signature(PAYLOAD).hex(), "SA": "ecdsa-secp256r1-sha256"},
            {"SD": signature(PAYLOAD).hex(), "SA": "ECDSA-prime256v1-SHA256"},
            {"SD": signature(PAYLOAD).hex(), "SA": ""},
            {"SD": signature(PAYLOAD).hex(), "SM": "application/x-der", "SA": "ECDSA-secp256r1-SHA256", "SE": "hex"},
            {"SM": "", "SD": signature(PAYLOAD).hex()},
            {"SD": signature(PAYLOAD).hex(), "UX": "vendor"},
        ],
    )
    def test_of_other_dialects_are_read(self, section: dict[str, str]) -> None:
        assert judged(signed(section=json.dumps(section)), TRUSTED)[:2] == WHOLE

    def test_bare_numbers_are_noted(self) -> None:
        record = signed(section=json.dumps({"SD": bare(PAYLOAD).hex()}))
        assert FindingCode.SIGNATURE_BARE in judged(record, TRUSTED)[2]

    @pytest.mark.parametrize("wrong", ["", "zz", "00", "3006020101020101", "ff" * 32, "ff" * 64, "00" * 64])
    def test_no_signature_is_none(self, wrong: str) -> None:
        assert judged(signed(section=json.dumps({"SD": wrong})), TRUSTED)[0] in {Status.REFUSED, Status.UNREADABLE}

    @pytest.mark.parametrize(
        "curve", [each for each in Curve if each not in {Curve.SECP192K1, Curve.SECP521R1}], ids=lambda curve: curve.value
    )
    def test_a_der_number_without_its_zero_byte_is_the_same_number(self, curve: Curve) -> None:
        from cc613hal.ocmf.signatures import openssl_curve

        openssl = openssl_curve(curve)
        assert openssl is not None
        key = ec.generate_private_key(openssl)
        public = PublicKey.from_der(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        r, s = utils.decode_dss_signature(key.sign(PAYLOAD.encode(), ec.ECDSA(hashes.SHA256())))
        half = curve.scalar_bytes
        numbers = b"".join(bytes([2, half]) + number.to_bytes(half, "big") for number in (r, s))
        sequence = bytes([0x30, len(numbers)]) + numbers
        record = signed(section=json.dumps({"SA": f"ECDSA-{curve.value}-SHA256", "SD": sequence.hex()}))
        assert judged(record, public)[:2] == WHOLE


def test_the_public_file_of_two_fragments_is_read_with_its_key() -> None:
    text = (Path(__file__).parent / "samples" / "ocmf-compleo-daten.xml").read_text()
    key = PublicKey.from_text(text.rstrip().rpartition("\n")[2])
    assert judged(text, key)[:2] == (Status.VERIFIED, ["268", "266"])
    assert judged(text)[0] is Status.NO_KEY


def test_what_is_kept_of_a_dialect_is_its_text() -> None:
    assert read_record(signed(PAYLOAD.replace("T7", "T007"))).payload_text.count("T007") == 1


SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize(
    "sample", ["NewEHZSML.xml", "edl-40-01.xml", "edl-40-02.xml", "isa-edl-40p-ok.xml", "alfen-begin.txt", "valid2.pcdf"]
)
@pytest.mark.parametrize("told", [True, False], ids=["format", "no-format"])
@pytest.mark.parametrize("spelling", ["bytes", "text"])
def test_records_of_other_formats_inside_ocpp(sample: str, told: bool, spelling: str) -> None:
    """A meter that signs no OCMF sends its record over OCPP all the same: its bytes in base64, or their hexadecimal digits."""
    with (SAMPLES / sample).open("rb") as stream:
        values = list(read_values(stream))
    plain = list(Checker().check(iter(values)))
    evidence = [verdict.evidence for verdict in plain if hasattr(verdict, "evidence") and verdict.evidence is not None]
    if not told and evidence[0].edl is None:
        pytest.skip("what a text is, its name says")
    messages = []
    for value, found in zip(values, evidence, strict=True):
        content = value.content()
        data = content.hex().upper().encode() if spelling == "text" and found.edl is not None else content
        key = value.key
        if key:
            point = PublicKey.from_text(key, found.key_curves)
            key = base64.b64encode(f"oca:base16:asn1:{point.hex}".encode()).decode()
        members = {"signedMeterData": base64.b64encode(data).decode(), "signingMethod": "", "publicKey": key}
        members["encodingMethod"] = found.format.value if told else ""
        messages.append({"value": json.dumps(members), "format": "SignedData", "context": value.context or "Other"})
    document = [2, "1", "MeterValues", {"meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": messages}]}]
    again = list(Checker().check(read_values(io.BytesIO(json.dumps(document).encode()))))
    before = [verdict.status for verdict in plain if not isinstance(verdict, TransactionVerdict)]
    assert [verdict.status for verdict in again if not isinstance(verdict, TransactionVerdict)] == before


@pytest.mark.parametrize("digits", [str.upper, str.lower])
def test_a_record_in_hexadecimal_digits(digits: Callable[[str], str]) -> None:
    """As a line of a file, and as the value of a message of OCPP 1.6."""
    text = digits(signed(PAYLOAD).encode().hex())
    document = json.dumps({"sampledValue": [{"value": text, "format": "SignedData", "context": "Transaction.End"}]})
    for content in (f"{text}\n{DER.hex()}\n", document):
        checker = Checker([PublicKey.from_der(DER)])
        list(checker.check(read_values(io.BytesIO(content.encode()))))
        assert checker.summary.status is Status.VERIFIED


@pytest.mark.parametrize(
    "data", ["", "####", "AAAA", base64.b64encode(b"\x1b\x1b\x1b\x1b\x01\x01").decode(), base64.b64encode(b"\x76").decode()]
)
def test_an_object_of_ocpp_that_holds_no_record(data: str) -> None:
    document = json.dumps({"signedMeterData": data, "encodingMethod": "EDL_40_P", "publicKey": ""})
    checker = Checker()
    list(checker.check(read_values(io.BytesIO(document.encode()))))
    assert checker.summary.status is Status.UNREADABLE
