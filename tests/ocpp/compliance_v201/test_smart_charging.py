"""2.0.1: charging profiles."""

from __future__ import annotations

from typing import Any

from tests.ocpp.bench_v201 import Bench201, case


def profile(number: int = 1, purpose: str = "TxDefaultProfile", amperes: float = 10.0, **more: Any) -> dict:
    schedule = {"id": number, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amperes}]}
    return {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
        **more,
    }


async def put(it: Bench201, what: dict, evse: int = 1) -> str:
    answer = await it.central.ask("SetChargingProfile", evseId=evse, chargingProfile=what)
    status: str = answer["status"]
    return status


async def composite(it: Bench201, evse: int = 1, seconds: int = 600) -> list[dict]:
    answer = await it.central.ask("GetCompositeSchedule", duration=seconds, evseId=evse)
    assert answer["status"] == "Accepted"
    return answer["schedule"]["chargingSchedulePeriod"]


@case()
async def test_a_default_profile_limits_whoever_charges(it: Bench201) -> None:
    assert await put(it, profile()) == "Accepted"
    await it.charge()
    assert [each["limit"] for each in await composite(it)] == [10.0]


@case()
async def test_a_profile_of_a_transaction_needs_its_name(it: Bench201) -> None:
    assert await put(it, profile(purpose="TxProfile", transactionId="nobody's")) == "Rejected"
    name = await it.charge()
    assert await put(it, profile(2, purpose="TxProfile", amperes=8.0, transactionId="nobody's")) == "Rejected"
    assert await put(it, profile(2, purpose="TxProfile", amperes=8.0, transactionId=name)) == "Accepted"
    assert [each["limit"] for each in await composite(it)] == [8.0]
    await it.card()
    await it.event("Ended")
    await it.sleep(2.0)
    answer = await it.central.ask("GetChargingProfiles", requestId=1, chargingProfile={"chargingProfilePurpose": "TxProfile"})
    assert answer == {"status": "NoProfiles"}


@case()
async def test_nothing_to_offer_is_told_as_an_event(it: Bench201) -> None:
    await it.charge()
    assert await put(it, profile(amperes=0.0)) == "Accepted"
    waits = await it.event("Updated", triggerReason="ChargingStateChanged")
    assert waits.payload["transactionInfo"]["chargingState"] == "SuspendedEVSE"


@case()
async def test_the_limit_of_an_external_system_is_not_for_the_backend_to_set(it: Bench201) -> None:
    assert await put(it, profile(purpose="ChargingStationExternalConstraints"), evse=0) == "Rejected"


@case()
async def test_profiles_are_told_by_outlet_and_cleared_by_criteria(it: Bench201) -> None:
    assert await put(it, profile(1)) == "Accepted"
    assert (
        await put(it, profile(2, purpose="ChargingStationMaxProfile", amperes=12.0, chargingProfileKind="Absolute"), evse=0) == "Accepted"
    )
    assert await it.central.ask("GetChargingProfiles", requestId=3, chargingProfile={"stackLevel": 0}) == {"status": "Accepted"}
    parts = [await it.central.expect("ReportChargingProfiles", requestId=3) for _ in range(2)]
    assert {(each.payload["evseId"], each.payload["chargingProfile"][0]["id"]) for each in parts} == {(1, 1), (0, 2)}
    assert [each.payload["tbc"] for each in parts] == [True, False]
    assert await it.central.ask("ClearChargingProfile", chargingProfileId=1) == {"status": "Accepted"}
    assert await it.central.ask("ClearChargingProfile", chargingProfileId=1) == {"status": "Unknown"}
    criteria = {"chargingProfilePurpose": "ChargingStationMaxProfile"}
    assert await it.central.ask("ClearChargingProfile", chargingProfileCriteria=criteria) == {"status": "Accepted"}
    assert await it.central.ask("GetChargingProfiles", requestId=4, chargingProfile={"stackLevel": 0}) == {"status": "NoProfiles"}


@case()
async def test_an_unknown_outlet_has_no_composite_schedule(it: Bench201) -> None:
    assert (await it.central.ask("GetCompositeSchedule", duration=60, evseId=9))["status"] == "Rejected"


@case()
async def test_tc_k_38_a_profile_may_come_with_a_start(it: Bench201) -> None:
    await it.central.ask(
        "RequestStartTransaction",
        idToken={"idToken": "04A2B3C4D5E680", "type": "Central"},
        remoteStartId=1,
        evseId=1,
        chargingProfile=profile(5, purpose="TxProfile", amperes=9.0),
    )
    it.plug()
    await it.event("Started")
    await it.sleep(5.0)
    assert [each["limit"] for each in await composite(it)] == [9.0]
