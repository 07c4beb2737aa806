"""Smart Charging."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.ocpp.bench import CARD, INSTALLER, Bench, case

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}
Periods = list[tuple[int, float]]


def profile(
    it: Bench, number: int, purpose: str, periods: Periods, *, level: int = 0, kind: str = "Absolute", **more: Any
) -> dict[str, Any]:
    schedule: dict[str, Any] = {
        "chargingRateUnit": more.pop("unit", "A"),
        "chargingSchedulePeriod": [{"startPeriod": start, "limit": limit} for start, limit in periods],
    }
    if kind == "Absolute":
        schedule["startSchedule"] = it.wall().isoformat()
    if "duration" in more:
        schedule["duration"] = more.pop("duration")
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
        **more,
    }


async def install(it: Bench, connector: int, said: dict[str, Any]) -> dict[str, Any]:
    return await it.central.ask("SetChargingProfile", connectorId=connector, csChargingProfiles=said)


async def schedule(it: Bench, duration: int, connector: int = 1, unit: str | None = "A") -> Periods:
    asked = {} if unit is None else {"chargingRateUnit": unit}
    answer = await it.central.ask("GetCompositeSchedule", connectorId=connector, duration=duration, **asked)
    assert answer["status"] == "Accepted"
    assert answer["chargingSchedule"]["duration"] == duration
    assert "startSchedule" not in answer["chargingSchedule"]
    return [(each["startPeriod"], each["limit"]) for each in answer["chargingSchedule"]["chargingSchedulePeriod"]]


def near(found: Periods, wanted: Periods, slack_s: int = 2) -> bool:
    return [limit for _, limit in found] == [limit for _, limit in wanted] and all(
        abs(start - other) <= slack_s for (start, _), (other, _) in zip(found, wanted, strict=True)
    )


@case(installation__current_a=32.0)
async def test_tc_056_cs(it: Bench) -> None:
    assert await install(it, 1, profile(it, 1, "TxDefaultProfile", [(0, 6.0)], duration=86_400)) == ACCEPTED
    assert await schedule(it, 300) == [(0, 6.0)]


@case(installation__current_a=32.0)
async def test_tc_056_cs_in_watts(it: Bench) -> None:
    assert await install(it, 1, profile(it, 1, "TxDefaultProfile", [(0, 6000.0)], duration=86_400, unit="W")) == ACCEPTED
    assert await schedule(it, 300, unit="W") == [(0, 6000.0)]


@case(installation__current_a=32.0)
async def test_tc_057_cs(it: Bench) -> None:
    transaction = await it.charging()
    said = profile(it, 1, "TxProfile", [(0, 6.0)], duration=86_400, transactionId=transaction)
    assert await install(it, 1, said) == ACCEPTED
    assert await schedule(it, 300) == [(0, 6.0)]
    await it.sleep(10.0)
    offered = it.station.books[1].effective() if it.station else None
    assert offered is not None
    assert (offered.current_a, offered.source) == (6.0, "charging profile of the backend")


@case()
async def test_tc_058_1_cs(it: Bench) -> None:
    assert await install(it, 1, profile(it, 1, "TxProfile", [(0, 6.0)], duration=86_400)) == REJECTED


@case()
async def test_tc_058_2_cs(it: Bench) -> None:
    transaction = await it.charging()
    assert await install(it, 1, profile(it, 1, "TxProfile", [(0, 6.0)], transactionId=transaction + 1)) == REJECTED


@case(installation__current_a=32.0)
async def test_tc_082_cs(it: Bench) -> None:
    await it.charging()
    assert await install(it, 1, profile(it, 1, "TxDefaultProfile", [(0, 6.0)], duration=86_400)) == ACCEPTED
    assert await schedule(it, 300) == [(0, 6.0)]


@case(installation__current_a=32.0)
async def test_tc_066_cs(it: Bench) -> None:
    transaction = await it.charging()
    assert await install(it, 0, profile(it, 1, "ChargePointMaxProfile", [(0, 10.0)], duration=86_400)) == ACCEPTED
    periods: Periods = [(0, 6.0), (60, 10.0), (120, 8.0), (180, 15.0), (260, 8.0)]
    assert await install(it, 1, profile(it, 2, "TxDefaultProfile", periods, duration=300)) == ACCEPTED
    periods = [(0, 8.0), (50, 11.0), (140, 16.0), (200, 6.0), (240, 12.0)]
    assert await install(it, 1, profile(it, 3, "TxProfile", periods, duration=260, transactionId=transaction)) == ACCEPTED
    found = await schedule(it, 400)
    assert near(found, [(0, 8.0), (50, 10.0), (200, 6.0), (240, 10.0)]), found


@case(installation__current_a=32.0)
async def test_tc_067_cs(it: Bench) -> None:
    await install(it, 0, profile(it, 1, "ChargePointMaxProfile", [(0, 10.0)], duration=86_400))
    await install(it, 1, profile(it, 2, "TxDefaultProfile", [(0, 7.0)], duration=86_400))
    await install(it, 1, profile(it, 3, "TxDefaultProfile", [(0, 6.0)], level=1, duration=86_400))
    assert await schedule(it, 60) == [(0, 6.0)]
    answer = await it.central.ask("ClearChargingProfile", chargingProfilePurpose="TxDefaultProfile", stackLevel=1)
    assert answer == ACCEPTED
    assert await schedule(it, 60) == [(0, 7.0)]
    assert await it.central.ask("ClearChargingProfile", id=2) == ACCEPTED
    assert await schedule(it, 60) == [(0, 10.0)]
    assert await it.central.ask("ClearChargingProfile") == ACCEPTED
    assert await schedule(it, 60) == [(0, 32.0)]
    assert await it.central.ask("ClearChargingProfile") == {"status": "Unknown"}


@case(installation__current_a=32.0)
async def test_tc_072_cs(it: Bench) -> None:
    await install(it, 1, profile(it, 1, "TxDefaultProfile", [(0, 6.0), (100, 8.0), (200, 10.0)], duration=86_400))
    await install(it, 1, profile(it, 2, "TxDefaultProfile", [(0, 7.0), (100, 9.0)], level=1, duration=150))
    found = await schedule(it, 350)
    assert near(found, [(0, 7.0), (100, 9.0), (150, 8.0), (200, 10.0)]), found


@case(installation__current_a=32.0)
async def test_tc_059_cs(it: Bench) -> None:
    it.plug()
    await it.central.status("Preparing")
    await it.remote_start(chargingProfile=profile(it, 5, "TxProfile", [(0, 7.0)], kind="Relative", duration=86_400))
    await it.central.expect("StartTransaction")
    await it.central.status("Charging")
    assert await schedule(it, 60) == [(0, 7.0)]


@case()
async def test_tc_060_cs(it: Bench) -> None:
    it.plug()
    await it.central.status("Preparing")
    wrong = profile(it, 5, "TxDefaultProfile", [(0, 7.0)], kind="Relative")
    assert await it.central.ask("RemoteStartTransaction", connectorId=1, idTag=CARD, chargingProfile=wrong) == REJECTED
    await it.central.silence("StartTransaction", for_s=10.0)


@case(installation__current_a=32.0)
async def test_x16_10(it: Bench) -> None:
    """Composite schedules: unknown connector, duration 0, the station, the other unit."""
    assert await it.central.ask("GetCompositeSchedule", connectorId=9, duration=60) == REJECTED
    await install(it, 1, profile(it, 1, "TxDefaultProfile", [(0, 10.0)], duration=86_400))
    assert await schedule(it, 0) == [(0, 10.0)]
    assert await schedule(it, 60, connector=0) == [(0, 10.0)]
    assert await schedule(it, 60, unit="W") == [(0, 6900.0)]


@case(installation__current_a=32.0)
async def test_profiles_survive_a_power_cut_and_those_of_a_transaction_end_with_it(it: Bench) -> None:
    await install(it, 1, profile(it, 1, "TxDefaultProfile", [(0, 9.0)], duration=86_400))
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification")
    assert await schedule(it, 60) == [(0, 9.0)]
    await it.central.status("Available")
    transaction = await it.charging()
    await install(it, 1, profile(it, 2, "TxProfile", [(0, 6.0)], transactionId=transaction))
    assert await schedule(it, 60) == [(0, 6.0)]
    await it.central.ask("RemoteStopTransaction", transactionId=transaction)
    await it.central.status("Finishing")
    await it.sleep(1.0)
    assert await schedule(it, 60) == [(0, 9.0)]


@case(installation__current_a=32.0)
async def test_less_than_6_a_pauses_and_more_goes_on(it: Bench) -> None:
    transaction = await it.charging()
    await install(it, 1, profile(it, 1, "TxProfile", [(0, 0.0), (60, 8.0)], transactionId=transaction))
    await it.central.status("SuspendedEVSE")
    await it.central.status("Charging", within_s=120.0)
    await it.central.silence("StopTransaction", for_s=5.0)


def daily(it: Bench, number: int, begins: str, periods: Periods, *, kind: str = "Daily", **more: Any) -> dict[str, Any]:
    said = profile(it, number, "TxDefaultProfile", periods, kind="Recurring", recurrencyKind=kind, **more)
    said["chargingSchedule"]["startSchedule"] = begins
    return said


@case(installation__current_a=32.0)
async def test_x16_11(it: Bench) -> None:
    """The bench's clock begins on Thursday, 1 January 2026, 00:00 UTC."""
    night = daily(it, 1, "2025-12-30T22:00:00Z", [(0, 16.0), (7500, 10.0)], duration=10_000)
    assert await install(it, 1, night) == ACCEPTED
    found = await schedule(it, 4000)  # since 22:00: 7200 s have passed at midnight; the schedule ends at 00:46:40
    assert near(found, [(0, 16.0), (300, 10.0), (2800, 32.0)]), found
    weekly = daily(it, 2, "2025-12-25T00:10:00Z", [(0, 8.0)], kind="Weekly", level=1, duration=600)
    assert await install(it, 1, weekly) == ACCEPTED
    found = await schedule(it, 4000)
    assert near(found, [(0, 16.0), (300, 10.0), (600, 8.0), (1200, 10.0), (2800, 32.0)]), found
    assert await it.central.ask("ClearChargingProfile") == ACCEPTED
    assert await install(it, 1, profile(it, 3, "TxDefaultProfile", [(0, 9.0)], validFrom="2026-01-01T00:10:00Z")) == ACCEPTED
    found = await schedule(it, 1200)
    assert near(found, [(0, 32.0), (600, 9.0)]), found
    without = daily(it, 4, "2026-01-01T00:00:00Z", [(0, 9.0)])
    del without["recurrencyKind"]
    assert await install(it, 1, without) == REJECTED
    assert await it.central.ask("ClearChargingProfile") == ACCEPTED
    assert await install(it, 1, profile(it, 5, "TxDefaultProfile", [(0, 9.0), (60, 7.0)], kind="Relative")) == ACCEPTED
    await it.sleep(600.0)
    await it.charging()
    found = await schedule(it, 300)
    assert near(found, [(0, 9.0), (60, 7.0)], slack_s=6), found


