"""2.0.1: charging profiles (functional block K): what is taken, refused, told, cleared, and what it comes to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.ocpp.bench import CARD, OTHER
from tests.ocpp.bench_v201 import Bench201, case

LOCAL_A = 16.0
"""What the station of the bench allows without any profile, A."""
DEFAULT, MAXIMUM, TX = "TxDefaultProfile", "ChargingStationMaxProfile", "TxProfile"


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def profile(
    it: Bench201,
    number: int = 1,
    purpose: str = DEFAULT,
    *periods: tuple[int, float],
    level: int = 0,
    kind: str = "Absolute",
    after_s: float = -2.0,
    schedule: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A profile as a tester sends it: it has begun two seconds ago, names its phases, and its schedule has a number of its own."""
    start = {} if kind == "Relative" else {"startSchedule": stamp(it.wall() + timedelta(seconds=after_s))}
    limits = [{"startPeriod": at, "limit": limit, "numberPhases": 3} for at, limit in periods or [(0, 6.0)]]
    return {
        "id": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [{"id": number + 500, "chargingRateUnit": "A", "chargingSchedulePeriod": limits, **start, **(schedule or {})}],
        **more,
    }


async def put(it: Bench201, what: dict[str, Any], evse: int = 1) -> str:
    answer = await it.central.ask("SetChargingProfile", evseId=evse, chargingProfile=what)
    status: str = answer["status"]
    return status


async def refused(it: Bench201, what: dict[str, Any], evse: int = 1) -> str:
    """The code with which a profile is refused."""
    answer = await it.central.ask("SetChargingProfile", evseId=evse, chargingProfile=what)
    assert answer["status"] == "Rejected"
    code: str = answer["statusInfo"]["reasonCode"]
    return code


async def composite(it: Bench201, evse: int = 1, seconds: int = 300, unit: str = "A") -> list[tuple[int, float]]:
    """What is allowed from now on: seconds, limits. The head of the answer is held against what was asked."""
    asked = it.wall()
    answer = await it.central.ask("GetCompositeSchedule", duration=seconds, evseId=evse, chargingRateUnit=unit)
    assert answer["status"] == "Accepted"
    found = answer["schedule"]
    assert (found["evseId"], found["duration"], found["chargingRateUnit"]) == (evse, seconds, unit)
    assert abs(datetime.fromisoformat(found["scheduleStart"]) - asked) <= timedelta(seconds=2)
    return [(each["startPeriod"], each["limit"]) for each in found["chargingSchedulePeriod"]]


def near(found: list[tuple[int, float]], wanted: list[tuple[int, float]], within_s: int = 4) -> bool:
    """The same limits in order, each at about its time."""
    return [each for _, each in found] == [each for _, each in wanted] and all(
        abs(one - other) <= within_s for (one, _), (other, _) in zip(found, wanted, strict=True)
    )


async def told(it: Bench201, *, evse: int | None = None, number: int = 11, **criteria: Any) -> dict[int, list[dict[str, Any]]]:
    """The profiles that are told for criteria, by outlet; every message but the last says that more follow."""
    where = {} if evse is None else {"evseId": evse}
    answer = await it.central.ask("GetChargingProfiles", requestId=number, chargingProfile=criteria, **where)
    if answer["status"] == "NoProfiles":
        return {}
    found: dict[int, list[dict[str, Any]]] = {}
    while True:
        part = await it.central.expect("ReportChargingProfiles", requestId=number)
        found.setdefault(part.payload["evseId"], []).extend(part.payload["chargingProfile"])
        assert part.payload["chargingLimitSource"] == "CSO"
        if not part.payload.get("tbc", False):
            return found


# -- K01: profiles are set ---------------------------------------------------------------------------------------------------------------


@case()
async def test_tc_k_01_cs(it: Bench201) -> None:
    mine = profile(it, schedule={"duration": 300})
    assert await put(it, mine) == "Accepted"
    assert await told(it, chargingProfileId=[1]) == {1: [mine]}


@case()
async def test_tc_k_02_cs(it: Bench201) -> None:
    assert await refused(it, profile(it, 2, TX, kind="Relative", transactionId="nobody's")) == "TxNotFound"
    assert await refused(it, profile(it, 2, TX, kind="Relative")) == "TxNotFound"


