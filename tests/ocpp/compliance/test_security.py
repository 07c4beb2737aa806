"""Security whitepaper: passwords, certificates, security log, signed firmware, security profiles; TLS is real."""

from __future__ import annotations

import base64
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.ocpp.authority import Authority
from tests.ocpp.bench import Bench, case

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}
KEY = "0123456789abcdef0123456789abcdef01234567"
IMAGE, UPLOADS = "https://files.example/image.bin", "sftp://me@files.example/up"
PROFILE1: dict[str, Any] = {"ocpp__security_profile": 1, "ocpp__password": KEY}


def basic(key: str = KEY, identity: str = "CP 1") -> str:
    return "Basic " + base64.b64encode(identity.encode() + b":" + bytes.fromhex(key)).decode()


async def install(it: Bench, authority: Authority, use: str = "CentralSystemRootCertificate") -> None:
    assert await it.central.ask("InstallCertificate", certificateType=use, certificate=authority.pem) == ACCEPTED


async def event(it: Bench, kind: str) -> None:
    await it.central.expect("SecurityEventNotification", type=kind)


@case(**PROFILE1)
async def test_tc_085_cs(it: Bench) -> None:
    assert it.central.requests[0].headers["Authorization"] == basic()
    assert it.central.requests[0].path.endswith("/CP%201")


@case(**PROFILE1)
async def test_tc_073_cs(it: Bench) -> None:
    other = "ff" * 20
    assert await it.central.ask("ChangeConfiguration", key="AuthorizationKey", value=other) == ACCEPTED
    it.central.password = basic(other)
    await it.central.disconnected()
    await it.central.connected()
    await it.charging()
    everything = await it.central.ask("GetConfiguration")
    assert all(each.get("value") is None for each in everything["configurationKey"] if each["key"] == "AuthorizationKey")
    assert it.central.count("BootNotification") == 1


@case(**PROFILE1)
async def test_tc_075_1_cs(it: Bench) -> None:
    maker = Authority("Maker")
    await install(it, maker, "ManufacturerRootCertificate")
    found = await it.central.ask("GetInstalledCertificateIds", certificateType="ManufacturerRootCertificate")
    assert [each["serialNumber"] for each in found["certificateHashData"]] == [f"{maker.certificate.serial_number:x}"]
    none = await it.central.ask("GetInstalledCertificateIds", certificateType="CentralSystemRootCertificate")
    assert none == {"status": "NotFound"}


@case(**PROFILE1)
async def test_tc_075_2_cs(it: Bench) -> None:
    root = Authority()
    await install(it, root)
    found = await it.central.ask("GetInstalledCertificateIds", certificateType="CentralSystemRootCertificate")
    assert [each["serialNumber"] for each in found["certificateHashData"]] == [f"{root.certificate.serial_number:x}"]


@case(**PROFILE1, ocpp__root_check=True)
async def test_with_the_additional_check_a_new_root_is_signed_by_the_one_before(it: Bench) -> None:
    first = Authority("First")
    await install(it, first)
    stranger = Authority("Stranger").pem
    asked = await it.central.ask("InstallCertificate", certificateType="CentralSystemRootCertificate", certificate=stranger)
    assert asked == REJECTED
    await event(it, "InvalidCentralSystemCertificate")
    second = Authority("Second", by=first)
    await install(it, second)
    await install(it, Authority("Third", by=second))
    found = await it.central.ask("GetInstalledCertificateIds", certificateType="CentralSystemRootCertificate")
    assert len(found["certificateHashData"]) == 2
    (told,) = (await it.central.ask("GetConfiguration", key=["AdditionalRootCertificateCheck"]))["configurationKey"]
    assert told == {"key": "AdditionalRootCertificateCheck", "readonly": True, "value": "true"}
    answer = await it.central.ask("ChangeConfiguration", key="AdditionalRootCertificateCheck", value="false")
    assert answer == REJECTED


@case(**PROFILE1)
async def test_tc_076_cs(it: Bench) -> None:
    await install(it, Authority())
    found = await it.central.ask("GetInstalledCertificateIds", certificateType="CentralSystemRootCertificate")
    name = found["certificateHashData"][0]
    assert await it.central.ask("DeleteCertificate", certificateHashData=name) == ACCEPTED
    assert await it.central.ask("DeleteCertificate", certificateHashData=name) == {"status": "NotFound"}
    assert (await it.central.ask("GetInstalledCertificateIds", certificateType="CentralSystemRootCertificate"))["status"] == "NotFound"