@case(installation__current_a=32.0, ocpp__time_zone="Europe/Berlin", start=datetime(2026, 3, 28, 20, tzinfo=UTC))
async def test_every_day_at_ten_stays_at_ten_when_summer_time_begins(it: Bench) -> None:
    """Clocks in Berlin go forward on 29 March 2026 at 01:00 UTC; ten in the evening is 21:00 UTC before and 20:00 UTC after."""
    assert await install(it, 1, daily(it, 1, "2026-01-01T21:00:00Z", [(0, 16.0)], duration=3600)) == ACCEPTED
    for connector in (1, 0):
        found = await schedule(it, 93_600, connector)
        assert near(found, [(0, 32.0), (3600, 16.0), (7200, 32.0), (86_400, 16.0), (90_000, 32.0)], slack_s=30), found


@case(installation__current_a=32.0, ocpp__time_zone="Europe/Berlin", start=datetime(2026, 3, 29, 19, 50, tzinfo=UTC))
async def test_a_connector_obeys_a_recurring_profile_by_its_own_zone(it: Bench) -> None:
    assert await install(it, 0, daily(it, 1, "2026-01-01T21:00:00Z", [(0, 16.0)], duration=3600)) == ACCEPTED
    await it.charging()
    assert it.station is not None
    effective = it.station.books[1].effective
    assert effective().current_a == 32.0
    await it.sleep(900.0)  # 20:05 UTC
    assert effective().current_a == 16.0
    assert it.kept is not None
    await it.kept.set({"ocpp.time_zone": "UTC"}, actor=INSTALLER)  # where ten is an hour away
    await it.sleep(90.0)
    assert effective().current_a == 32.0
