"""What the published tool does not test, and users meet: lost answers, crashes, thousands of messages, odd ids, hostile frames."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from cc613_chargepoint.ocpp.engine.owed.facts import Quantity, Reading, TransactionBegan, TransactionEnded, packed
from cc613_chargepoint.ocpp.engine.owed.facts import StopReason as Why
from cc613_chargepoint.store import Store
from tests.ocpp.bench import CARD, OTHER, Bench, case
from tests.ocpp.central import Refusal, Silence, now

ACCEPTED = {"status": "Accepted"}


def refusing(code: str = "InternalError") -> Any:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise Refusal(code)

    return answer


def silent(_: dict[str, Any]) -> dict[str, Any]:
    raise Silence


@case(ocpp__attempts=2, ocpp__retry_s=10, ocpp__message_timeout_s=5)
async def test_x16_01(it: Bench) -> None:
    """A StartTransaction that is never answered is given up, and what follows carries the id -1."""
    it.central.answers["StartTransaction"] = silent
    it.plug()
    await it.remote_start()
    tries = [await it.central.expect("StartTransaction"), await it.central.expect("StartTransaction")]
    assert tries[0].payload == tries[1].payload
    await it.central.status("Charging")
    await it.card()
    await it.central.expect("StopTransaction", transactionId=-1)
    await it.central.silence("StartTransaction", for_s=60.0)


@case(ocpp__attempts=3, ocpp__retry_s=10)
async def test_x16_02(it: Bench) -> None:
    """A refused message is repeated after the interval times the number of attempts, then dropped; the next one goes out."""
    transaction = await it.charging()
    it.central.answers["StopTransaction"] = refusing()
    await it.card()
    tries = [await it.central.expect("StopTransaction", transactionId=transaction) for _ in range(3)]
    pauses = [round(later.at_s - earlier.at_s) for earlier, later in itertools.pairwise(tries)]
    assert pauses == [10, 20]
    await it.central.silence("StopTransaction", for_s=60.0)
    del it.central.answers["StopTransaction"]
    await it.unplug()
    await it.central.status("Available")
    await it.charging()


@case()
async def test_x16_03(it: Bench) -> None:
    """The supply fails at every step of a charge: what the central system hears in all is one begin and one end for each transaction."""
    for pause_s in (0.3, 1.0, 2.0, 2.7, 3.5, 8.0):
        await it.power_cut()
        await it.power_up()
        await it.central.expect("BootNotification")
        it.plug()
        asking = asyncio.create_task(it.central.ask("RemoteStartTransaction", idTag=CARD, connectorId=1))
        await it.sleep(pause_s)
        await it.power_cut()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        it.vehicles[1].unplug(force=True)
        await it.power_up()
        await it.central.expect("BootNotification")
        await it.sleep(5.0)
    begins = [json.dumps(each.payload) for each in it.central.heard if each.action == "StartTransaction"]
    ends = [each for each in it.central.heard if each.action == "StopTransaction"]
    assert len(set(begins)) == len(begins)
    assert len(ends) == len(begins)
    assert len({each.payload["transactionId"] for each in ends}) == len(ends)
    order = [each.action for each in it.central.heard if each.action in {"StartTransaction", "StopTransaction"}]
    assert order == ["StartTransaction", "StopTransaction"] * len(begins)


def offline_charge(number: int, at: datetime) -> list[tuple[str, str]]:
    began = TransactionBegan(session=number, connector=1, token=f"T{number:05}", started=at, begin_wh=str(number))
    ended = TransactionEnded(
        session=number, connector=1, token=f"T{number:05}", started=at, begin_wh=str(number), ended=at + timedelta(minutes=1),
        end_wh=str(number + 1), reason=Why.LOCAL,
        readings=(Reading(at=at, context="Transaction.Begin", quantities=(Quantity(measurand="Voltage", value="230", unit="V"),)),),
    )  # fmt: skip
    return [("began", packed(began)), ("ended", packed(ended))]


@case(boot=False, boards=("socket",))
async def test_x16_04(it: Bench) -> None:
    """A thousand transactions from a time offline, with a reboot in between: in order, and nobody at the station waits for them."""
    await it.power_up()
    await it.central.expect("BootNotification")
    it.central.listens = False
    await it.central.hang_up(and_stay_away=True)
    await it.power_cut()
    async with await Store.open(it.place / "station.db") as store:

        def fill(tx: Any) -> None:
            for number in range(10_001, 11_001):
                for kind, payload in offline_charge(number, it.wall()):
                    tx.outbox.put(queue="transactions", kind=kind, payload=payload, created=it.wall(), session=number)

        await store.write(fill)

    async def slow(payload: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0.05)
        it.central.transaction += 1
        return {"idTagInfo": {"status": "Accepted"}, "transactionId": it.central.transaction} if "meterStart" in payload else {}

    it.central.answers |= {"StartTransaction": slow, "StopTransaction": slow}
    it.central.transaction = 0
    it.central.listens = True
    await it.power_up()
    await it.central.expect("BootNotification")
    await it.sleep(5.0)
    it.plug()
    await it.card()
    asked = await it.central.expect("Authorize")
    assert it.central.count("StopTransaction") < 900, "the queue was still being told"
    before = next(each for each in reversed(it.central.heard[: asked.number]) if each.action.endswith("Transaction"))
    assert asked.at_s - before.at_s < 1.0
    await it.power_cut()
    await it.power_up()
    await it.sleep(200.0)
    told = [
        each for each in it.central.heard if each.action in {"StartTransaction", "StopTransaction"} and "T" in each.payload.get("idTag", "")
    ]
    unique = list({json.dumps([each.action, each.payload["idTag"]]): each for each in told}.values())
    assert len(unique) == 2000
    assert [each.payload["idTag"] for each in unique] == [f"T{number:05}" for number in range(10_001, 11_001) for _ in range(2)]
    assert [each.action for each in unique] == ["StartTransaction", "StopTransaction"] * 1000


@case()
async def test_x16_05(it: Bench) -> None:
    """0 and negative numbers are names like any other."""
    for name in (0, -7):
        it.central.answers["StartTransaction"] = lambda _, name=name: {"idTagInfo": {"status": "Accepted"}, "transactionId": name}
        it.plug()
        await it.remote_start()
        await it.central.expect("StartTransaction")
        await it.central.status("Charging")
        assert await it.central.ask("RemoteStopTransaction", transactionId=name) == ACCEPTED
        await it.central.expect("StopTransaction", transactionId=name)
        await it.unplug()
        await it.central.status("Available")
        it.central.forget()


@case(boot=False)
async def test_x16_06(it: Bench) -> None:
    """A clock that was wrong is set by the boot's answer; intervals do not notice."""
    offset = timedelta(days=200)

    def ahead(_: dict[str, Any]) -> dict[str, Any]:
        return {"currentTime": (datetime.fromisoformat(now()) + offset).isoformat()}

    it.central.answers["BootNotification"] = lambda said: {**ahead(said), "status": "Accepted", "interval": 30}
    it.central.answers["Heartbeat"] = ahead
    await it.power_up()
    status = await it.central.status("Available", 1)
    assert datetime.fromisoformat(status.payload["timestamp"]) > datetime.fromisoformat(now()) + offset - timedelta(seconds=10)
    beats = [await it.central.expect("Heartbeat") for _ in range(3)]
    assert [round(later.at_s - earlier.at_s) for earlier, later in itertools.pairwise(beats)] == [30, 30]