@case()
async def test_tc_k_03_cs(it: Bench201) -> None:
    mine = profile(it, purpose=MAXIMUM, schedule={"duration": 300})
    assert await put(it, mine, 0) == "Accepted"
    assert await told(it, chargingProfileId=[1]) == {0: [mine]}


@case()
async def test_tc_k_04_cs(it: Bench201) -> None:
    assert await put(it, profile(it)) == "Accepted"
    other = profile(it, 1, DEFAULT, (0, 10.0))
    assert await put(it, other) == "Accepted"
    assert await told(it, chargingProfilePurpose=DEFAULT) == {1: [other]}


@case()
async def test_tc_k_10_cs(it: Bench201) -> None:
    mine = profile(it, schedule={"duration": 300})
    assert await put(it, mine, 0) == "Accepted"
    assert await told(it, chargingProfileId=[1]) == {0: [mine]}
    assert near(await composite(it, seconds=200), [(0, 6.0)])


@case()
async def test_tc_k_11_cs(it: Bench201) -> None:
    name = await it.charge()
    assert await refused(it, profile(it, 1, TX, transactionId=name), 0) == "InvalidProfile"


@case()
async def test_tc_k_13_cs(it: Bench201) -> None:
    mine = profile(it, schedule={"duration": 300})
    assert await put(it, mine) == "Accepted"
    assert (await it.central.ask("Reset", type="Immediate"))["status"] == "Accepted"
    await it.central.expect("BootNotification", 120.0)
    assert await told(it, chargingProfileId=[1]) == {1: [mine]}


@case()
async def test_tc_k_14_cs(it: Bench201) -> None:
    assert await refused(it, profile(it), 2) == "UnknownEvse"


@case()
async def test_tc_k_16_cs(it: Bench201) -> None:
    await it.charge()
    assert await refused(it, profile(it, 1, TX, transactionId="nobody's")) == "TxNotFound"


@case()
async def test_tc_k_19_cs(it: Bench201) -> None:
    daily = profile(it, kind="Recurring", recurrencyKind="Daily", after_s=-60.0, schedule={"duration": 3600})
    assert await put(it, daily) == "Accepted"
    assert await told(it, chargingProfileId=[1]) == {1: [daily]}


@case()
async def test_tc_k_21_cs(it: Bench201) -> None:
    assert await put(it, profile(it, kind="Relative", validFrom=stamp(it.wall() + timedelta(seconds=300)))) == "Accepted"
    assert near(await composite(it, seconds=400), [(0, LOCAL_A), (300, 6.0)])


@case()
async def test_tc_k_22_cs(it: Bench201) -> None:
    assert await put(it, profile(it, validTo=stamp(it.wall() + timedelta(seconds=300)))) == "Accepted"
    assert near(await composite(it, seconds=400), [(0, 6.0), (300, LOCAL_A)])


@case()
async def test_tc_k_23_cs(it: Bench201) -> None:
    assert await put(it, profile(it, after_s=60.0)) == "Accepted"
    assert near(await composite(it), [(0, LOCAL_A), (60, 6.0)])


@case()
async def test_tc_k_28_cs(it: Bench201) -> None:
    await it.charge()
    assert await put(it, profile(it, schedule={"duration": 402})) == "Accepted"
    assert near(await composite(it), [(0, 6.0)])


@case()
async def test_tc_k_60_cs(it: Bench201) -> None:
    mine = profile(it, 1, TX, kind="Relative", transactionId=await it.charge())
    assert await put(it, mine) == "Accepted"
    assert await told(it, chargingProfileId=[1]) == {1: [mine]}
    await it.card()
    await it.event("Ended")
    await it.sleep(2.0)
    assert await told(it, chargingProfilePurpose=TX) == {}  # it goes with its transaction


