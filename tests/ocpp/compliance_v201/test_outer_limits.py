"""2.0.1: limits that others set on the station: told when they come, change and go (K11 to K13), and among the profiles (K09)."""

from __future__ import annotations

from tests.ocpp.bench_v201 import Bench201, case

EMS, GRID = "energy manager", "grid operator"


def limit(it: Bench201, source: str, current_a: float | None) -> None:
    """Somebody sets a limit, or withdraws it."""
    assert it.station is not None
    book = it.station.books[1]
    if current_a is None:
        book.withdraw(source)
    else:
        book.set(source, current_a)


@case()
async def test_a_limit_without_a_transaction_is_told_and_its_end_too(it: Bench201) -> None:  # K12, K13
    limit(it, EMS, 10.0)
    told = await it.central.expect("NotifyChargingLimit", 15.0, evseId=1)
    assert told.payload == {"evseId": 1, "chargingLimit": {"chargingLimitSource": "EMS"}}
    limit(it, GRID, 8.0)
    await it.central.expect("NotifyChargingLimit", 15.0, chargingLimit={"chargingLimitSource": "SO"})
    limit(it, EMS, None)
    gone = await it.central.expect("ClearedChargingLimit", 15.0)
    assert gone.payload == {"evseId": 1, "chargingLimitSource": "EMS"}
    await it.central.silence("NotifyChargingLimit", "ClearedChargingLimit", "TransactionEvent", for_s=30.0)


@case()
async def test_how_much_is_allowed_is_told_where_the_backend_wants_it(it: Bench201) -> None:  # K12.FR.03
    assert await it.put("SmartChargingCtrlr", "NotifyChargingLimitWithSchedules", "true") == "Accepted"
    limit(it, EMS, 10.0)
    told = await it.central.expect("NotifyChargingLimit", 15.0)
    (schedule,) = told.payload["chargingSchedule"]
    assert (schedule["chargingRateUnit"], schedule["chargingSchedulePeriod"]) == ("A", [{"startPeriod": 0, "limit": 10.0}])


@case()
async def test_only_what_is_significant_is_told(it: Bench201) -> None:
    assert await it.put("SmartChargingCtrlr", "LimitChangeSignificance", "20") == "Accepted"
    limit(it, EMS, 10.0)
    await it.central.expect("NotifyChargingLimit", 15.0)
    limit(it, EMS, 11.5)
    await it.central.silence("NotifyChargingLimit", for_s=20.0)
    limit(it, EMS, 13.0)  # 30 % more than what was told
    await it.central.expect("NotifyChargingLimit", 15.0)
    assert await it.put("SmartChargingCtrlr", "LimitChangeSignificance", "101") == "Rejected"


@case()
async def test_a_transaction_says_that_its_rate_has_changed(it: Bench201) -> None:  # K11.FR.03, K13.FR.03
    name = await it.charge()
    limit(it, EMS, 8.0)
    await it.central.expect("NotifyChargingLimit", 15.0)
    changed = await it.event("Updated", 15.0, triggerReason="ChargingRateChanged")
    assert changed.payload["transactionInfo"] == {"transactionId": name, "chargingState": "Charging"}
    limit(it, EMS, None)
    await it.central.expect("ClearedChargingLimit", 15.0)
    await it.event("Updated", 20.0, triggerReason="ChargingRateChanged")
    await it.card()
    await it.event("Ended")
    numbers = [each.payload["seqNo"] for each in it.central.heard if each.action == "TransactionEvent"]
    assert numbers == list(range(len(numbers)))


@case()
async def test_what_the_backend_itself_changes_is_no_change_from_outside(it: Bench201) -> None:
    await it.charge()
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}]}
    profile = {
        "id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    }  # fmt: skip
    assert (await it.central.ask("SetChargingProfile", evseId=1, chargingProfile=profile))["status"] == "Accepted"
    await it.central.silence("TransactionEvent", "NotifyChargingLimit", for_s=30.0)


@case()
async def test_limits_from_outside_stand_among_the_profiles_and_are_not_the_backends(it: Bench201) -> None:  # K09, K01.FR.05, K10.FR.06
    limit(it, EMS, 10.0)
    await it.central.expect("NotifyChargingLimit", 15.0)
    purpose = {"chargingProfilePurpose": "ChargingStationExternalConstraints"}
    assert await it.central.ask("GetChargingProfiles", requestId=3, chargingProfile=purpose) == {"status": "Accepted"}
    told = (await it.central.expect("ReportChargingProfiles", requestId=3)).payload
    assert (told["chargingLimitSource"], told["evseId"], told["tbc"]) == ("EMS", 1, False)
    (found,) = told["chargingProfile"]
    assert found["chargingSchedule"][0]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 10.0}]
    assert await it.central.ask("GetChargingProfiles", requestId=4, chargingProfile={"chargingLimitSource": ["SO", "CSO"]}) == {
        "status": "NoProfiles"
    }
    mine = {**found, "chargingProfilePurpose": "TxDefaultProfile"}
    answer = await it.central.ask("SetChargingProfile", evseId=1, chargingProfile=mine)
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "DuplicateProfile")
    assert (await it.central.ask("ClearChargingProfile", chargingProfileId=found["id"]))["status"] == "Unknown"
    answer = await it.central.ask("GetCompositeSchedule", duration=60, evseId=1)
    assert [each["limit"] for each in answer["schedule"]["chargingSchedulePeriod"]] == [10.0]


@case()
async def test_a_limit_of_a_time_without_connection_is_told_after_it(it: Bench201) -> None:
    await it.central.hang_up(and_stay_away=True)
    limit(it, EMS, 12.0)
    await it.sleep(30.0)
    limit(it, EMS, 10.0)
    await it.sleep(30.0)
    it.central.listens = True
    await it.central.expect("NotifyChargingLimit", 90.0)
    await it.central.silence("NotifyChargingLimit", for_s=30.0)
