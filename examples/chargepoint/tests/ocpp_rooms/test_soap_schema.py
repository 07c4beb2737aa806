"""Messages of OCPP 1.5 and 1.6 as XML: every operation both ways, valid by the schema, and what is not is refused in words."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.ocpp import soap
from cc613_chargepoint.ocpp.messages import decoded, encoded, v16
from cc613_chargepoint.ocpp.soap import Schema, Service, SoapInvalid, from_15, schema_of, to_15
from cc613_chargepoint.ocpp.soap.schema import _Type
from cc613_chargepoint.ocpp.soap.xml import etree, parsed, serialised

WSDL = Path(soap.__file__).parent / "wsdl"
AS_PUBLISHED = {
    "OCPP_CentralSystemService_1.5.wsdl": "60aa22050e9e25d6",
    "OCPP_ChargePointService_1.5.wsdl": "ebbc1be59c3dc62c",
    "OCPP_CentralSystemService_1.6.wsdl": "7362c69bb8dcb62e",
    "OCPP_ChargePointService_1.6.wsdl": "f01cbe77d6f49e4d",
}
OPERATIONS = [(service, action) for service in Service for action in schema_of(service).actions]
IDS = [f"{service.name}-{action}" for service, action in OPERATIONS]


def test_the_descriptions_are_shipped_as_they_were_published() -> None:
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in WSDL.glob("*.wsdl")} == AS_PUBLISHED
    assert (WSDL / "NOTICE.md").exists()


def test_every_operation_is_known() -> None:
    assert {service.name: len(schema_of(service).actions) for service in Service} == {
        "CENTRAL_15": 10,
        "STATION_15": 15,
        "CENTRAL_16": 10,
        "STATION_16": 19,
    }


def enumerations(service: Service) -> dict[str, list[str]]:
    root = etree().fromstring((WSDL / service.value).read_bytes())
    space = "{http://www.w3.org/2001/XMLSchema}"
    return {kind.get("name"): [each.get("value") for each in kind.iter(f"{space}enumeration")] for kind in root.iter(f"{space}simpleType")}


def contents(schema: Schema, kind: str | _Type, words: dict[str, list[str]], name: str = "") -> st.SearchStrategy[Any]:
    """Any content that the schema allows."""
    resolved = schema._resolved(kind)
    if isinstance(resolved, _Type):
        if resolved.base:
            parts = {each: st.sampled_from(words[of]) for each, of in resolved.attributes.items()}
            return st.fixed_dictionaries({"value": TEXT}, optional=parts)
        required: dict[str, Any] = {}
        optional: dict[str, Any] = {}
        for child in resolved.children.values():
            inner = contents(schema, child.type, words, child.name)
            if child.many:
                inner = st.lists(inner, min_size=1, max_size=3)
            (required if child.required else optional)[child.name] = inner
        return st.fixed_dictionaries(required, optional=optional)
    if isinstance(kind, str) and words.get(kind):
        return st.sampled_from(words[kind])
    return {
        "int": st.integers(-(2**31), 2**31 - 1),
        "boolean": st.booleans(),
        "decimal": st.integers(0, 800).map(lambda tenths: tenths / 10),
        "dateTime": st.integers(946_684_800, 4_102_444_800).map(
            lambda at: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.250Z")
        ),
        "anyURI": st.sampled_from(["ftp://files.example/a", "https://files.example/b?c=d"]),
    }.get(resolved, TEXT)


TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=20)


@pytest.mark.parametrize(("service", "action"), OPERATIONS, ids=IDS)
@pytest.mark.parametrize("answer", [False, True], ids=["request", "response"])
def test_whatever_the_schema_allows_comes_back_as_it_went(service: Service, action: str, answer: bool) -> None:
    schema = schema_of(service)
    name = schema._name(action, answer=answer)

    @settings(max_examples=8, deadline=None)
    @given(contents(schema, schema._elements[name], enumerations(service)))
    def both_ways(content: dict[str, Any]) -> None:
        document = serialised(schema.element(action, content, answer=answer))
        assert schema.payload(parsed(document), action, answer=answer) == content

    both_ways()


OF_16 = [(service, action) for service, action in OPERATIONS if service in {Service.CENTRAL_16, Service.STATION_16}]


@pytest.mark.parametrize(("service", "action"), OF_16, ids=[f"{service.name}-{action}" for service, action in OF_16])
@pytest.mark.parametrize("answer", [False, True], ids=["request", "response"])
def test_what_has_come_over_soap_is_what_would_have_come_as_json(service: Service, action: str, answer: bool) -> None:
    schema = schema_of(service)
    kind = getattr(v16, f"{action}Response" if answer else action)

    @settings(max_examples=8, deadline=None)
    @given(contents(schema, schema._elements[schema._name(action, answer=answer)], enumerations(service)))
    def both_ways(content: dict[str, Any]) -> None:
        if action == "MeterValues" and not answer:
            content.setdefault("meterValue", [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": "1"}]}])  # JSON needs one
        schema.element(action, encoded(decoded(kind, content)), answer=answer)

    both_ways()


CENTRAL = schema_of(Service.CENTRAL_16)
BOOT = {"chargePointVendor": "Bender", "chargePointModel": "CC613"}


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("action", "content", "why"),
        [
            ("Nonsense", {}, "no operation Nonsense"),
            ("BootNotification", {}, "chargePointVendor"),
            ("BootNotification", {**BOOT, "colour": "red"}, "has no colour"),
            ("BootNotification", {**BOOT, "chargePointVendor": "x" * 21}, "length"),
            ("BootNotification", {**BOOT, "chargePointVendor": 7}, "no text"),
            ("BootNotification", {**BOOT, "chargePointVendor": "\x00"}, "cannot hold"),
            ("BootNotification", {**BOOT, "chargePointVendor": ["x"]}, "one value was expected"),
            ("Authorize", {"idTag": None}, "idTag"),
            ("StatusNotification", {"connectorId": "1", "status": "Available", "errorCode": "NoError"}, "no whole number"),
            ("StatusNotification", {"connectorId": True, "status": "Available", "errorCode": "NoError"}, "no whole number"),
            ("StatusNotification", {"connectorId": 1, "status": "Open", "errorCode": "NoError"}, "status"),
            ("StatusNotification", {"connectorId": 2**40, "status": "Available", "errorCode": "NoError"}, "connectorId"),
            ("MeterValues", {"connectorId": 1, "meterValue": {}}, "a list was expected"),
            ("MeterValues", {"connectorId": 1, "meterValue": ["x"]}, "a dictionary was expected"),
            ("StartTransaction", {"connectorId": 1, "idTag": "x", "meterStart": 1, "timestamp": "yesterday"}, "timestamp"),
        ],
    )
    def test_it_is_not_sent(self, action: str, content: dict[str, Any], why: str) -> None:
        with pytest.raises(SoapInvalid, match=why):
            CENTRAL.element(action, content)

    @pytest.mark.parametrize(
        ("inside", "why"),
        [
            ("<status>Accepted</status>", "currentTime|interval"),
            ("<status>Fine</status><currentTime>2026-01-01T00:00:00Z</currentTime><interval>1</interval>", "status"),
            ("<status>Accepted</status><currentTime>now</currentTime><interval>1</interval>", "currentTime"),
            ("<status>Accepted</status><currentTime>2026-01-01T00:00:00Z</currentTime><interval>1</interval><more/>", "more"),
            ("<status>Accepted</status><currentTime>2026-01-01T00:00:00Z</currentTime><interval>1.5</interval>", "interval"),
        ],
    )
    def test_it_is_not_taken(self, inside: str, why: str) -> None:
        body = parsed(f'<bootNotificationResponse xmlns="urn://Ocpp/Cs/2015/10/">{inside}</bootNotificationResponse>'.encode())
        with pytest.raises(SoapInvalid, match=why):
            CENTRAL.payload(body, "BootNotification", answer=True)

    def test_another_message_is_not_taken_for_it(self) -> None:
        for body in (b'<heartbeatResponse xmlns="urn://Ocpp/Cs/2015/10/"/>', b'<authorizeResponse xmlns="urn://other/"/>'):
            with pytest.raises(SoapInvalid, match="was expected"):
                CENTRAL.payload(parsed(body), "Authorize", answer=True)


def test_elements_that_say_they_are_nil_are_not_there() -> None:
    body = parsed(
        b'<x:authorizeResponse xmlns:x="urn://Ocpp/Cs/2015/10/" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><x:idTagInfo>'
        b'<x:status i:nil="false">Accepted</x:status><x:expiryDate i:nil="true"/><x:parentIdTag i:nil="1"/>'
        b"</x:idTagInfo></x:authorizeResponse>"
    )
    assert CENTRAL.payload(body, "Authorize", answer=True) == {"idTagInfo": {"status": "Accepted"}}


def test_meter_values_of_the_older_version_have_attributes() -> None:
    content = {
        "connectorId": 1,
        "values": [
            {"timestamp": "2026-01-01T00:00:00Z", "value": [{"value": "12", "unit": "Wh", "context": "Sample.Clock"}, {"value": "3"}]}
        ],
    }
    older = schema_of(Service.CENTRAL_15)
    document = serialised(older.element("MeterValues", content))
    assert b'context="Sample.Clock"' in document
    assert older.payload(parsed(document), "MeterValues") == content


class TestXml:
    BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'

    @pytest.mark.parametrize(
        "document",
        [
            b"",
            b"nonsense",
            b"<x>",
            b"<x></y>",
            BOMB,
            b'<!DOCTYPE x SYSTEM "http://evil.example/x.dtd"><x/>',
            b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
            b'<?xml version="1.0" encoding="no-such"?><x/>',
            '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16"),
            b"<x>&unknown;</x>",
            b"<x>" * 5000 + b"</x>" * 5000,
            b"<x>" + b"a" * 1_100_000 + b"</x>",
            b"\xff\xfe\x00",
        ],
        ids=lambda document: f"{len(document)} bytes",
    )
    def test_what_is_dangerous_or_none_is_refused(self, document: bytes) -> None:
        with pytest.raises(SoapInvalid):
            parsed(document)

    def test_comments_and_instructions_are_not_seen(self) -> None:
        root = parsed(b"<?go?><!-- a --><x>1<!-- b -->2<?c?>3</x>")
        assert root.text == "123"


OF_15 = [(older, newer, action) for older, newer in ((Service.CENTRAL_15, Service.CENTRAL_16), (Service.STATION_15, Service.STATION_16))
         for action in schema_of(older).actions]  # fmt: skip
IDS_15 = [f"{older.name}-{action}" for older, _, action in OF_15]


class TestDialect:
    @pytest.mark.parametrize(("older", "newer", "action"), OF_15, ids=IDS_15)
    def test_whatever_the_station_says_in_1_6_is_valid_in_1_5_or_unsaid(self, older: Service, newer: Service, action: str) -> None:
        answer = older is Service.STATION_15  # it asks the central system and answers to it
        schema = schema_of(newer)

        @settings(max_examples=25, deadline=None)
        @given(contents(schema, schema._elements[schema._name(action, answer=answer)], enumerations(newer)))
        def said(content: dict[str, Any]) -> None:
            told = to_15(action, content, answer=answer)
            if told is not None:
                schema_of(older).element(action, told, answer=answer)

        said()

    @pytest.mark.parametrize(("older", "newer", "action"), OF_15, ids=IDS_15)
    def test_whatever_a_central_system_says_in_1_5_is_valid_in_1_6(self, older: Service, newer: Service, action: str) -> None:
        answer = older is Service.CENTRAL_15
        schema = schema_of(older)

        @settings(max_examples=25, deadline=None)
        @given(contents(schema, schema._elements[schema._name(action, answer=answer)], enumerations(older)))
        def heard(content: dict[str, Any]) -> None:
            schema_of(newer).element(action, from_15(action, content, answer=answer), answer=answer)

        heard()

    @pytest.mark.parametrize(
        ("status", "older"),
        [("Available", "Available"), ("Preparing", "Occupied"), ("Charging", "Occupied"), ("SuspendedEV", "Occupied"),
         ("SuspendedEVSE", "Occupied"), ("Finishing", "Occupied"), ("Reserved", "Reserved"), ("Faulted", "Faulted"),
         ("Unavailable", "Unavailable")],
    )  # fmt: skip
    def test_a_connector_is_occupied_while_somebody_is_there(self, status: str, older: str) -> None:
        content = {"connectorId": 1, "status": status, "errorCode": "EVCommunicationError"}
        assert to_15("StatusNotification", content) == {"connectorId": 1, "status": older, "errorCode": "Mode3Error"}

    def test_what_is_measured_on_each_phase_is_one_value(self) -> None:
        """The highest current, since 1.5 has fuses in mind, and the mean of the voltages; each where its first phase stood."""

        def measured(measurand: str, unit: str, *values: str) -> list[dict[str, str]]:
            return [{"value": value, "measurand": measurand, "unit": unit, "phase": f"L{at}"} for at, value in enumerate(values, 1)]

        at, energy = "2026-01-01T00:00:00Z", {"value": "1", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        samples = [*measured("Voltage", "V", "230", "231", "229.51"), energy, *measured("Current.Import", "A", "0", "15.9", "16")]
        told = to_15("MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": samples}]})
        voltage = {"value": "230.17", "measurand": "Voltage", "unit": "Volt"}
        current = {"value": "16", "measurand": "Current.Import", "unit": "Amp"}
        assert told == {"connectorId": 1, "values": [{"timestamp": at, "value": [voltage, energy, current]}]}

    def test_what_1_5_cannot_tell_is_left_out(self) -> None:
        samples = [
            {"value": "1", "measurand": "Energy.Active.Import.Register", "unit": "Wh", "context": "Transaction.End", "location": "Outlet"},
            {"value": "2", "measurand": "Current.Import", "unit": "A", "context": "Trigger", "location": "Cable"},
            {"value": "3", "measurand": "Power.Active.Import", "unit": "W", "phase": "L1"},
            {"value": "4", "measurand": "SoC", "unit": "Percent"},
            {"value": "5", "measurand": "Temperature", "unit": "K"},
        ]
        at = "2026-01-01T00:00:00Z"
        values = [{"timestamp": at, "value": [samples[0], {"value": "2", "measurand": "Current.Import", "unit": "Amp"}]}]
        entry = {"timestamp": at, "sampledValue": samples}
        assert to_15("MeterValues", {"connectorId": 1, "meterValue": [entry]}) == {"connectorId": 1, "values": values}
        assert to_15("MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": samples[2:]}]}) is None
        stop = {"meterStop": 7, "timestamp": at, "transactionId": 1, "reason": "Remote"}
        bare = {"meterStop": 7, "timestamp": at, "transactionId": 1}
        assert to_15("StopTransaction", {**stop, "transactionData": [entry]}) == {**bare, "transactionData": [{"values": values}]}
        assert to_15("StopTransaction", stop) == bare

    @pytest.mark.parametrize(
        ("action", "status"),
        [("FirmwareStatusNotification", "Downloading"), ("FirmwareStatusNotification", "Installing"),
         ("DiagnosticsStatusNotification", "Uploading"), ("SecurityEventNotification", ""), ("SignCertificate", "")],
    )  # fmt: skip
    def test_what_1_5_has_no_word_for_is_not_sent(self, action: str, status: str) -> None:
        assert to_15(action, {"status": status}) is None

    def test_answers_in_fewer_words(self) -> None:
        for status, older in (("Unlocked", "Accepted"), ("UnlockFailed", "Rejected"), ("NotSupported", "Rejected")):
            assert to_15("UnlockConnector", {"status": status}, answer=True) == {"status": older}
        assert to_15("ChangeConfiguration", {"status": "RebootRequired"}, answer=True) == {"status": "Accepted"}
        assert from_15("BootNotification", {"status": "Accepted", "heartbeatInterval": 5}, answer=True) == {
            "status": "Accepted",
            "interval": 5,
        }

    def test_keys_are_spelt_as_each_spells_them(self) -> None:
        assert from_15("GetConfiguration", {"key": ["HeartBeatInterval", "x"]}) == {"key": ["HeartbeatInterval", "x"]}
        assert from_15("ChangeConfiguration", {"key": "HeartBeatInterval", "value": "9"}) == {"key": "HeartbeatInterval", "value": "9"}
        known = [{"key": "HeartbeatInterval", "readonly": False, "value": "9"}]
        told = to_15("GetConfiguration", {"configurationKey": known, "unknownKey": ["x"]}, answer=True)
        assert told == {"configurationKey": [{**known[0], "key": "HeartBeatInterval"}], "unknownKey": ["x"]}