@case()
async def test_what_makes_no_sense_is_refused_with_its_reason(it: Bench201) -> None:
    name = await it.charge()
    first_later = [{"startPeriod": 5, "limit": 6.0}]
    falling = [{"startPeriod": at, "limit": 6.0} for at in (0, 60, 30)]
    unnamed = profile(it, kind="Recurring", schedule={"duration": 60})
    for what, evse, reason in (
        (profile(it, purpose="ChargingStationExternalConstraints"), 0, "InvalidProfile"),  # K01.FR.22
        (profile(it, purpose=MAXIMUM), 1, "InvalidProfile"),
        (profile(it, purpose=MAXIMUM, kind="Relative"), 0, "InvalidProfile"),  # K01.FR.38
        (profile(it, purpose=TX), 1, "MissingParam"),  # K01.FR.03
        (profile(it, transactionId=name), 1, "InvalidProfile"),
        (profile(it, level=100), 1, "InvalidStackLevel"),
        (unnamed, 1, "MissingParam"),
        (profile(it, schedule={"chargingSchedulePeriod": first_later}), 1, "InvalidSchedule"),  # K01.FR.31
        (profile(it, schedule={"chargingSchedulePeriod": falling}), 1, "InvalidSchedule"),  # K01.FR.35
        (profile(it, kind="Relative", schedule={"startSchedule": stamp(it.wall())}), 1, "InvalidSchedule"),  # K01.FR.41
        (
            profile(it, schedule={"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0, "numberPhases": 1, "phaseToUse": 2}]}),
            1,
            "UnsupportedParam",  # K01.FR.20: ACPhaseSwitchingSupported is absent
        ),
        (profile(it, validFrom=stamp(it.wall()), validTo=stamp(it.wall() - timedelta(hours=1))), 1, "InvalidProfile"),
    ):
        assert await refused(it, what, evse) == reason, what
    startless = profile(it)
    del startless["chargingSchedule"][0]["startSchedule"]
    assert await refused(it, startless) == "InvalidSchedule"  # K01.FR.40
    assert await told(it, stackLevel=0) == {}


@case()
async def test_no_two_profiles_hold_the_same_level_at_the_same_time(it: Bench201) -> None:
    soon = stamp(it.wall() + timedelta(seconds=60))
    assert await put(it, profile(it, 1, validTo=soon)) == "Accepted"
    assert await refused(it, profile(it, 2)) == "DuplicateProfile"  # K01.FR.06
    assert await refused(it, profile(it, 2), 0) == "DuplicateProfile"  # K01.FR.52
    assert await put(it, profile(it, 2, validFrom=soon)) == "Accepted"
    assert await put(it, profile(it, 3, level=1), 0) == "Accepted"
    assert await refused(it, profile(it, 4, level=1)) == "DuplicateProfile"  # K01.FR.53
    assert await it.central.ask("ClearChargingProfile", chargingProfileId=2) == {"status": "Accepted"}
    await it.sleep(70.0)
    assert await put(it, profile(it, 5)) == "Accepted"  # the first one is over
    name = await it.charge()
    later = stamp(it.wall() + timedelta(hours=1))
    assert await put(it, profile(it, 6, TX, transactionId=name, validTo=later)) == "Accepted"
    assert await refused(it, profile(it, 7, TX, transactionId=name, validFrom=later)) == "DuplicateProfile"  # K01.FR.39


@case()
async def test_profiles_set_at_one_time_are_obeyed_by_the_connector(it: Bench201) -> None:
    await it.charge()
    assert await put(it, profile(it, 1, DEFAULT, (0, 0.0), (62, 16.0))) == "Accepted"
    waits = await it.event("Updated", triggerReason="ChargingStateChanged")
    assert waits.payload["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    again = await it.event("Updated", transactionInfo=lambda info: info.get("chargingState") == "Charging")
    assert 50.0 <= again.at_s - waits.at_s <= 75.0


# -- K05: a start brings its profile along -----------------------------------------------------------------------------------------------


async def start(it: Bench201, what: dict[str, Any], tag: str = CARD) -> dict[str, Any]:
    token = {"idToken": tag, "type": "Central"}
    return await it.central.ask("RequestStartTransaction", idToken=token, remoteStartId=1, evseId=1, chargingProfile=what)


@case()
async def test_tc_k_37_38_cs(it: Bench201) -> None:
    mine = profile(it, 5, TX, (0, 9.0), kind="Relative")
    assert (await start(it, mine))["status"] == "Accepted"
    it.plug()
    name = (await it.event("Started")).payload["transactionInfo"]["transactionId"]
    await it.sleep(5.0)
    assert near(await composite(it), [(0, 9.0)])
    assert await told(it, chargingProfileId=[5]) == {1: [{**mine, "transactionId": name}]}


@case()
async def test_a_start_takes_a_profile_of_its_transaction_only(it: Bench201) -> None:
    for what in (profile(it, 5), profile(it, 5, TX, transactionId="nobody's"), profile(it, 5, TX, (3, 9.0))):
        answer = await start(it, what)
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] in {"InvalidProfile", "InvalidSchedule"}
    it.plug()
    await it.central.silence("TransactionEvent", for_s=30.0)


@case(connector__plug_in_s=20.0)
async def test_the_profile_of_a_start_that_nobody_came_for_is_nobodys(it: Bench201) -> None:
    assert (await start(it, profile(it, 5, TX, (0, 9.0), kind="Relative"), OTHER))["status"] == "Accepted"
    await it.sleep(60.0)
    it.plug()
    await it.card()
    began = await it.event("Started")
    assert "remoteStartId" not in began.payload["transactionInfo"]
    await it.sleep(5.0)
    assert near(await composite(it), [(0, LOCAL_A)])
    assert await told(it, stackLevel=0) == {}


# -- K08: the composite schedule ----------------------------------------------------------------------------------------------------------


@case()
async def test_tc_k_39_cs(it: Bench201) -> None:
    assert [at for at, _ in await composite(it, 0)] == [0]
    assert near(await composite(it), [(0, LOCAL_A)])


@case()
async def test_tc_k_40_cs(it: Bench201) -> None:
    assert await put(it, profile(it, 1, DEFAULT, (0, 6.0), (100, 8.0), (200, 10.0), schedule={"duration": 400})) == "Accepted"
    assert await put(it, profile(it, 2, DEFAULT, (0, 7.0), (100, 9.0), level=1, schedule={"duration": 150})) == "Accepted"
    assert near(await composite(it, seconds=350), [(0, 7.0), (100, 9.0), (150, 8.0), (200, 10.0)])


@case()
async def test_tc_k_41_cs(it: Bench201) -> None:
    """In 2.0.1 the default counts again once the transaction's own profile has run out; in 1.6 it does not."""
    name = await it.charge()
    default = ((0, 6.0), (60, 10.0), (120, 8.0), (180, 15.0), (260, 8.0))
    own = ((0, 8.0), (50, 11.0), (140, 16.0), (200, 6.0), (240, 12.0))
    assert await put(it, profile(it, 1, MAXIMUM, (0, 10.0), schedule={"duration": 86_400}), 0) == "Accepted"
    assert await put(it, profile(it, 2, DEFAULT, *default, schedule={"duration": 300})) == "Accepted"
    assert await put(it, profile(it, 3, TX, *own, schedule={"duration": 260}, transactionId=name)) == "Accepted"
    wanted = [(0, 8.0), (50, 10.0), (200, 6.0), (240, 10.0), (260, 8.0), (300, 10.0)]
    assert near(await composite(it, seconds=400), wanted)


@case()
async def test_tc_k_47_cs(it: Bench201) -> None:
    answer = await it.central.ask("GetCompositeSchedule", duration=300, evseId=9)
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}}