@case(**PROFILE1)
async def test_tc_078_cs(it: Bench) -> None:
    for bad in ("no certificate", Authority(days=1).pem):
        answer = await it.central.ask("InstallCertificate", certificateType="CentralSystemRootCertificate", certificate=bad)
        assert answer == REJECTED
        await event(it, "InvalidCentralSystemCertificate")


@case(**PROFILE1, ocpp__cpo_name="Operator", ocpp__serial="SN-1")
async def test_tc_077_cs(it: Bench) -> None:
    await install(it, Authority())
    assert await it.central.ask("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate") == ACCEPTED
    asked = await it.central.expect("SignCertificate")
    stranger = Authority("Stranger").answer(asked.payload["csr"])
    assert await it.central.ask("CertificateSigned", certificateChain=stranger) == REJECTED
    await event(it, "InvalidChargePointCertificate")


@case(**PROFILE1)
async def test_tc_079_cs(it: Bench) -> None:
    await it.central.say("rubbish")
    await event(it, "InvalidMessages")
    answer = await it.central.ask("GetLog", logType="SecurityLog", requestId=17, log={"remoteLocation": UPLOADS})
    assert answer["status"] == "Accepted"
    await it.central.expect("LogStatusNotification", status="Uploading", requestId=17)
    await it.central.expect("LogStatusNotification", status="Uploaded", requestId=17)
    ((_, name, content),) = it.files.arrived
    assert name == answer["filename"]
    assert b"InvalidMessages" in content


@case(**PROFILE1)
async def test_a_second_log_cancels_the_first(it: Bench) -> None:
    it.files.takes_s = 60.0
    await it.central.ask("GetLog", logType="DiagnosticsLog", requestId=1, log={"remoteLocation": UPLOADS})
    await it.central.expect("LogStatusNotification", status="Uploading", requestId=1)
    answer = await it.central.ask("GetLog", logType="DiagnosticsLog", requestId=2, log={"remoteLocation": UPLOADS})
    assert answer["status"] == "AcceptedCanceled"
    await it.central.expect("LogStatusNotification", status="Uploaded", requestId=2, within_s=120.0)
    assert len(it.files.arrived) == 1


async def signed_update(it: Bench, maker: Authority, *, image: bytes = b"good", signed: bytes = b"good") -> dict[str, Any]:
    it.files.there[IMAGE] = image
    certificate, signature = maker.signed_image(signed)
    return await it.central.ask(
        "SignedUpdateFirmware",
        requestId=9,
        firmware={
            "location": IMAGE,
            "retrieveDateTime": it.wall().isoformat(),
            "signingCertificate": certificate,
            "signature": signature,
        },
    )


async def told(it: Bench, *statuses: str) -> None:
    for status in statuses:
        await it.central.expect("SignedFirmwareStatusNotification", 120.0, status=status, requestId=9)


@case(**PROFILE1)
async def test_tc_080_cs(it: Bench) -> None:
    maker = Authority("Maker")
    await install(it, maker, "ManufacturerRootCertificate")
    assert await signed_update(it, maker) == ACCEPTED
    await told(it, "Downloading", "Downloaded", "SignatureVerified", "Installing")
    await it.central.expect("BootNotification", 120.0)
    await event(it, "FirmwareUpdated")
    await it.central.status("Available", 1)
    await told(it, "Installed")
    assert it.firmware.taken == [b"good"]


@case(**PROFILE1)
async def test_tc_081_cs(it: Bench) -> None:
    maker = Authority("Maker")
    await install(it, maker, "ManufacturerRootCertificate")
    assert await signed_update(it, maker, image=b"evil") == ACCEPTED
    await told(it, "Downloading", "Downloaded", "InvalidSignature")
    await event(it, "InvalidFirmwareSignature")
    await it.central.silence("BootNotification", for_s=30.0)
    assert it.firmware.taken == []