@case()
async def test_x16_07(it: Bench) -> None:
    """After a lost link there is no boot, and only what changed is told."""
    await it.central.hang_up(and_stay_away=True)
    await it.sleep(10.0)
    it.central.listens = True
    await it.central.connected()
    await it.central.silence("BootNotification", "StatusNotification", for_s=30.0)
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.sleep(10.0)
    it.central.listens = True
    await it.central.status("Preparing", within_s=120.0)
    await it.central.silence("BootNotification", "StatusNotification", for_s=30.0)


@case(ocpp__ping_s=20)
async def test_x16_08(it: Bench) -> None:
    """A peer that is silent even to pings is given up within two intervals; what is owed stays owed."""
    transaction = await it.charging()
    connection = it.central.connection
    assert connection is not None
    connection.transport.pause_reading()
    it.central.connection = None
    await it.card()
    await it.central.connected(within_s=60.0)
    await it.central.expect("StopTransaction", 120.0, transactionId=transaction)
    connection.transport.abort()


@case()
async def test_x16_12(it: Bench) -> None:
    """Malformed JSON, unknown types, an id that comes twice, an id of 40 characters: the link stays."""
    answers = it.central.strays = []
    connection = it.central.connection
    for text in ("{", "[]", "hello", '[9,"a","Reset",{}]', '[2,"b","NoSuchAction",{}]', '[2,"c","Reset",{"type":"Sideways"}]'):
        await it.central.say(text)
    await it.central.say(json.dumps([2, "d" * 40, "GetLocalListVersion", {}]))
    await it.central.say('[2,"e","GetLocalListVersion",{}]')
    await it.sleep(1.0)
    await it.central.say('[2,"e","ClearCache",{}]')
    await it.central.say('[2,"f","GetLocalListVersion",null]')
    await it.central.say('[2,"g","DataTransfer",{"vendorId":"x","surprise":1}]')
    await it.sleep(2.0)
    codes = {frame[1]: frame[2] for frame in answers}
    assert codes == {
        "b": "NotImplemented",
        "c": "PropertyConstraintViolation",
        "d" * 40: "FormationViolation",
        "e": "ProtocolError",
        "f": {"listVersion": 0},
        "g": "FormationViolation",
    }
    assert it.central.connection is connection
    await it.charging()


