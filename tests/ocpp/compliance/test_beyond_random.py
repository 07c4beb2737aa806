"""Whatever a backend, people, vehicles, mains and links do, in whatever order: no rule of order is broken, and the station serves again.

``PEDANT_STORIES`` sets how many stories are played (a long run before a release: 2000).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.ocpp.bench import BOARDS, CARD, OTHER, Bench, play
from tests.ocpp.central import Refusal, Silence, now
from tests.ocpp.pedant import broken_order

STORIES = int(os.environ.get("PEDANT_STORIES", "12"))
TAGS = (CARD, OTHER, "04BLOCKED", "04INVALID")
ENERGY = {"Charging", "SuspendedEV", "SuspendedEVSE"}

Step = tuple[Any, ...]
CONNECTORS = st.sampled_from([1, 1, 1, 2])
ANY_CONNECTOR = st.sampled_from([0, 1, 1, 1, 2, 9])
KEYS: dict[str, tuple[str, ...]] = {
    "AuthorizeRemoteTxRequests": ("true", "false"),
    "LocalPreAuthorize": ("true", "false"),
    "LocalAuthorizeOffline": ("true", "false"),
    "AllowOfflineTxForUnknownId": ("true", "false"),
    "AuthorizationCacheEnabled": ("true", "false"),
    "StopTransactionOnInvalidId": ("true", "false"),
    "MinimumStatusDuration": ("0", "3"),
    "MeterValueSampleInterval": ("0", "7", "30"),
    "ClockAlignedDataInterval": ("0", "20"),
    "ConnectionTimeOut": ("5", "60"),
    "StopTxnSampledData": ("", "Energy.Active.Import.Register,Voltage"),
    "HeartbeatInterval": ("10", "300"),
}


def profile(purpose: str, kind: str, level: int, limit_a: float) -> dict[str, Any]:
    made: dict[str, Any] = {
        "chargingProfileId": level + 10 * len(purpose), "stackLevel": level, "chargingProfilePurpose": purpose, "chargingProfileKind": kind,
        "chargingSchedule": {
            "chargingRateUnit": "A", "duration": 120,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}, {"startPeriod": 60, "limit": 16.0}],
        },
    }  # fmt: skip
    return made


PROFILES = st.builds(
    profile,
    st.sampled_from(["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]),
    st.sampled_from(["Absolute", "Relative"]),
    st.integers(0, 1),
    st.sampled_from([0.0, 5.0, 6.0, 10.5, 16.0]),
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.3, 2.0, 5.0, 15.0, 70.0])),
    st.tuples(st.just("plug"), CONNECTORS),
    st.tuples(st.just("unplug"), CONNECTORS),
    st.tuples(st.just("drive off"), CONNECTORS),
    st.tuples(st.just("pause"), CONNECTORS),
    st.tuples(st.just("go on"), CONNECTORS),
    st.tuples(st.just("card"), st.sampled_from([CARD, OTHER])),
    st.tuples(st.just("start"), st.sampled_from(TAGS), st.sampled_from([None, 1, 1, 2]), st.booleans()),
    st.tuples(st.just("stop"), st.sampled_from(["last", "last", "unknown"])),
    st.tuples(st.just("availability"), ANY_CONNECTOR, st.sampled_from(["Operative", "Inoperative"])),
    st.tuples(st.just("unlock"), ANY_CONNECTOR),
    st.tuples(st.just("reserve"), st.sampled_from([0, 1, 1, 2]), st.sampled_from(TAGS), st.integers(1, 2), st.sampled_from([0.2, 5.0])),
    st.tuples(st.just("cancel"), st.integers(1, 2)),
    st.sampled_from(sorted(KEYS)).flatmap(lambda key: st.tuples(st.just("key"), st.just(key), st.sampled_from(KEYS[key]))),
    st.tuples(st.just("list"), st.sampled_from(["Full", "Differential"]), st.sampled_from(["Accepted", "Blocked"])),
    st.tuples(st.just("clear cache")),
    st.tuples(st.just("profile"), ANY_CONNECTOR, PROFILES),
    st.tuples(st.just("clear profiles")),
    st.tuples(st.just("composite"), ANY_CONNECTOR),
    st.tuples(st.just("trigger"), st.sampled_from(["StatusNotification", "MeterValues", "Heartbeat", "BootNotification"])),
    st.tuples(st.just("reset"), st.sampled_from(["Soft", "Hard"])),
    st.tuples(st.just("hang up")),
    st.tuples(st.just("come back")),
    st.tuples(st.just("power cut")),
    st.tuples(st.just("backend"), st.sampled_from(["well", "refuses", "silent", "slow", "refuses everything"])),
    st.tuples(st.just("boot"), st.sampled_from(["Accepted", "Pending", "Rejected"])),
    st.tuples(st.just("firmware"), st.sampled_from(["http://files/good", "http://files/bad", "http://files/none"])),
    st.tuples(st.just("diagnostics"), st.sampled_from(["http://files/up", "http://dead/up"])),
    st.tuples(st.just("leak"), CONNECTORS),
)


class Story:
    """Plays the steps of one story."""

    def __init__(self, it: Bench) -> None:
        self.it, self.version, self.wrong = it, 0, []  # type: ignore[var-annotated]
        self.steps: dict[str, Callable[..., Awaitable[None]]] = {
            "wait": it.sleep, "plug": self.plug, "unplug": self.unplug, "drive off": self.drive_off, "pause": self.pause,
            "go on": self.go_on, "card": it.card, "start": self.start, "stop": self.stop, "availability": self.availability,
            "unlock": self.unlock, "reserve": self.reserve, "cancel": self.cancel, "key": self.key, "list": self.list,
            "clear cache": lambda: self.asked("ClearCache"), "profile": self.profile, "clear profiles": self.clear_profiles,
            "composite": self.composite, "trigger": self.trigger, "reset": self.reset, "hang up": self.hang_up,
            "come back": self.come_back, "power cut": self.power_cut, "backend": self.backend, "leak": self.leak,
            "boot": self.boot, "firmware": self.firmware, "diagnostics": self.diagnostics,
        }  # fmt: skip
        it.files.there |= {"http://files/good": b"image", "http://files/bad": b"bad image"}
        it.central.tags |= {"04BLOCKED": {"status": "Blocked"}, "04INVALID": {"status": "Invalid"}}

    @property
    def numbers(self) -> list[int]:
        return list(self.it.simulation.plant.outlets)

    # -- people and vehicles ----------------------------------------------------------------------------------------------------------

    async def plug(self, connector: int) -> None:
        if connector in self.numbers and not self.plugged(connector):
            self.it.plug(connector)

    def plugged(self, connector: int) -> bool:
        return connector in self.it.vehicles and self.it.vehicles[connector].plugged

    async def unplug(self, connector: int) -> None:
        if self.plugged(connector) and not self.it.locked(connector):
            self.it.vehicles[connector].unplug()

    async def drive_off(self, connector: int) -> None:
        if self.plugged(connector):
            self.it.vehicles[connector].unplug(force=True)

    async def pause(self, connector: int) -> None:
        if self.plugged(connector):
            self.it.vehicles[connector].stop_energy()

    async def go_on(self, connector: int) -> None:
        if self.plugged(connector):
            self.it.vehicles[connector].request_energy()

    async def leak(self, connector: int) -> None:
        if connector in self.numbers:
            current = self.it.simulation.plant.outlet(connector).residual_dc_ma
            current.set(9.0)
            await self.it.sleep(1.0)
            current.set(0.0)

    # -- the backend --------------------------------------------------------------------------------------------------------------------

    async def asked(self, action: str, **payload: Any) -> dict[str, Any] | None:
        """Ask, if there is a connection; nothing if it went meanwhile."""
        central = self.it.central
        connection = central.connection
        if connection is None or self.registration == "Rejected":  # whom it has rejected the station does not answer (§4.2)
            return None
        try:
            return await central.ask(action, within_s=60.0, **payload)
        except Refusal as refusal:
            self.wrong.append(f"{action} {payload} was refused: {refusal}")
        except (TimeoutError, ConnectionError):
            if central.connection is connection:
                self.wrong.append(f"{action} {payload} was not answered")
        except Exception as error:
            if "Connection" not in type(error).__name__:
                raise
        return None

    @property
    def registration(self) -> str:
        """What the last boot was answered."""
        boots = [each.answer for each in self.it.central.heard if each.action == "BootNotification"]
        return str(boots[-1].get("status", "")) if boots and isinstance(boots[-1], dict) else ""

    def status(self, connector: int) -> str:
        """As the backend knows it."""
        told = [
            each.payload["status"]
            for each in self.it.central.heard
            if each.action == "StatusNotification" and each.payload["connectorId"] == connector
        ]
        return told[-1] if told else ""

    def running(self) -> list[Any]:
        """Names of the transactions that the backend believes to run."""
        found: list[Any] = []
        for each in self.it.central.heard:
            if each.action == "StartTransaction" and isinstance(each.answer, dict) and each.answer["transactionId"] not in found:
                found.append(each.answer["transactionId"])
            if each.action == "StopTransaction" and each.payload["transactionId"] in found:
                found.remove(each.payload["transactionId"])
        return found

    def must(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(what)

    async def start(self, tag: str, connector: int | None, with_profile: bool) -> None:
        before = self.status(connector or 1)
        where = {} if connector is None else {"connectorId": connector}
        more = {"chargingProfile": profile("TxProfile", "Relative", 0, 8.0)} if with_profile else {}
        registered = self.registration
        answer = await self.asked("RemoteStartTransaction", idTag=tag, **where, **more)
        self.must(registered == "Accepted" or answer in (None, {"status": "Rejected"}), f"a start, registered {registered}: {answer}")
        if answer is not None and connector is not None and before in ENERGY | {"Unavailable", "Faulted"} and self.settled():
            self.must(answer["status"] == "Rejected", f"a start on a connector that is {before}: {answer}")

    def settled(self) -> bool:
        """Whether nothing has been told for a moment: what the backend knows is how it is."""
        loop, heard = asyncio.get_running_loop(), self.it.central.heard
        return not heard or loop.time() - heard[-1].at_s > 5.0

    async def stop(self, which: str) -> None:
        running = self.running()
        settled = self.settled()
        if which == "unknown":
            answer = await self.asked("RemoteStopTransaction", transactionId=987_654)
            self.must(answer in (None, {"status": "Rejected"}), f"an unknown transaction is stopped: {answer}")
        elif running:
            answer = await self.asked("RemoteStopTransaction", transactionId=running[-1])
            if settled and self.status(1) in ENERGY and self.registration == "Accepted":
                self.must(answer in (None, {"status": "Accepted"}), f"a transaction that runs is not stopped: {answer}")

    async def availability(self, connector: int, kind: str) -> None:
        answer = await self.asked("ChangeAvailability", connectorId=connector, type=kind)
        known = connector in {0, *self.numbers}
        self.must(answer is None or (answer["status"] == "Rejected") is not known, f"availability of {connector}: {answer}")

    async def unlock(self, connector: int) -> None:
        answer = await self.asked("UnlockConnector", connectorId=connector)
        if answer is not None and (self.it.tethered or connector not in self.numbers):
            self.must(answer["status"] == "NotSupported", f"unlocking {connector}: {answer}")

    async def reserve(self, connector: int, tag: str, number: int, minutes: float) -> None:
        until = (self.it.wall() + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        before, settled = self.status(connector), self.settled()
        answer = await self.asked("ReserveNow", connectorId=connector, expiryDate=until, idTag=tag, reservationId=number)
        if answer is not None and settled and connector and before in ENERGY | {"Preparing", "Finishing"}:
            self.must(answer["status"] in {"Occupied", "Unavailable"}, f"reserving {connector}, which is {before}: {answer}")

    async def cancel(self, number: int) -> None:
        await self.asked("CancelReservation", reservationId=number)

    async def key(self, key: str, value: str) -> None:
        answer = await self.asked("ChangeConfiguration", key=key, value=value)
        self.must(answer in (None, {"status": "Accepted"}), f"{key}={value}: {answer}")
        if answer is not None and (shown := await self.asked("GetConfiguration", key=[key])) is not None:
            self.must(shown["configurationKey"][0]["value"] == value, f"{key}={value}: {shown}")

    async def list(self, kind: str, status: str) -> None:
        self.version += 1
        entry = {"idTag": OTHER, "idTagInfo": {"status": status}}
        answer = await self.asked("SendLocalList", listVersion=self.version, updateType=kind, localAuthorizationList=[entry])
        self.must(answer is None or answer["status"] == "Accepted", f"list {self.version}: {answer}")
        if answer is not None:
            told = await self.asked("GetLocalListVersion")
            self.must(told in (None, {"listVersion": self.version}), f"list {self.version}: {told}")

    async def profile(self, connector: int, what: dict[str, Any]) -> None:
        answer = await self.asked("SetChargingProfile", connectorId=connector, csChargingProfiles=what)
        purpose = what["chargingProfilePurpose"]
        wrong = (purpose == "ChargePointMaxProfile" and connector != 0) or (purpose == "TxProfile" and connector == 0)
        if answer is not None and (wrong or connector not in {0, *self.numbers}):
            self.must(answer["status"] == "Rejected", f"{purpose} on {connector}: {answer}")

    async def clear_profiles(self) -> None:
        await self.asked("ClearChargingProfile")

    async def composite(self, connector: int) -> None:
        answer = await self.asked("GetCompositeSchedule", connectorId=connector, duration=120)
        known = connector in {0, *self.numbers}
        self.must(answer is None or (answer["status"] == "Accepted") is known, f"schedule of {connector}: {answer}")

    async def trigger(self, message: str) -> None:
        if self.registration != "Accepted":
            return  # another case's
        count = self.it.central.count(message)
        answer = await self.asked("TriggerMessage", requestedMessage=message)
        if answer is None:
            return
        expected = "Rejected" if message == "BootNotification" else "Accepted"
        self.must(answer["status"] == expected, f"trigger of {message}: {answer}")
        connections = self.it.central.connections
        await self.it.sleep(3.0)
        if message != "BootNotification" and connections == self.it.central.connections and self.it.central.connection is not None:
            self.must(self.it.central.count(message) > count or self.busy, f"{message} was triggered and did not come")

    @property
    def busy(self) -> bool:
        """Whether a call of the station waits for an answer that does not come."""
        heard = self.it.central.heard
        return bool(heard) and heard[-1].answer is None

    async def reset(self, kind: str) -> None:
        answer = await self.asked("Reset", type=kind)
        self.must(answer in (None, {"status": "Accepted"}), f"reset: {answer}")

    # -- links and mains ----------------------------------------------------------------------------------------------------------------

    async def hang_up(self) -> None:
        await self.it.central.hang_up(and_stay_away=True)

    async def come_back(self) -> None:
        self.it.central.listens = True

    async def power_cut(self) -> None:
        await self.it.power_cut()
        await self.it.sleep(3.0)
        await self.it.power_up()

    async def backend(self, how: str) -> None:
        answers = self.it.central.answers
        for action in ("StartTransaction", "StopTransaction", "MeterValues", "Authorize"):
            answers.pop(action, None)
            if how in {"refuses", "silent", "slow"} and action != "Authorize":
                answers[action] = {"refuses": self.refuse, "silent": self.say_nothing, "slow": self.slow(action)}[how]
        for action in ("StatusNotification", "Heartbeat", "Authorize", "FirmwareStatusNotification", "DiagnosticsStatusNotification"):
            answers.pop(action, None)
            if how == "refuses everything":
                answers[action] = self.refuse

    async def boot(self, status: str) -> None:
        self.it.central.answers["BootNotification"] = lambda _: {"status": status, "currentTime": now(), "interval": 20}

    async def firmware(self, location: str) -> None:
        answer = await self.asked("UpdateFirmware", location=location, retrieveDate=now())
        self.must(answer in (None, {}), f"firmware: {answer}")

    async def diagnostics(self, location: str) -> None:
        answer = await self.asked("GetDiagnostics", location=location)
        self.must(answer in (None, {"fileName": "diagnostics.txt"}), f"diagnostics: {answer}")

    def refuse(self, _: dict[str, Any]) -> dict[str, Any]:
        raise Refusal("InternalError")

    def say_nothing(self, _: dict[str, Any]) -> dict[str, Any]:
        raise Silence

    def slow(self, action: str) -> Callable[[dict[str, Any]], Any]:
        async def answer(said: dict[str, Any]) -> dict[str, Any]:
            await asyncio.sleep(4.0)
            if action != "StartTransaction":
                return {}
            self.it.central.transaction += 1
            return {"idTagInfo": self.it.central.info(said["idTag"]), "transactionId": self.it.central.transaction}

        return answer

    # -- the end ------------------------------------------------------------------------------------------------------------------------

    async def everything_back_to_normal(self) -> None:
        """Nobody is there any more, everything is allowed again: the station is idle, owes nothing, and serves the next customer."""
        it = self.it
        it.central.listens = True
        it.central.answers.clear()
        await it.central.connected(200.0)
        for vehicle in it.vehicles.values():
            vehicle.unplug(force=True)
        await it.sleep(200.0)
        for key, value in {"MinimumStatusDuration": "0", "MeterValueSampleInterval": "0", "ClockAlignedDataInterval": "0"}.items():
            await self.key(key, value)
        await self.key("ConnectionTimeOut", "60")
        for number in (1, 2):
            await self.cancel(number)
        await self.asked("ClearChargingProfile")
        await self.asked("ChangeAvailability", connectorId=0, type="Operative")
        await self.asked("SendLocalList", listVersion=1, updateType="Full")
        await it.sleep(120.0)
        for number in self.numbers:
            self.must(self.status(number) == "Available", f"in the end connector {number} is {self.status(number)}")
        self.must(not self.running(), f"in the end {self.running()} still run")
        it.central.forget()
        if not self.wrong:
            await it.charging()


def told(it: Bench, steps: list[Step], wrong: list[str]) -> str:
    said = "\n  ".join(f"{each.at_s:8.2f} #{each.connection} {each.action} {each.payload} → {each.answer}" for each in it.central.heard)
    return f"{wrong}\nafter {steps}\n  {said}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("board", ["socket", "tethered", "double"])
def test_x16_50(board: str) -> None:
    """Random stories: rules of order hold, every question has its answer, and in the end the station is as new."""

    @settings(
        max_examples=STORIES, deadline=None, database=None, derandomize=STORIES <= 100, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink) if STORIES > 100 else (Phase.generate,),
    )  # fmt: skip
    @given(st.lists(STEPS, min_size=8, max_size=30))
    def stories(steps: list[Step]) -> None:
        async def story(it: Bench) -> None:
            teller = Story(it)
            for name, *arguments in steps:
                await teller.steps[name](*arguments)
            with contextlib.suppress(AssertionError) if teller.wrong else contextlib.nullcontext():
                await teller.everything_back_to_normal()
            wrong = teller.wrong + broken_order(it.central.heard)
            assert not wrong, told(it, steps, wrong)

        quick = {"ocpp.attempts": 2, "ocpp.retry_s": 3, "ocpp.message_timeout_s": 6}
        play(story, board=BOARDS[board], settings=quick)

    stories()
