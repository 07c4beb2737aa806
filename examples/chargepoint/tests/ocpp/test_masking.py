"""No secret is written into the wire log, in whatever form it goes over the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.ocpp.rpc.wire_log import MASK, WireLog, masked, masked_text
from cc613_chargepoint.settings import TABLE

HUSH = "hush-4711"
PRIVATE = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
SECRET_LINE = PRIVATE.splitlines()[1]


def call(action: str, payload: Any) -> str:
    return json.dumps([2, "id-1", action, payload])


def variable(name: str, **more: Any) -> dict[str, Any]:
    return {"component": {"name": "SecurityCtrlr"}, "variable": {"name": name}, **more}


FRAMES = {
    "1.6: the key is set": call("ChangeConfiguration", {"key": "AuthorizationKey", "value": HUSH}),
    "1.6: in another case": call("ChangeConfiguration", {"key": "AUTHORIZATIONKEY ", "value": HUSH}),
    "1.6: a vendor's key": call("ChangeConfiguration", {"key": "WifiPassword", "value": HUSH}),
    "1.6: it is told": json.dumps([3, "1", {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": HUSH}]}]),
    "2.0.1: a variable is set": call("SetVariables", {"setVariableData": [variable("BasicAuthPassword", attributeValue=HUSH)]}),
    "2.0.1: a variable is told": json.dumps([3, "1", {"getVariableResult": [variable("basicauthpassword", attributeValue=HUSH)]}]),
    "2.0.1: a report": call("NotifyReport", {"reportData": [variable("BasicAuthPassword", variableAttribute=[{"value": HUSH}])]}),
    "2.0.1: the mobile network": call("SetNetworkProfile", {"connectionData": {"apn": {"apn": "iot", "apnPassword": HUSH}}}),
    "2.0.1: its user": call("SetNetworkProfile", {"connectionData": {"apn": {"apnUserName": HUSH}}}),
    "2.0.1: the card's PIN": call("SetNetworkProfile", {"connectionData": {"apn": {"simPin": 47114711}}}).replace("47114711", f'"{HUSH}"'),
    "2.0.1: a tunnel's password": call("SetNetworkProfile", {"connectionData": {"vpn": {"password": HUSH, "server": "vpn.example"}}}),
    "2.0.1: a tunnel's key": call("SetNetworkProfile", {"connectionData": {"vpn": {"key": HUSH, "user": HUSH, "type": "IKEv2"}}}),
    "2.1: the password of a profile": call("SetNetworkProfile", {"connectionData": {"basicAuthPassword": HUSH}}),
    "2.0.1: variables of a network": call("SetVariables", {"setVariableData": [variable("VpnKey", attributeValue=HUSH)]}),
    "an address of an image": call("UpdateFirmware", {"location": f"ftp://me:{HUSH}@files.example/fw.bin"}),
    "a user alone": call("UpdateFirmware", {"location": f"https://{HUSH}@files.example/fw.bin"}),
    "an address with a slash in its password": call("GetDiagnostics", {"location": f"sftp://me:a/{HUSH}@files.example/up"}),
    "an at sign in the password": call("GetDiagnostics", {"location": f"sftp://me:a@{HUSH}@files.example/up"}),
    "an address that is signed": call("GetLog", {"log": {"remoteLocation": f"https://s3.example/x?X-Sig-Date=1&X-Amz-Signature={HUSH}"}}),
    "a token in an address": call("GetLog", {"log": {"remoteLocation": f"https://files.example/x?a=b&access_token={HUSH}&c=d"}}),
    "an address in a sentence": json.dumps([4, "1", "GenericError", f"cannot write to ftp://me:{HUSH}@files.example/up, nor to x", {}]),
    "two addresses": call("DataTransfer", {"vendorId": "x", "data": f"ftp://a.example/ ftp://me:{HUSH}@b.example/"}),
    "JSON in JSON": call("DataTransfer", {"vendorId": "x", "data": json.dumps({"wifi": {"password": HUSH}})}),
    "JSON in JSON, torn": call("DataTransfer", {"vendorId": "x", "data": json.dumps({"wifi": {"password": HUSH}})[:-2]}),
    "XML in JSON": call("DataTransfer", {"vendorId": "x", "data": f"<w:Security><w:Password>{HUSH}</w:Password></w:Security>"}),
    "a header in a text": json.dumps([4, "1", "SecurityError", f"Authorization: Basic {HUSH}", {}]),
    "a private key": call("DataTransfer", {"vendorId": "x", "data": PRIVATE}),
    "a private key with lost line ends": call("DataTransfer", {"vendorId": "x", "data": PRIVATE.replace("\n", "\\n")}),
    "half a private key": call("DataTransfer", {"vendorId": "x", "data": PRIVATE[:120]}),
    "a frame that is torn": call("ChangeConfiguration", {"key": "AuthorizationKey", "value": HUSH})[:-3],
    "in the midst of the secret": call("ChangeConfiguration", {"key": "AuthorizationKey", "value": HUSH})[:-5],
    "a torn variable": call("SetVariables", {"d": [variable("BasicAuthPassword", attributeValue=HUSH)]})[:-4],
    "a torn profile": call("SetNetworkProfile", {"connectionData": {"apn": {"apnPassword": HUSH}}})[:-4],
    "an escaped quote in front": '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"a\\"' + HUSH + '"}',
    "a torn address": call("UpdateFirmware", {"location": f"ftp://me:{HUSH}@files.example/fw.bin"})[:-6],
    "an envelope": "<s:Envelope><s:Header><w:Security><w:UsernameToken><w:Password Type='t'>"
    + HUSH
    + "</w:Password></w:UsernameToken></w:Security></s:Header></s:Envelope>",
    "a key in an envelope": f"<c:request><c:key>AuthorizationKey</c:key><c:value>{HUSH}</c:value></c:request>",
    "a head of HTTP": f"GET / HTTP/1.1\r\nAuthorization: Basic {HUSH}\r\n",
}


@pytest.mark.parametrize("way", ["sent", "received", "received as bytes"])
@pytest.mark.parametrize("frame", FRAMES.values(), ids=list(FRAMES))
def test_no_secret_is_written(frame: str, way: str, tmp_path: Path) -> None:
    log = WireLog(tmp_path / "ocpp.log", wall=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    if way == "sent":
        log.sent(frame)
    else:
        log.received(frame if way == "received" else frame.encode())
    written = json.dumps(json.loads(log.path.read_text()), ensure_ascii=False)
    for secret in (HUSH, "4711", SECRET_LINE, SECRET_LINE[:20]):
        assert secret not in written
    assert MASK in written


def test_the_address_of_the_connection_is_written_without_its_credentials(tmp_path: Path) -> None:
    log = WireLog(tmp_path / "ocpp.log")
    log.opened(f"wss://me:{HUSH}@central.example/ocpp?token={HUSH}", "ocpp1.6")
    written = log.path.read_text()
    assert HUSH not in written
    assert "central.example/ocpp" in written


PLAIN = [
    call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}),
    call("UpdateFirmware", {"location": "ftp://files.example:21/a@b/fw.bin?version=1"}),
    call("GetLog", {"log": {"remoteLocation": "https://[2001:db8::1]:8443/x?from=a&to=b"}}),
    call("SetNetworkProfile", {"connectionData": {"ocppCsmsUrl": "wss://central.example/", "apn": {"apn": "iot.example"}}}),
    call("SetVariables", {"setVariableData": [variable("SecurityProfile", attributeValue="2")]}),
    call("DataTransfer", {"vendorId": "x", "data": '{ "n": 1 }'}),
    call("DataTransfer", {"vendorId": "x", "data": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}),
    call("Authorize", {"idTag": "04A2B3C4"}),
    json.dumps([3, "1", {"status": "Accepted"}]),
    json.dumps([4, "1", "NotSupported", "a basic reason", {}]),
]


@pytest.mark.parametrize("frame", PLAIN)
def test_what_is_no_secret_is_written_as_it_was(frame: str, tmp_path: Path) -> None:
    log = WireLog(tmp_path / "ocpp.log")
    log.sent(frame)
    assert json.loads(log.path.read_text())["frame"] == json.loads(frame)


def test_every_secret_setting_that_a_backend_sees_is_masked() -> None:
    seen = [each for each in TABLE.values() if each.secret and (each.ocpp16 or each.ocpp201)]
    assert seen
    for each in seen:
        assert masked({"key": each.ocpp16, "value": HUSH}) == {"key": each.ocpp16, "value": MASK}
        name = each.ocpp201.rpartition(".")[2]
        assert masked({"variable": {"name": name}, "attributeValue": HUSH})["attributeValue"] == MASK


def test_bytes_that_are_no_text_are_shown_from_their_beginning(tmp_path: Path) -> None:
    log = WireLog(tmp_path / "ocpp.log")
    log.received(b"\xff\xfe" + HUSH.encode() * 100)
    assert json.loads(log.path.read_text())["text"].startswith("902 bytes: ff fe")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "value", "variable", "vpn", "data", "x"]), inner),
    max_leaves=20,
)


@given(JSON)
def test_whatever_comes_is_written_in_one_line(value: Any) -> None:
    assert json.loads(json.dumps(masked(value))) == masked(masked(value))


def test_what_is_nested_without_end_is_cut() -> None:
    value: Any = HUSH
    for _ in range(400):
        value = [value]
    assert HUSH not in json.dumps(masked(value))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000 + "://x",
        "://" + "a:" * 500_000 + "@",
        "ftp://x?" + "pass" * 250_000,
        "ftp://x?" + "&" * 1_000_000 + "key",
        "password<" + "a" * 1_000_000,
        "password<" + "a:" * 500_000,
        "password" + "<a" * 500_000,
        'password"' + " " * 1_000_000,
        'password"' + '\\"' * 500_000,
        'password"a":"' + "\\" * 500_000,
        "password" + '"a" :' * 200_000,
        "-----BEGIN " * 90_000 + "PRIVATE KEY",
        "Authorization" + " " * 1_000_000,
        '{"password":' * 80_000,
        "[" * 1_000_000,
    ],
    ids=range(15),
)
def test_no_text_takes_for_ever(text: str) -> None:
    """The longest message that a stranger may send, made to keep a careless pattern busy for days."""
    assert masked_text(text)
    assert masked({"vendorId": "x", "data": text})