@case()
async def test_a_limit_in_watts_is_a_current_per_phase_and_comes_back_as_it_was(it: Bench201) -> None:
    watts = profile(it, 1, DEFAULT, (0, 6900.0), schedule={"chargingRateUnit": "W"})
    assert await put(it, watts) == "Accepted"
    assert near(await composite(it), [(0, 10.0)])  # K01.FR.50: 6900 W / (230 V · 3)
    assert near(await composite(it, unit="W"), [(0, 6900.0)])


# -- K09: profiles are told ---------------------------------------------------------------------------------------------------------------


async def several(it: Bench201) -> dict[str, dict[str, Any]]:
    """One profile of each purpose; the default of the outlet at another level."""
    name = await it.charge()
    made = {
        "max": profile(it, 1, MAXIMUM),
        "default": profile(it, 2, DEFAULT, level=1),
        "tx": profile(it, 3, TX, transactionId=name),
    }
    assert await put(it, made["max"], 0) == "Accepted"
    assert await put(it, made["default"]) == "Accepted"
    assert await put(it, made["tx"]) == "Accepted"
    return made


@case()
async def test_tc_k_29_cs(it: Bench201) -> None:
    made = await several(it)
    assert await told(it, evse=0, chargingLimitSource=["CSO"]) == {0: [made["max"]]}


