"""2.0.1: the variables that the specification requires (part 2, "Referenced components and variables"), with what it says of each."""

from __future__ import annotations

import pytest
from attrs import frozen

from tests.ocpp.bench_v201 import Bench201, case
from tests.ocpp.compliance_v201.test_provisioning import report

RO, RW = {"ReadOnly"}, {"ReadWrite"}
EITHER = RO | RW


@frozen
class Required:
    """One row: where, what, what kind of value, who may do what, its unit; whether it needs an upper limit, or the list of its values."""

    component: str
    variable: str
    data: str
    access: frozenset[str]
    unit: str | None = None
    limited: bool = False
    listed: bool = False


def row(where: str, data: str, access: set[str], unit: str | None = None, *, limited: bool = False, listed: bool = False) -> Required:
    component, _, variable = where.partition(".")
    return Required(component, variable, data, frozenset(access), unit, limited, listed)


ROWS = [
    row("AlignedDataCtrlr.Interval", "integer", RW, "s"),
    row("AlignedDataCtrlr.Measurands", "MemberList", RW, listed=True),
    row("AlignedDataCtrlr.TxEndedInterval", "integer", RW, "s"),
    row("AlignedDataCtrlr.TxEndedMeasurands", "MemberList", RW, listed=True),
    row("AuthCtrlr.AuthorizeRemoteStart", "boolean", EITHER),
    row("AuthCtrlr.LocalAuthorizeOffline", "boolean", RW),
    row("AuthCtrlr.LocalPreAuthorize", "boolean", RW),
    row("ChargingStation.AvailabilityState", "OptionList", RO, listed=True),
    row("ChargingStation.Available", "boolean", RO),
    row("ChargingStation.SupplyPhases", "integer", RO),
    row("ClockCtrlr.DateTime", "dateTime", RO),
    row("ClockCtrlr.TimeSource", "SequenceList", EITHER, listed=True),
    row("Connector.AvailabilityState", "OptionList", RO, listed=True),
    row("Connector.Available", "boolean", RO),
    row("Connector.ConnectorType", "string", RO),
    row("Connector.SupplyPhases", "integer", RO),
    *(
        row(f"DeviceDataCtrlr.{what}/{message}", "integer", RO)
        for what in ("BytesPerMessage", "ItemsPerMessage")
        for message in ("GetReport", "GetVariables", "SetVariables")
    ),
    row("EVSE.AvailabilityState", "OptionList", RO, listed=True),
    row("EVSE.Available", "boolean", RO),
    row("EVSE.Power", "decimal", RO, "W", limited=True),
    row("EVSE.SupplyPhases", "integer", RO),
    row("LocalAuthListCtrlr.BytesPerMessage", "integer", RO),
    row("LocalAuthListCtrlr.Entries", "integer", RO, limited=True),
    row("LocalAuthListCtrlr.ItemsPerMessage", "integer", RO),
    row("OCPPCommCtrlr.FileTransferProtocols", "MemberList", RO, listed=True),
    row("OCPPCommCtrlr.MessageAttemptInterval/TransactionEvent", "integer", RW, "s"),
    row("OCPPCommCtrlr.MessageAttempts/TransactionEvent", "integer", RW),
    row("OCPPCommCtrlr.MessageTimeout/Default", "integer", EITHER, "s"),
    row("OCPPCommCtrlr.NetworkConfigurationPriority", "SequenceList", RW, listed=True),
    row("OCPPCommCtrlr.NetworkProfileConnectionAttempts", "integer", RW),
    row("OCPPCommCtrlr.OfflineThreshold", "integer", RW, "s"),
    row("OCPPCommCtrlr.ResetRetries", "integer", RW),
    row("OCPPCommCtrlr.RetryBackOffRandomRange", "integer", RW, "s"),
    row("OCPPCommCtrlr.RetryBackOffRepeatTimes", "integer", RW),
    row("OCPPCommCtrlr.RetryBackOffWaitMinimum", "integer", RW, "s"),
    row("OCPPCommCtrlr.UnlockOnEVSideDisconnect", "boolean", EITHER),
    row("SampledDataCtrlr.TxEndedInterval", "integer", RW, "s"),
    row("SampledDataCtrlr.TxEndedMeasurands", "MemberList", RW, listed=True),
    row("SampledDataCtrlr.TxStartedMeasurands", "MemberList", EITHER, listed=True),
    row("SampledDataCtrlr.TxUpdatedInterval", "integer", RW, "s"),
    row("SampledDataCtrlr.TxUpdatedMeasurands", "MemberList", RW, listed=True),
    row("SecurityCtrlr.CertificateEntries", "integer", RO, limited=True),
    row("SecurityCtrlr.OrganizationName", "string", RW),
    row("SecurityCtrlr.SecurityProfile", "integer", RO),
    row("SmartChargingCtrlr.Entries/ChargingProfiles", "integer", RO, limited=True),
    row("SmartChargingCtrlr.LimitChangeSignificance", "decimal", RW, "Percent"),
    row("SmartChargingCtrlr.PeriodsPerSchedule", "integer", RO),
    row("SmartChargingCtrlr.ProfileStackLevel", "integer", RO),
    row("SmartChargingCtrlr.RateUnit", "MemberList", RO, listed=True),
    row("TxCtrlr.EVConnectionTimeOut", "integer", RW, "s"),
    row("TxCtrlr.StopTxOnEVSideDisconnect", "boolean", EITHER),
    row("TxCtrlr.StopTxOnInvalidId", "boolean", EITHER),
    row("TxCtrlr.TxStartPoint", "MemberList", EITHER, listed=True),
    row("TxCtrlr.TxStopPoint", "MemberList", EITHER, listed=True),
]
PLACES = {"EVSE": {"id": 1}, "Connector": {"id": 1, "connectorId": 1}}