@case(boot=False)
async def test_x16_14(it: Bench) -> None:
    """While the boot is pending a triggered message is sent, and nothing is started from afar."""
    it.central.answers["BootNotification"] = lambda _: {"status": "Pending", "currentTime": now(), "interval": 300}
    await it.power_up()
    await it.central.expect("BootNotification")
    it.plug()
    await it.sleep(1.0)
    assert await it.central.ask("TriggerMessage", requestedMessage="StatusNotification", connectorId=1) == ACCEPTED
    await it.central.status("Preparing")
    assert await it.central.ask("RemoteStartTransaction", idTag=CARD, connectorId=1) == {"status": "Rejected"}
    del it.central.answers["BootNotification"]
    assert await it.central.ask("TriggerMessage", requestedMessage="BootNotification") == ACCEPTED
    await it.central.expect("BootNotification")
    await it.central.status("Preparing")
    assert await it.central.ask("TriggerMessage", requestedMessage="BootNotification") == {"status": "Rejected"}


@case(boards=("socket",))
async def test_tc_024_cs(it: Bench) -> None:
    it.simulation.plant.outlet(1).bolt_blocked.set(True)
    await it.card()
    it.plug()
    await it.central.expect("StatusNotification", connectorId=1, status="Faulted", errorCode="ConnectorLockFailure")
    await it.central.silence("StartTransaction", for_s=20.0)


@case(boards=("socket",))
async def test_tc_030_cs(it: Bench) -> None:
    transaction = await it.charging()
    it.simulation.plant.outlet(1).bolt_blocked.set(True)
    assert await it.central.ask("UnlockConnector", connectorId=1) == {"status": "UnlockFailed"}
    await it.central.expect("StopTransaction", transactionId=transaction)


@case()
async def test_tc_032_1_cs(it: Bench) -> None:
    transaction = await it.charging()
    it.simulation.plant.cabinet.supply_v.set(6.0)
    await it.central.expect("StopTransaction", transactionId=transaction, reason="PowerLoss")
    await it.sleep(1.0)
    await it.power_cut()
    it.simulation.plant.cabinet.supply_v.set(12.0)
    await it.sleep(30.0)
    await it.power_up()
    await it.central.expect("BootNotification")
    await it.central.expect("StatusNotification", connectorId=1, status=lambda said: said in {"Finishing", "Preparing"})
    await it.central.silence("StopTransaction", for_s=20.0)


@case()
async def test_values_in_the_end_of_a_transaction_have_begin_and_end(it: Bench) -> None:
    await it.configure(StopTxnSampledData="Energy.Active.Import.Register", MeterValueSampleInterval=5, StopTransactionMaxMeterValues=6)
    transaction = await it.charging()
    await it.sleep(120.0)
    await it.central.ask("RemoteStopTransaction", transactionId=transaction)
    ended = await it.central.expect("StopTransaction", transactionId=transaction)
    data = ended.payload["transactionData"]
    contexts = [each["sampledValue"][0]["context"] for each in data]
    assert (contexts[0], contexts[-1], len(data)) == ("Transaction.Begin", "Transaction.End", 6)
    times = [each["timestamp"] for each in data]
    assert times == sorted(times)