@case()
async def test_tc_k_30_cs(it: Bench201) -> None:
    made = await several(it)
    assert await told(it, evse=1, chargingLimitSource=["CSO"]) == {1: [made["default"], made["tx"]]}


@case()
async def test_tc_k_31_cs(it: Bench201) -> None:
    made = await several(it)
    assert await told(it, chargingLimitSource=["CSO", "EMS"]) == {0: [made["max"]], 1: [made["default"], made["tx"]]}


@case()
async def test_tc_k_32_cs(it: Bench201) -> None:
    made = await several(it)
    assert await told(it, chargingProfileId=[3, 1, 99]) == {0: [made["max"]], 1: [made["tx"]]}
    assert await told(it, number=12, chargingProfileId=[99]) == {}


@case()
async def test_tc_k_33_cs(it: Bench201) -> None:
    made = await several(it)
    assert await told(it, evse=1, stackLevel=1) == {1: [made["default"]]}


@case()
async def test_tc_k_34_cs(it: Bench201) -> None:
    await several(it)
    assert await told(it, evse=1, chargingLimitSource=["SO"]) == {}
    assert set(await told(it, evse=1, number=12, chargingLimitSource=["CSO"])) == {1}


@case()
async def test_tc_k_35_cs(it: Bench201) -> None:
    made = await several(it)
    assert await told(it, evse=1, chargingProfilePurpose=TX) == {1: [made["tx"]]}


@case()
async def test_tc_k_36_cs(it: Bench201) -> None:
    made = await several(it)
    assert await told(it, evse=1, chargingProfilePurpose=DEFAULT, stackLevel=1) == {1: [made["default"]]}
    assert await told(it, evse=1, number=12, chargingProfilePurpose=DEFAULT, stackLevel=0) == {}


async def numbers(it: Bench201) -> set[int]:
    """The ids of everything that the backend has set."""
    found = await told(it, chargingLimitSource=["CSO"])
    return {each["id"] for profiles in found.values() for each in profiles}


# -- K10: profiles are cleared ------------------------------------------------------------------------------------------------------------


async def cleared(it: Bench201, number: int | None = None, **criteria: Any) -> str:
    asked: dict[str, Any] = {} if number is None else {"chargingProfileId": number}
    answer = await it.central.ask("ClearChargingProfile", **asked, **({"chargingProfileCriteria": criteria} if criteria else {}))
    status: str = answer["status"]
    return status


@case()
async def test_tc_k_05_cs(it: Bench201) -> None:
    assert await put(it, profile(it)) == "Accepted"
    assert await cleared(it, 1) == "Accepted"
    assert await told(it, chargingProfileId=[1]) == {}


@case()
async def test_tc_k_06_cs(it: Bench201) -> None:
    await several(it)
    assert await cleared(it, chargingProfilePurpose=DEFAULT, stackLevel=1, evseId=1) == "Accepted"
    assert await numbers(it) == {1, 3}


@case()
async def test_tc_k_07_cs(it: Bench201) -> None:
    await several(it)
    assert await cleared(it, chargingProfilePurpose=DEFAULT, stackLevel=7) == "Unknown"
    assert await numbers(it) == {1, 2, 3}


@case()
async def test_tc_k_08_cs(it: Bench201) -> None:
    assert await cleared(it, 1) == "Unknown"


@case()
async def test_tc_k_09_cs(it: Bench201) -> None:
    await it.charge()
    assert await put(it, profile(it, 1, DEFAULT, (0, 8.0))) == "Accepted"
    assert near(await composite(it), [(0, 8.0)])
    assert await cleared(it, 1) == "Accepted"
    assert near(await composite(it), [(0, LOCAL_A)])


@case()
async def test_tc_k_24_cs(it: Bench201) -> None:
    later = stamp(it.wall() + timedelta(hours=1))
    assert await put(it, profile(it, 1, validTo=later)) == "Accepted"
    assert await put(it, profile(it, 2, validFrom=later)) == "Accepted"
    assert await put(it, profile(it, 3, level=1)) == "Accepted"
    assert await cleared(it, chargingProfilePurpose=DEFAULT, stackLevel=0) == "Accepted"
    assert await numbers(it) == {3}


@case()
async def test_limits_of_others_are_not_for_the_backend_to_clear(it: Bench201) -> None:
    assert await cleared(it, chargingProfilePurpose="ChargingStationExternalConstraints") == "Unknown"
