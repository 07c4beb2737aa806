"""2.0.1: network profiles, their order, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ocpp.bench_v201 import Bench201, case


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


@pytest.mark.parametrize(
    ("slot", "what"),
    [
        (1, data("http://other.example/")),
        (1, data("ws://")),
        (1, data("ws://user:secret@other.example/")),
        (1, data(ocppTransport="SOAP")),
        (1, data(ocppVersion="OCPP15")),
        (1, data(securityProfile=2)),
        (1, data("wss://other.example", securityProfile=3)),
        (0, data()),
    ],
)
def test_tc_b_43_cs(slot: int, what: dict) -> None:
    @case()
    async def story(it: Bench201) -> None:
        assert await put(it, slot, what) == "Rejected"

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
