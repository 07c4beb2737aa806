"""Cases of the acceptance list once more in real time over real TLS: no virtual clock, no Unix socket, certificates that are checked.

How long anything takes is not looked at; only that it comes, and in which order. All stations run side by side, since they wait most of
the time.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.ocpp.authority import Authority
from tests.ocpp.bench import CARD, Bench
from tests.ocpp.bench_v201 import SETTINGS as IN_201
from tests.ocpp.bench_v201 import Bench201
from tests.ocpp.real_time import LOGIN, live, tls_of

Told = Callable[[Any], Awaitable[None]]
CASES: dict[str, Callable[[], Awaitable[None]]] = {}


def case(**how: Any) -> Callable[[Told], Told]:
    """Note a story, to be played with the others; see :func:`tests.ocpp.real_time.live`."""

    def noted(story: Told) -> Told:
        CASES[story.__name__] = functools.partial(live, story, **how)
        return story

    return noted


LONG_S = 50.0
"""How long a busy machine may take for anything."""
SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
}  # fmt: skip


@case(boot=False)
async def tc_001_cs(it: Bench) -> None:
    """Cold boot: told, accepted, every connector told, heartbeats."""
    it.central.interval_s = 1
    await it.power_up()
    boot = await it.central.expect("BootNotification", LONG_S)
    assert boot.payload["chargePointVendor"] == "cc613hal"
    await it.central.status("Available", 0, LONG_S)
    await it.central.status("Available", 1, LONG_S)
    for _ in range(2):
        await it.central.expect("Heartbeat", LONG_S)
    assert it.central.count("BootNotification") == 1


@case()
async def tc_003_cs(it: Bench) -> None:
    """A session, plugged in first, from the card to the free connector."""
    it.plug()
    await it.central.status("Preparing", within_s=LONG_S)
    await it.card()
    asked = await it.central.expect("Authorize", LONG_S, idTag=CARD)
    began = await it.central.expect("StartTransaction", LONG_S, idTag=CARD, connectorId=1)
    await it.central.status("Charging", within_s=LONG_S)
    assert asked.number < began.number
    await it.card()
    await it.central.expect("StopTransaction", LONG_S, idTag=CARD, transactionId=1, reason="Local")
    await it.central.status("Finishing", within_s=LONG_S)
    await it.unplug()
    await it.central.status("Available", within_s=LONG_S)


@case()
async def tc_010_cs_and_tc_012_cs(it: Bench) -> None:
    """Begun and ended from afar."""
    transaction = await it.charging()
    async with asyncio.timeout(LONG_S):  # until the answer to StartTransaction is on the station's disk, it knows no such transaction
        while await it.central.ask("RemoteStopTransaction", transactionId=transaction) != {"status": "Accepted"}:
            await it.sleep(0.2)
    await it.central.expect("StopTransaction", LONG_S, transactionId=transaction, reason="Remote")


@case(settings={"authorization.unknown_offline": True})
async def tc_039_cs(it: Bench) -> None:
    """A whole transaction while the central system is away: told afterwards, in order, once."""
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    async with asyncio.timeout(LONG_S):
        while it.vehicles[1].drawn_wh == 0.0:
            await it.sleep(0.1)
    await it.card()
    await it.unplug()
    it.central.listens = True
    began = await it.central.expect("StartTransaction", LONG_S, idTag=CARD)
    ended = await it.central.expect("StopTransaction", LONG_S, transactionId=1)
    assert began.number < ended.number
    assert (it.central.count("StartTransaction"), it.central.count("StopTransaction")) == (1, 1)


@case(settings={"ocpp.sample_s": 1})
async def tc_070_cs(it: Bench) -> None:
    """Sampled meter values of a transaction."""
    transaction = await it.charging()
    for _ in range(3):
        told = await it.central.expect("MeterValues", LONG_S, connectorId=1, transactionId=transaction)
        (value,) = told.payload["meterValue"][0]["sampledValue"]
        assert (value["context"], value["measurand"]) == ("Sample.Periodic", "Energy.Active.Import.Register")


@case()
async def tc_015_cs(it: Bench) -> None:
    """A hard reset in the midst of a transaction: it is told, and the station boots once more."""
    transaction = await it.charging()
    assert await it.central.ask("Reset", type="Hard") == {"status": "Accepted"}
    await it.central.expect("BootNotification", LONG_S)
    await it.central.expect("StopTransaction", LONG_S, transactionId=transaction, reason="HardReset")
    assert it.restarts == 1


@case()
async def security_profile_2(it: Bench) -> None:
    """The server proves itself, the station knows a password, and the suite is one of the whitepaper's."""
    assert it.central.requests[0].headers["Authorization"] == LOGIN
    tls = tls_of(it)
    assert tls.version() in {"TLSv1.2", "TLSv1.3"}
    assert tls.cipher()[0] in SUITES


@case(boot=False)
async def security_profile_2_with_the_server_of_another_authority(it: Bench) -> None:
    """Nothing is said to it, the password least of all."""
    stranger = Authority("Stranger")
    await it.central.serve(stranger.server(it.place, "127.0.0.1"))
    await it.power_up()
    assert it.engine is not None
    async with asyncio.timeout(LONG_S):
        while "CERTIFICATE_VERIFY_FAILED" not in it.engine.describe() and "certificate" not in it.engine.describe():
            await it.sleep(0.1)
    assert it.central.requests == []


@case(profile=3)
async def security_profile_3(it: Bench) -> None:
    """Both prove themselves by certificates, and no password goes."""
    assert "Authorization" not in it.central.requests[0].headers
    shown = x509.load_der_x509_certificate(tls_of(it).getpeercert(binary_form=True))
    assert shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "SN-1"
    await it.charging()


@case(profile=3, settings=IN_201, kind=Bench201, dialect="v201")
async def a_session_in_2_0_1(it: Bench201) -> None:
    """From the card to the end, with numbers that have no gap."""
    name = await it.charge()
    await it.card()
    ended = await it.event("Ended", LONG_S)
    assert ended.payload["transactionInfo"]["transactionId"] == name
    numbers = [each.payload["seqNo"] for each in it.central.heard if each.action == "TransactionEvent"]
    assert numbers == list(range(len(numbers)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stations() -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """All cases, on their way."""
    tasks = {name: asyncio.ensure_future(begin()) for name, begin in CASES.items()}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", CASES)
async def test_in_real_time(name: str, stations: dict[str, asyncio.Task[None]]) -> None:
    await stations[name]
