"""Plug & Charge in DataTransfer: the messages of the application note, with good and bad answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography import x509

from cc613_chargepoint.ocpp.certificates import HashAlgorithm, HashData
from cc613_chargepoint.ocpp.engine.contracts import OcspQuestion
from cc613_chargepoint.ocpp.rpc import CallFailed
from cc613_chargepoint.ocpp.v16.contracts import VENDOR, contracts_of
from tests.ocpp.authority import Authority
from tests.ocpp.bench import Bench, case

EMAID = "DEABCC00000001"
QUESTION = OcspQuestion(name=HashData(HashAlgorithm.SHA256, "aa", "bb", "1f"), responder="http://ocsp.example/")
SECURE: dict[str, Any] = {"ocpp__cpo_name": "Operator", "ocpp__serial": "SN-1", "boards": ("socket",)}


async def asked(it: Bench, message: str, content: Any) -> Any:
    """What the station answers to a message of the note."""
    data = content if isinstance(content, str) else json.dumps(content)
    answer = await it.central.ask("DataTransfer", vendorId=VENDOR, messageId=message, data=data)
    return json.loads(answer["data"]) if answer["status"] == "Accepted" else answer["status"]


def answering(it: Bench, content: Any, status: str = "Accepted") -> None:
    """What the central system answers to the station's next questions."""
    said = (
        {"status": status} if content is None else {"status": status, "data": content if isinstance(content, str) else json.dumps(content)}
    )
    it.central.answers["DataTransfer"] = said


async def said(it: Bench, message: str) -> Any:
    heard = await it.central.expect("DataTransfer", vendorId=VENDOR, messageId=message)
    return json.loads(heard.payload["data"])


@case(**SECURE)
async def test_x16_15(it: Bench) -> None:
    """Each of the nine messages, both ways, with a good answer."""
    assert it.engine is not None
    contracts = contracts_of(it.engine)
    answering(it, {"idTokenInfo": {"status": "Accepted"}, "certificateStatus": "Accepted"})
    known = await contracts.authorize_contract(EMAID, questions=(QUESTION,))
    assert (known.id, known.status) == (EMAID, "Accepted")
    request = await said(it, "Authorize")
    assert request["idToken"] == EMAID
    assert request["iso15118CertificateHashData"][0]["responderURL"] == "http://ocsp.example/"

    answering(it, {"status": "Accepted", "exiResponse": "RVhJ"})
    found = await contracts.vehicle_certificate("cmVx", schema="urn:iso:15118:2:2013:MsgDef", update=False)
    assert (found.accepted, found.exi) == (True, "RVhJ")
    assert (await said(it, "Get15118EVCertificate"))["action"] == "Install"

    answering(it, {"status": "Accepted", "ocspResult": "MIIB"})
    assert await contracts.ocsp(QUESTION) == "MIIB"
    assert (await said(it, "GetCertificateStatus"))["ocspRequestData"]["serialNumber"] == "1f"

    root = Authority("V2G Root")
    for use in ("V2GRootCertificate", "MORootCertificate"):
        assert await asked(it, "InstallCertificate", {"certificateType": use, "certificate": root.pem}) == {"status": "Accepted"}
    listed = await asked(it, "GetInstalledCertificateIds", {"certificateType": ["MORootCertificate"]})
    assert [each["certificateType"] for each in listed["certificateHashDataChain"]] == ["MORootCertificate"]
    name = listed["certificateHashDataChain"][0]["certificateHashData"]
    assert await asked(it, "DeleteCertificate", {"certificateHashData": name}) == {"status": "Accepted"}

    answering(it, {"status": "Accepted"})
    assert await asked(it, "TriggerMessage", {"requestedMessage": "SignCertificate"}) == {"status": "Accepted"}
    request = await said(it, "SignCertificate")
    assert x509.load_pem_x509_csr(request["csr"].encode()).is_signature_valid
    chain = root.answer(request["csr"])
    assert await asked(it, "CertificateSigned", {"certificateChain": chain}) == {"status": "Accepted"}


@case(**SECURE)
async def test_x16_15_with_bad_questions(it: Bench) -> None:
    assert await asked(it, "NoSuchMessage", {}) == "UnknownMessageId"
    for rubbish in ("", "no json", "[]", "{}", '{"certificateType":"Wish","certificate":"x"}'):
        assert await asked(it, "InstallCertificate", rubbish) == "Rejected"
    bad = {"certificateType": "MORootCertificate", "certificate": "no certificate"}
    assert await asked(it, "InstallCertificate", bad) == {"status": "Rejected"}
    assert await asked(it, "CertificateSigned", {"certificateChain": Authority().pem}) == {"status": "Rejected"}
    nothing = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "c"}
    assert await asked(it, "DeleteCertificate", {"certificateHashData": nothing}) == {"status": "NotFound"}
    assert await asked(it, "GetInstalledCertificateIds", {}) == {"status": "NotFound"}
    assert await asked(it, "TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "NotImplemented"}
    await it.central.ask("GetConfiguration", key=["HeartbeatInterval"])


@case(**SECURE)
async def test_x16_15_with_bad_answers(it: Bench) -> None:
    assert it.engine is not None
    contracts = contracts_of(it.engine)
    for content, status in (
        (None, "UnknownVendorId"),
        (None, "Accepted"),
        ("no json", "Accepted"),
        ("[]", "Accepted"),
        ({"idTokenInfo": 1}, "Accepted"),
    ):
        answering(it, content, status)
        with pytest.raises(CallFailed):
            await contracts.authorize_contract(EMAID)
    answering(it, {"idTokenInfo": {"status": "Accepted"}, "certificateStatus": "CertificateRevoked"})
    assert (await contracts.authorize_contract(EMAID)).status == "Invalid"
    answering(it, {"status": "Failed", "exiResponse": ""})
    assert not (await contracts.vehicle_certificate("cmVx", schema="x", update=True)).accepted
    answering(it, {"status": "Failed"})
    assert await contracts.ocsp(QUESTION) is None
    answering(it, {"status": "Rejected"})
    assert not await contracts.sign_v2g()
