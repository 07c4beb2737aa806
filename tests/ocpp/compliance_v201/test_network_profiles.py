"""2.0.1: network profiles, their order, and the way back."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from tests.ocpp.bench_v201 import Bench201, case, component, variable


def data(url: str = "ws://other.example/csms", **more: Any) -> dict:
    return {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": 30,
        "securityProfile": 0,
        "ocppInterface": "Wired0",
        **more,
    }


async def put(it: Bench201, slot: int, what: dict) -> str:
    answer = await it.central.ask("SetNetworkProfile", configurationSlot=slot, connectionData=what)
    status: str = answer["status"]
    return status


APN = {"apn": "internet", "apnAuthentication": "NONE"}


@pytest.mark.parametrize(
    ("slot", "what", "why"),
    [
        (1, data("http://other.example/"), "InvalidNetworkConf"),
        (1, data("ws://"), "InvalidNetworkConf"),
        (1, data("ws://user:secret@other.example/"), "InvalidNetworkConf"),
        (1, data(ocppTransport="SOAP"), "InvalidNetworkConf"),
        (1, data("http://other.example/", ocppTransport="SOAP", ocppVersion="OCPP16"), "InvalidNetworkConf"),
        (1, data(ocppVersion="OCPP15"), "InvalidNetworkConf"),
        (1, data(securityProfile=2), "InvalidNetworkConf"),
        (1, data("wss://other.example", securityProfile=3), "InvalidNetworkConf"),
        (1, data(apn=APN), "UnsupportedParam"),
        (0, data(), "InvalidConfSlot"),
    ],
)
def test_tc_b_43_cs(slot: int, what: dict, why: str) -> None:
    @case()
    async def story(it: Bench201) -> None:
        answer = await it.central.ask("SetNetworkProfile", configurationSlot=slot, connectionData=what)
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", why)

    story("socket")


@case()
async def test_tc_b_45_cs(it: Bench201) -> None:
    assert await put(it, 1, data()) == "Accepted"
    assert await it.put("OCPPCommCtrlr", "NetworkConfigurationPriority", "1,0") in {"Accepted", "RebootRequired"}
    assert it.central.requests[-1].path == "/ocpp/CP%201"
    await it.central.ask("Reset", type="OnIdle")
    await it.central.expect("BootNotification", 120.0, reason="RemoteReset")
    assert it.central.requests[-1].path == "/csms/CP%201"


@case(ocpp__network_attempts=2)
async def test_tc_b_46_cs(it: Bench201) -> None:
    it.central.refuses = lambda request: request.path.startswith("/csms")
    await put(it, 1, data())
    await it.put("OCPPCommCtrlr", "NetworkConfigurationPriority", "1,0")
    await it.central.ask("Reset", type="OnIdle")
    await it.central.expect("BootNotification", 300.0, reason="RemoteReset")
    paths = [each.path for each in it.central.requests[1:]]
    assert paths == ["/csms/CP%201", "/csms/CP%201", "/ocpp/CP%201"]


@case()
async def test_an_order_with_profiles_that_are_not_there_is_rejected(it: Bench201) -> None:
    for order in ("3", "0,3", "x", ""):
        assert await it.put("OCPPCommCtrlr", "NetworkConfigurationPriority", order) == "Rejected"


@case()
async def test_profiles_outlive_a_power_cut(it: Bench201) -> None:
    await put(it, 1, data())
    await it.put("OCPPCommCtrlr", "NetworkConfigurationPriority", "1,0")
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification", 120.0)
    assert it.central.requests[-1].path == "/csms/CP%201"


@case()
async def test_the_pauses_between_attempts_are_set(it: Bench201) -> None:
    for name, value in (("WaitMinimum", "10"), ("RepeatTimes", "2"), ("RandomRange", "0")):
        assert await it.put("OCPPCommCtrlr", f"RetryBackOff{name}", value) == "Accepted"
        assert await it.put("OCPPCommCtrlr", f"RetryBackOff{name}", "-1") == "Rejected"
    await it.central.hang_up(and_stay_away=True)
    begun_s, times = asyncio.get_running_loop().time(), []
    for _ in range(5):
        before = len(it.central.requests)
        while len(it.central.requests) == before:
            await it.sleep(0.5)
        times.append(asyncio.get_running_loop().time())
    pauses = [later - earlier for earlier, later in pairwise([begun_s, *times])]
    assert [round(each / 10.0) for each in pauses] == [1, 2, 4, 4, 4]


@case()
async def test_the_slots_that_may_be_ordered_are_told(it: Bench201) -> None:
    await put(it, 2, data())
    assert (await it.get("OCPPCommCtrlr", "ActiveNetworkProfile"))["attributeValue"] == "0"
    asked = {"component": component("OCPPCommCtrlr"), "variable": variable("NetworkConfigurationPriority")}
    await it.central.ask("GetReport", requestId=1, componentVariable=[asked])
    told = await it.central.expect("NotifyReport")
    assert told.payload["reportData"][0]["variableCharacteristics"]["valuesList"] == "0,2"