def named(told: dict) -> tuple[str, str]:
    instance = told["variable"].get("instance")
    return told["component"]["name"], told["variable"]["name"] + (f"/{instance}" if instance else "")


def judge(wanted: Required, told: dict) -> list[str]:
    """What is wrong with a variable as a report has it."""
    said, has = told["variableCharacteristics"], told["variableAttribute"][0]
    wrong = []
    if told["component"].get("evse") != PLACES.get(wanted.component):
        wrong.append(f"it is told of {told['component']}")
    if said["dataType"] != wanted.data:
        wrong.append(f"a {said['dataType']}, and not a {wanted.data}")
    if has["mutability"] not in wanted.access:
        wrong.append(f"{has['mutability']}, and not {sorted(wanted.access)}")
    if said.get("unit") != wanted.unit:
        wrong.append(f"in {said.get('unit')}, and not in {wanted.unit}")
    if wanted.limited and "maxLimit" not in said:
        wrong.append("without a limit")
    if wanted.listed and not said.get("valuesList"):
        wrong.append("without a list of its values")
    values = [each for each in has["value"].split(",") if each]
    if wanted.listed and said.get("valuesList") and not set(values) <= set(said["valuesList"].split(",")):
        wrong.append(f"{has['value']} is not of {said['valuesList']}")
    return [f"{wanted.component}.{wanted.variable}: {each}" for each in wrong]


@pytest.mark.parametrize("outlet", ["socket", "tethered"])
def test_every_required_variable_is_as_the_specification_has_it(outlet: str) -> None:
    @case(boards=(outlet,))
    async def story(it: Bench201) -> None:
        told = {named(each): each for each in await report(it, "FullInventory")}
        missing = [each for each in ROWS if (each.component, each.variable) not in told]
        assert not missing
        assert not [words for each in ROWS for words in judge(each, told[each.component, each.variable])]
        assert not [each for each in told.values() if each["variableCharacteristics"]["supportsMonitoring"]]

    story(outlet)


@case()
async def test_what_may_be_written_takes_what_it_tells(it: Bench201) -> None:
    """Every variable that may be read and written takes its own value back: nothing is told that could not be set."""
    for told in await report(it, "ConfigurationInventory"):
        component, variable, has = told["component"], told["variable"], told["variableAttribute"][0]
        if has["mutability"] != "ReadWrite" or not has["value"]:
            continue
        data = [{"component": component, "variable": variable, "attributeValue": has["value"]}]
        answer = await it.central.ask("SetVariables", setVariableData=data)
        assert answer["setVariableResult"][0]["attributeStatus"] in {"Accepted", "RebootRequired"}, named(told)


@case(boards=("double",))
async def test_a_problem_is_told_where_it_is_and_of_the_station(it: Bench201) -> None:
    async def problems() -> list[str]:
        return [(await it.get(where, "Problem"))["attributeValue"] for where in ("ChargingStation", "EVSE:1", "Connector:1.1", "EVSE:2")]

    assert await problems() == ["false"] * 4
    it.simulation.plant.outlet(1).welded.set(True)
    assert it.station is not None
    it.station.connectors[1].restart("look again: the contactor hangs")
    await it.standing("Faulted", 1)
    assert await problems() == ["true", "true", "true", "false"]
    it.simulation.plant.outlet(1).welded.set(False)
