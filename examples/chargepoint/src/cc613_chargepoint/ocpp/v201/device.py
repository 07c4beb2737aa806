"""What a backend asks about the device model: variables, reports, the start, and messages out of turn (functional blocks B, F and N)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.trust.network_profiles import HOME, NetworkProfile
from cc613_chargepoint.ocpp.engine.version import Handler
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.messages.v201_provisioning import (
    DataTransfer,
    DataTransferResponse,
    GetBaseReport,
    GetBaseReportResponse,
    GetReport,
    GetReportResponse,
    GetVariables,
    GetVariablesResponse,
    NotifyReport,
    NotifyReportResponse,
    SetNetworkProfile,
    SetNetworkProfileResponse,
    SetVariables,
    SetVariablesResponse,
    TriggerMessage,
    TriggerMessageResponse,
)
from cc613_chargepoint.ocpp.messages.v201_transactions import MeterValuesResponse
from cc613_chargepoint.ocpp.messages.v201_types import ComponentVariable, NetworkConnectionProfile, ReportData, StatusInfo
from cc613_chargepoint.ocpp.messages.v201_words import ComponentCriterion
from cc613_chargepoint.ocpp.rpc import CallFailed, ErrorCode, Reply
from cc613_chargepoint.ocpp.v201 import words
from cc613_chargepoint.ocpp.v201.inventory import ITEMS_PER_MESSAGE
from cc613_chargepoint.ocpp.v201.model import Modelled
from cc613_chargepoint.settings import ocpp

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.v201.version import V201

__all__ = ["Device"]

PART = 20
"""Variables in one NotifyReport: about 8 kB, which no backend should mind."""


class Device:
    """Carries it out.

    Args:
        engine: knows the station.
        version: says what is asked for.
    """

    def __init__(self, engine: Engine, version: V201) -> None:
        self._engine, self._version = engine, version

    def handlers(self) -> Mapping[str, Handler]:
        """Action → who carries it out."""
        return {
            "DataTransfer": self._data_transfer,
            "GetBaseReport": self._base_report,
            "GetReport": self._report,
            "GetVariables": self._get,
            "SetNetworkProfile": self._set_network_profile,
            "SetVariables": self._set,
            "TriggerMessage": self._trigger,
        }

    async def _data_transfer(self, request: DataTransfer) -> Reply:
        del request
        return Reply(encoded(DataTransferResponse(status="UnknownVendorId")))

    async def _get(self, request: GetVariables) -> Reply:
        self._few_enough(request.get_variable_data)
        results = tuple(self._version.model.get(each) for each in request.get_variable_data)
        return Reply(encoded(GetVariablesResponse(get_variable_result=results)))

    async def _set(self, request: SetVariables) -> Reply:
        self._few_enough(request.set_variable_data)
        written = [await self._version.model.set(each) for each in request.set_variable_data]
        payload = encoded(SetVariablesResponse(set_variable_result=tuple(each.result for each in written)))
        secret = any(each.key == ocpp.PASSWORD.key for each in written) and self._engine.settings.get(ocpp.SECURITY_PROFILE) in {1, 2}
        return Reply(payload, self._engine.reconnect if secret else None)

    @staticmethod
    def _few_enough(asked: Sequence[object]) -> None:
        if len(asked) > ITEMS_PER_MESSAGE:
            raise CallFailed(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"at most {ITEMS_PER_MESSAGE} variables may be asked for at once")

    async def _set_network_profile(self, request: SetNetworkProfile) -> Reply:
        refused = self._objection(request.configuration_slot, request.connection_data)
        if refused is not None:
            info = StatusInfo(reason_code=refused[0], additional_info=refused[1])
            return Reply(encoded(SetNetworkProfileResponse(status="Rejected", status_info=info)))
        said = request.connection_data
        profile = NetworkProfile(slot=request.configuration_slot, url=said.ocpp_csms_url, security_profile=said.security_profile)
        await self._engine.profiles.keep(profile)
        return Reply(encoded(SetNetworkProfileResponse(status="Accepted")))

    def _objection(self, slot: int, said: NetworkConnectionProfile) -> tuple[str, str] | None:
        """What speaks against a network profile, as a reason code (part 2, appendix 5) and in words."""
        present = self._engine.settings.get(ocpp.SECURITY_PROFILE)
        security = self._engine.security
        raised = security.profile_refused(said.security_profile) if security is not None and said.security_profile > present else None
        reasons = (
            (slot == HOME, "InvalidConfSlot", "slot 0 is the address that was set at the station"),
            (
                said.ocpp_transport != "JSON" or said.ocpp_version not in {"OCPP16", "OCPP20"},
                "InvalidNetworkConf",
                "only 1.6 and 2.0.1 over JSON are spoken",
            ),
            (
                re.fullmatch(r"wss?://[^\s/@#]+(/[^\s#]*)?", said.ocpp_csms_url) is None,
                "InvalidNetworkConf",
                "this is no address of a WebSocket",
            ),
            (
                said.security_profile >= 2 and not said.ocpp_csms_url.startswith("wss:"),
                "InvalidNetworkConf",
                "this security profile needs wss://",
            ),
            (said.security_profile < present, "NoSecurityDowngrade", "a lower security profile than the present one"),
            (raised is not None, "InvalidNetworkConf", raised or ""),
            (said.vpn is not None or said.apn is not None, "UnsupportedParam", "tunnels and mobile networks are not set by backends here"),
        )
        return next(((code, words) for holds, code, words in reasons if holds), None)

    # -- reports ----------------------------------------------------------------------------------------------------------------------

    async def _base_report(self, request: GetBaseReport) -> Reply:
        if request.report_base == "SummaryInventory":
            found = self._version.model.chosen(_of_summary)
        else:
            found = self._version.model.report(writable_only=request.report_base == "ConfigurationInventory")
        return Reply(encoded(GetBaseReportResponse(status="Accepted")), lambda: self._tell(request.request_id, found))

    async def _report(self, request: GetReport) -> Reply:
        criteria, asked = request.component_criteria or (), request.component_variable or ()
        self._few_enough(asked)
        meets = _meeting(self._version.model.all(), criteria)
        found = self._version.model.chosen(lambda each: meets(each) and (not asked or any(_is(each, which) for which in asked)))
        if not found:
            return Reply(encoded(GetReportResponse(status="EmptyResultSet")))
        return Reply(encoded(GetReportResponse(status="Accepted")), lambda: self._tell(request.request_id, found))

    async def _tell(self, request: int, found: Sequence[ReportData]) -> None:
        at = self._engine.clock.wall()
        parts = [found[start : start + PART] for start in range(0, len(found), PART)] or [()]
        for number, part in enumerate(parts):
            report = NotifyReport(
                request_id=request, generated_at=at, seq_no=number, report_data=tuple(part) or None, tbc=number + 1 < len(parts)
            )
            await self._version.call(report, NotifyReportResponse)

    # -- messages out of turn -----------------------------------------------------------------------------------------------------------

    async def _trigger(self, request: TriggerMessage) -> Reply:
        outlet, connector = (None, None) if request.evse is None else (request.evse.id, request.evse.connector_id)
        if request.requested_message == "StatusNotification" and (not outlet or connector != 1):  # F06.FR.12
            return Reply(encoded(TriggerMessageResponse(status="Rejected")))
        then = self._wanted(request.requested_message, outlet)
        if isinstance(then, str):
            return Reply(encoded(TriggerMessageResponse(status="Rejected" if then == "Rejected" else "NotImplemented")))
        return Reply(encoded(TriggerMessageResponse(status="Accepted")), then)

    def _wanted(self, message: str, outlet: int | None) -> Callable[[], Awaitable[None]] | str:
        """What says the message that is asked for; or the word of the refusal."""
        numbers = self._engine.operations.connectors
        chosen = numbers if not outlet else [outlet]
        if not set(chosen) <= set(numbers):
            return "Rejected"
        if message == "BootNotification":
            return "Rejected" if self._engine.registration == "Accepted" else self._engine.boot_now
        if message == "TransactionEvent" and not self._engine.ledger.transactions & set(chosen):
            return "Rejected"
        known: Mapping[str, Callable[[], Awaitable[None]]] = {
            "Heartbeat": self._version.heartbeat,
            "StatusNotification": lambda: self._statuses(chosen),
            "MeterValues": lambda: self._values(chosen),
            "TransactionEvent": lambda: self._transactions(chosen),
        }
        return known.get(message) or self._upkeep(message) or "NotImplemented"

    def _upkeep(self, message: str) -> Callable[[], Awaitable[None]] | None:
        """What says how an update or an upload is, or asks for a certificate; ``None`` where the station has no such thing."""
        match message:
            case "SignChargingStationCertificate" if self._engine.security is not None:
                return self._engine.renewal.ask
            case "FirmwareStatusNotification" | "LogStatusNotification" if self._engine.upkeep is not None:
                notice = self._engine.upkeep.now("firmware" if message.startswith("Firmware") else "log")
                return lambda: self._version.notice(notice)
            case _:
                return None

    async def _statuses(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            await self._version.say_status(self._engine.view.report(number))

    async def _values(self, numbers: Sequence[int]) -> None:
        signing = self._engine.signing
        for number in numbers:  # F06.FR.06
            asked = await signing.asked_for(number, await self._engine.read_meter(number), aligned=True)
            fact = words.without_long_records(asked)
            await self._version.call(words.outside(fact), MeterValuesResponse)
            await self._engine.signing.told(fact)

    async def _transactions(self, numbers: Sequence[int]) -> None:
        """The running transactions, in their queue: a message out of its turn would break their order, and share a number with another."""
        engine = self._engine
        for number in (each for each in numbers if each in engine.ledger.transactions):
            running = engine.ledger.running_session(number)
            reading = await engine.signing.now(number, await engine.read_meter(number))  # F06.FR.07
            await engine.ledger.measured(
                number,
                None if running is None else running.session,
                (reading,),
                keep=engine.settings.get(ocpp.QUEUED_SAMPLES),
                droppable=False,
                standing=engine.view.connectors[number].standing(),
            )
        engine.sender.wake()


def _of_summary(each: Modelled) -> bool:
    """What tells how the station is: availability and problems."""
    return each.name in {"Available", "AvailabilityState", "Problem"}


def _meeting(variables: Iterable[Modelled], criteria: Sequence[ComponentCriterion]) -> Callable[[Modelled], bool]:
    """Whether a variable's component meets one of the criteria: it says so, or it has no word about it (2.0.1, B08.FR.07 to .10).

    A problem is there only where a component says that it has one.
    """
    if not criteria:
        return lambda _: True
    says = {(each.of, each.name): each.read is not None and each.read() == "true" for each in variables}
    return lambda each: any(says.get((each.of, criterion), criterion != "Problem") for criterion in criteria)


def _is(each: Modelled, which: ComponentVariable) -> bool:
    """Whether a variable is one that is asked for; a component without a variable means all of its."""
    component, evse = which.component, which.component.evse
    if component.instance or each.component.casefold() != component.name.casefold():
        return False
    if evse is not None and (each.evse != evse.id or (evse.connector_id is not None and each.connector != evse.connector_id)):
        return False
    variable = which.variable
    if variable is None:
        return True
    same_instance = variable.instance is None or variable.instance.casefold() == (each.instance or "").casefold()
    return variable.name.casefold() == each.name.casefold() and same_instance