@case()
async def test_a_backend_that_answers_nonsense_costs_nothing(it: Bench) -> None:
    nonsense = itertools.cycle([[], "hello", {"idTagInfo": 5}, {"idTagInfo": {"status": "Perhaps"}}, {"transactionId": "one"}, None])
    it.central.answers["Authorize"] = lambda _: next(nonsense)
    it.plug()
    for _ in range(6):
        await it.card(OTHER)
    await it.central.silence("StartTransaction", for_s=60.0)
    del it.central.answers["Authorize"]
    await it.unplug()  # nobody was accepted in time
    await it.central.status("Available")
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction", 120.0)


@case(ocpp__retry_s=10)
async def test_what_may_have_arrived_is_said_again_under_its_message_id(it: Bench) -> None:
    """A connection that goes before the answer: the same message once more. An answer that refuses: another message id."""
    answers = iter(["gone", "refused", "taken"])

    async def answer(payload: dict[str, Any]) -> dict[str, Any]:
        match next(answers):
            case "gone":
                assert it.central.connection is not None
                it.central.connection.transport.abort()
                raise Silence
            case "refused":
                raise Refusal("InternalError")
            case _:
                return {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}

    it.central.answers["StartTransaction"] = answer
    it.plug()
    await it.card()
    said = [await it.central.expect("StartTransaction", 300.0) for _ in range(3)]
    assert said[0].payload == said[1].payload == said[2].payload
    assert (said[0].id == said[1].id, said[1].id == said[2].id) == (True, False)


@pytest.mark.parametrize("moment", ["at once", "after a while"])
def test_late_answers_are_nobodys(moment: str) -> None:
    async def story(it: Bench) -> None:
        async def late(payload: dict[str, Any]) -> dict[str, Any]:
            if payload["idTag"] == OTHER:
                await asyncio.sleep(12.0 if moment == "after a while" else 6.0)
                return {"idTagInfo": {"status": "Accepted"}}
            return {"idTagInfo": {"status": "Blocked"}}

        it.central.answers["Authorize"] = late
        it.plug()
        await it.card(OTHER)
        await it.card(CARD)
        await it.central.silence("StartTransaction", for_s=60.0)

    from tests.ocpp.bench import BOARDS, play

    play(story, board=BOARDS["socket"], settings={"ocpp.message_timeout_s": 5})


@case(boot=False, authorization__unknown_offline=True, ocpp__before_accepted=True)
async def test_x16_06_for_a_charge_that_began_before_the_clock_was_set(it: Bench) -> None:
    """What was stored by the wrong clock is corrected, and stays in order."""
    offset = timedelta(days=200)
    it.central.answers["BootNotification"] = lambda _: {
        "currentTime": (datetime.fromisoformat(now()) + offset).isoformat(),
        "status": "Accepted",
        "interval": 300,
    }
    it.central.listens = False
    await it.power_up()
    it.plug()
    await it.card()
    await it.sleep(20.0)
    await it.card()
    await it.sleep(10.0)
    it.central.listens = True
    began = await it.central.expect("StartTransaction", 120.0)
    ended = await it.central.expect("StopTransaction")
    times = [datetime.fromisoformat(each.payload["timestamp"]) for each in (began, ended)]
    assert times[0] > datetime.fromisoformat("2026-07-01T00:00:00Z")
    assert timedelta(seconds=15) < times[1] - times[0] < timedelta(seconds=30)


@case(ocpp__retry_s=10)
async def test_a_stop_from_afar_for_a_name_that_was_never_given_is_rejected(it: Bench) -> None:
    """Not before a moment has passed: the name may be on its way to the disk."""
    it.central.answers["StartTransaction"] = refusing()
    it.plug()
    await it.remote_start()
    await it.central.status("Charging")
    before_s = asyncio.get_running_loop().time()
    assert await it.central.ask("RemoteStopTransaction", transactionId=1) == {"status": "Rejected"}
    assert asyncio.get_running_loop().time() - before_s < 2.0
