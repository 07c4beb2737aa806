"""What holds in 1.5 and in 1.6 over SOAP, on the wire."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cc613_chargepoint.ocpp.soap import FaultCode, SoapFault, Spoken, schema_of
from cc613_chargepoint.ocpp.soap.envelope import ADDRESSING, ADDRESSING_2004, Addressed, heard, request
from tests.ocpp.bench import CARD, Bench
from tests.ocpp.central import Refusal
from tests.ocpp.soap_central import IDENTITY, SoapCentral, play

FAULTS = {"InternalError": "a broken central system", "NotSupported": "one that does not know it"}


def case(**named: Any) -> Callable[[Callable[[Bench], Awaitable[None]]], Any]:
    """Make a test of a story, for each version."""
    settings = {key.replace("__", "."): value for key, value in named.items()}

    def made(story: Callable[[Bench], Awaitable[None]]) -> Any:
        def test(spoken: Spoken) -> None:
            play(story, spoken, settings=settings)

        test.__name__, test.__doc__ = story.__name__, story.__doc__
        return pytest.mark.parametrize("spoken", list(Spoken), ids=lambda spoken: spoken.name)(test)

    return made


@case(authorization__unknown_offline=True, ocpp__sample_s=60)
async def test_s_01(it: Bench) -> None:
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(200.0)
    await it.card()
    await it.sleep(20.0)
    await it.unplug()
    await it.sleep(60.0)
    it.central.forget()
    it.central.listens = True
    await it.central.expect("StopTransaction", 120.0, idTag=CARD, transactionId=1)
    await it.sleep(60.0)
    told = [each for each in it.central.heard if each.action in {"StartTransaction", "MeterValues", "StopTransaction"}]
    actions = [each.action for each in told]
    assert actions == ["StartTransaction", *["MeterValues"] * 3, "StopTransaction"]
    assert all(each.payload["transactionId"] == 1 for each in told[1:])
    assert it.central.count("BootNotification") == 1


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("spoken", list(Spoken), ids=lambda spoken: spoken.name)
def test_s_02(spoken: Spoken, code: str) -> None:
    async def refused(payload: dict[str, Any]) -> dict[str, Any]:
        raise Refusal(code)

    async def story(it: Bench) -> None:
        it.central.answers["StartTransaction"] = refused
        it.plug()
        await it.card()
        said = [await it.central.expect("StartTransaction", 100.0) for _ in range(3)]
        assert [round(late.at_s - early.at_s) for early, late in itertools.pairwise(said)] == [20, 40]
        assert said[0].payload == said[1].payload == said[2].payload
        await it.sleep(100.0)
        await it.card()
        await it.central.expect("StopTransaction", 100.0, transactionId=-1)
        assert it.central.count("StartTransaction") == 3

    play(story, spoken, settings={"ocpp.attempts": 3, "ocpp.retry_s": 20})


@case()
async def test_s_03(it: Bench) -> None:
    async def refused(payload: dict[str, Any]) -> dict[str, Any]:
        raise Refusal("InternalError")

    it.central.answers |= {"Authorize": refused, "StatusNotification": refused}
    it.plug()
    await it.central.expect("StatusNotification")
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    await it.central.silence("Authorize", "StartTransaction", for_s=40.0)
    assert [each.payload["status"] for each in it.central.heard if each.action == "StatusNotification"][2:] in (["Occupied"], ["Preparing"])
    del it.central.answers["Authorize"]
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)


def clear_cache(it: Bench, identity: str = IDENTITY) -> tuple[SoapCentral, bytes]:
    assert isinstance(it.central, SoapCentral)
    body = schema_of(it.central.spoken.station).element("ClearCache", {})
    whom = Addressed(identity=identity, to=it.central.station, sender=it.central.url)
    return it.central, request("ClearCache", body, whom, "urn:uuid:17")


def of(data: bytes) -> FaultCode | None:
    """The code of a fault."""
    with pytest.raises(SoapFault) as told:
        heard(data)
    return told.value.code


@case()
async def test_s_04(it: Bench) -> None:
    central, other = clear_cache(it, "CP 2")
    status, body = await central.post(other)
    assert (status, of(body)) == (400, FaultCode.IDENTITY_MISMATCH)
    _, nobody = clear_cache(it, "")
    assert of((await central.post(nobody))[1]) is FaultCode.IDENTITY_MISMATCH


@case()
async def test_s_05(it: Bench) -> None:
    central, question = clear_cache(it)
    status, body = await central.post(question.replace(ADDRESSING.encode(), ADDRESSING_2004.encode()))
    told = heard(body)
    assert (status, told.addressing, told.relates_to, told.action) == (200, ADDRESSING_2004, "urn:uuid:17", "/ClearCacheResponse")
    assert ADDRESSING.encode() not in body


@case()
async def test_s_06(it: Bench) -> None:
    central, question = clear_cache(it)
    for pattern, by in (
        (b"soap:", b"e:"),
        (b"ocpp:", b"ns7:"),
        (b"wsa:", b"a:"),
        (b"chargeBoxIdentity", b"ChargeBoxIdentity"),
        (b"<wsa:MessageID>urn:uuid:17</wsa:MessageID>", b"<wsa:MessageID/>"),
        (b"/ClearCache<", b"<"),
        (b"<?xml version='1.0' encoding='UTF-8'?>", b""),
    ):
        changed = question.replace(pattern, by).replace(b"xmlns:" + pattern[:-1] + b"=", b"xmlns:" + by[:-1] + b"=")
        assert changed != question
        assert (await central.post(changed))[0] == 200, pattern
    body = schema_of(central.spoken.station).element("GetDiagnostics", {"location": "ftp://files.example/up", "retries": 1})
    asked = request("GetDiagnostics", body, Addressed(identity=IDENTITY, to="http://s/", sender=central.url), "urn:uuid:18")
    nil = b'<ocpp:retries xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    assert (await central.post(asked.replace(b"<ocpp:retries>1</ocpp:retries>", nil)))[0] == 200
    bombs = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>', b'<!DOCTYPE x SYSTEM "file:///etc/passwd">'
    for bomb in bombs:
        status, answer = await central.post(question.replace(b"?>", b"?>" + bomb))
        assert (status, of(answer)) == (400, FaultCode.PROTOCOL_ERROR)


@case(ocpp__sample_s=0)
async def test_s_07(it: Bench) -> None:
    it.plug()
    await it.remote_start()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.sleep(60.0)
    it.central.forget()
    await it.power_cut()
    await it.power_up()
    boot = await it.central.expect("BootNotification")
    stop = await it.central.expect("StopTransaction", 120.0, transactionId=1)
    assert boot.number < stop.number
    assert it.central.count("StopTransaction") == 1