@case(**PROFILE1)
async def test_firmware_signed_by_a_stranger_is_not_even_downloaded(it: Bench) -> None:
    await install(it, Authority("Maker"), "ManufacturerRootCertificate")
    assert await signed_update(it, Authority("Stranger")) == {"status": "InvalidCertificate"}
    await event(it, "InvalidFirmwareSigningCertificate")
    await it.central.silence("SignedFirmwareStatusNotification", for_s=20.0)


@case(**PROFILE1)
async def test_tc_083_cs(it: Bench) -> None:
    root = Authority()
    assert await it.central.ask("ChangeConfiguration", key="SecurityProfile", value="2") == REJECTED
    await install(it, root)
    assert await it.central.ask("ChangeConfiguration", key="SecurityProfile", value="2") == ACCEPTED
    await it.central.disconnected()
    await it.central.serve(root.server(it.place))
    await it.central.connected()
    assert it.central.requests[-1].headers["Authorization"] == basic()
    assert await it.key("SecurityProfile") == "2"
    await it.charging()


@case(**PROFILE1)
async def test_a_profile_that_does_not_work_is_given_up(it: Bench) -> None:
    await install(it, Authority())
    assert await it.central.ask("ChangeConfiguration", key="SecurityProfile", value="2") == ACCEPTED
    await it.central.disconnected()
    await it.central.connected(within_s=300.0)  # the server never spoke TLS
    assert await it.key("SecurityProfile") == "1"


@case(**PROFILE1)
async def test_tc_084_cs(it: Bench) -> None:
    for wanted in ("0", "1", "-1", "4", "high"):
        assert await it.central.ask("ChangeConfiguration", key="SecurityProfile", value=wanted) == REJECTED
    assert await it.key("SecurityProfile") == "1"


@case(boot=False, ocpp__security_profile=2, ocpp__password=KEY, ocpp__url="wss://central.example/ocpp")
async def test_tc_086_cs(it: Bench) -> None:
    root, other = Authority(), Authority("Other")
    (it.place / "root.pem").write_text(root.pem)
    it.settings["ocpp.ca_file"] = str(it.place / "root.pem")
    await it.central.serve(other.server(it.place))
    await it.power_up()
    await it.central.silence(for_s=60.0)
    assert not it.central.requests, "nothing was said to a server that cannot prove itself"
    await it.central.serve(root.server(it.place, "elsewhere.example"))
    await it.central.silence(for_s=60.0)
    assert not it.central.requests
    await it.central.serve(root.server(it.place))
    await it.central.expect("BootNotification", 120.0)
    assert it.central.requests[0].headers["Authorization"] == basic()
    assert it.central.connection is not None
    tls = it.central.connection.transport.get_extra_info("ssl_object")
    assert tls.version() in {"TLSv1.2", "TLSv1.3"}
    await event(it, "InvalidCentralSystemCertificate")


@case(ocpp__security_profile=2, ocpp__password=KEY, ocpp__cpo_name="Operator", ocpp__serial="SN-1", boot=False)
async def test_tc_074_cs_and_tc_087_cs(it: Bench) -> None:
    """From a password to a certificate of its own: asked for, signed, used."""
    root = Authority()
    (it.place / "root.pem").write_text(root.pem)
    it.settings["ocpp.ca_file"] = str(it.place / "root.pem")
    await it.central.serve(root.server(it.place))
    await it.power_up()
    await it.central.expect("BootNotification")
    await it.central.status("Available", 1)
    await install(it, root)
    assert await it.central.ask("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate") == ACCEPTED
    asked = await it.central.expect("SignCertificate")
    request = x509.load_pem_x509_csr(asked.payload["csr"].encode())
    assert request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Operator"
    assert request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "SN-1"
    assert await it.central.ask("CertificateSigned", certificateChain=root.answer(asked.payload["csr"])) == ACCEPTED
    assert await it.central.ask("ChangeConfiguration", key="SecurityProfile", value="3") == ACCEPTED
    await it.central.disconnected()
    await it.central.serve(root.server(it.place, clients=True))
    await it.central.connected()
    assert "Authorization" not in it.central.requests[-1].headers
    assert it.central.connection is not None
    tls = it.central.connection.transport.get_extra_info("ssl_object")
    shown = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
    assert shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "SN-1"
    await it.charging()
