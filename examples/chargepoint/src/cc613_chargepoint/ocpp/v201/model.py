"""The device model of OCPP 2.0.1: components, their variables, and what may be done with them. Knows no connection.

What a variable is and may be follows from the parameter table where it has one; the rest is told by the station and read-only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import field, frozen

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.ocpp.messages.v201_types import (
    Component,
    Evse,
    GetVariableData,
    GetVariableResult,
    ReportData,
    SetVariableData,
    SetVariableResult,
    StatusInfo,
    Variable,
    VariableAttribute,
    VariableCharacteristics,
)
from cc613_chargepoint.ocpp.messages.v201_words import DataKind, GetVariableStatus, Mutability, SetVariableStatus
from cc613_chargepoint.settings import Actor, Kind, Layer, Parameter, Settings, SettingsRefused
from cc613hal.errors import HalError

__all__ = ["VALUE_LIMIT", "DeviceModel", "Modelled", "of_parameter"]

VALUE_LIMIT = 2500
"""Longest value of an attribute (specification edition 3, part 2, VariableAttributeType)."""

_WHOLE = {"EVConnectionTimeOut", "LifeTime"}
"""Variables that are whole numbers in the specification, and any number in the parameter table."""
_MEMBERS = {"Measurands", "TxEndedMeasurands", "TxStartedMeasurands", "TxUpdatedMeasurands", "TxStartPoint", "TxStopPoint"}
"""Lists in which the order means nothing."""
_KINDS: dict[Kind, DataKind] = {
    Kind.BOOL: "boolean",
    Kind.INT: "integer",
    Kind.FLOAT: "decimal",
    Kind.TEXT: "string",
    Kind.CHOICE: "OptionList",
    Kind.LIST: "SequenceList",
}


@frozen(kw_only=True)
class Modelled:
    """A variable of a component.

    Attributes:
        component: its name.
        name: the variable's name.
        instance: which of several variables of that name; ``None`` for the only one.
        evse: of which outlet the component is a part; ``None`` for the station.
        connector: of which connector of that outlet.
        read: its value now, as text; ``None`` where it is never told.
        data: what kind of value.
        unit: of the value.
        values: what a list or an option may have, with commas between.
        minimum: smallest number.
        maximum: largest number, or most characters.
        parameter: what it is in the parameter table; without one nobody can change it.
        writable: backends may change it.
        objection: what speaks against a value that its kind allows, in words; empty if nothing does.
    """

    component: str
    name: str
    instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    read: Callable[[], str] | None
    data: DataKind = "string"
    unit: str | None = None
    values: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    parameter: Parameter[Any] | None = field(default=None, repr=False)
    writable: bool = False
    objection: Callable[[str], str] = lambda value: ""  # noqa: ARG005 - most variables take whatever their kind allows

    @property
    def of(self) -> tuple[str, int | None, int | None]:
        """Which component, in one case."""
        return self.component.casefold(), self.evse, self.connector

    @property
    def key(self) -> tuple[str, str]:
        """Which variable of the component, in one case."""
        return self.name.casefold(), (self.instance or "").casefold()

    @property
    def mutability(self) -> Mutability:
        """Who may do what."""
        if self.read is None:
            return "WriteOnly"
        return "ReadWrite" if self.writable else "ReadOnly"

    def reported(self) -> ReportData:
        """How a report has it."""
        return ReportData(
            component=Component(name=self.component, evse=_evse(self.evse, self.connector)),
            variable=Variable(name=self.name, instance=self.instance),
            variable_attribute=(
                VariableAttribute(
                    type="Actual",
                    value=None if self.read is None else self.read()[:VALUE_LIMIT],
                    mutability=self.mutability,
                    persistent=self.parameter is not None,
                    constant=False,
                ),
            ),
            variable_characteristics=VariableCharacteristics(
                data_type=self.data,
                supports_monitoring=False,
                unit=self.unit,
                min_limit=self.minimum,
                max_limit=self.maximum,
                values_list=self.values,
            ),
        )


def of_parameter(
    parameter: Parameter[Any],
    settings: Settings,
    *,
    component: str,
    name: str,
    instance: str | None = None,
    writable: bool = True,
    objection: Callable[[str], str] = lambda value: "",  # noqa: ARG005 - see Modelled
    values: str | None = None,
) -> Modelled:
    """A parameter of the table as a variable.

    Args:
        parameter: which.
        settings: the station's.
        component: where it stands.
        name: what it is called there.
        instance: see :class:`Modelled`.
        writable: whether backends may change it, if the table lets them.
        values: what it may have, where the table does not say it.
        objection: see :class:`Modelled`.
    """

    def read() -> str:
        value = settings.value(parameter.key).value
        return "" if value is None else parameter.text(value)

    return Modelled(
        component=component,
        name=name,
        instance=instance,
        read=None if parameter.secret else read,
        data="integer" if name in _WHOLE else "MemberList" if name in _MEMBERS else _KINDS[parameter.kind],
        unit=parameter.unit or None,
        values=values or ",".join(parameter.choices) or None,
        minimum=parameter.minimum if parameter.kind in {Kind.INT, Kind.FLOAT} else None,
        maximum=parameter.maximum if parameter.kind is not Kind.LIST else None,
        parameter=parameter,
        objection=objection,
        writable=writable and parameter.change is not None and parameter.change <= Role.OPERATOR,
    )


@frozen
class Written:
    """What became of a value to be set.

    Attributes:
        result: the answer.
        key: the parameter that has changed; empty if none has.
    """

    result: SetVariableResult
    key: str = ""


class DeviceModel:
    """All variables.

    Args:
        variables: makes them; asked anew each time, because a station learns what it is.
        settings: the station's.
        actor: who changes them, for the audit.
    """

    def __init__(self, variables: Callable[[], Iterable[Modelled]], settings: Settings, actor: Actor) -> None:
        self._variables, self._settings, self._actor = variables, settings, actor

    def get(self, asked: GetVariableData) -> GetVariableResult:
        """A variable's value, or why it is not told."""
        kind = asked.attribute_type or "Actual"

        def answer(status: GetVariableStatus, value: str | None = None, reason: str = "") -> GetVariableResult:
            return GetVariableResult(
                attribute_status=status,
                component=asked.component,
                variable=asked.variable,
                attribute_type=kind,
                attribute_value=None if value is None else value[:VALUE_LIMIT],
                attribute_status_info=StatusInfo(reason_code=reason) if reason else None,
            )

        found = self._find(asked.component, asked.variable)
        if isinstance(found, str):
            return answer("UnknownComponent" if found == "component" else "UnknownVariable")
        if kind != "Actual":
            return answer("NotSupportedAttributeType")
        if found.read is None:
            return answer("Rejected", reason="WriteOnly")
        return answer("Accepted", found.read())

    async def set(self, asked: SetVariableData) -> Written:
        """Change a variable."""
        kind = asked.attribute_type or "Actual"

        def answer(status: SetVariableStatus, reason: str = "", words: str = "", key: str = "") -> Written:
            info = StatusInfo(reason_code=reason, additional_info=words[:512] or None) if reason else None
            return Written(
                SetVariableResult(
                    attribute_status=status,
                    component=asked.component,
                    variable=asked.variable,
                    attribute_type=kind,
                    attribute_status_info=info,
                ),
                key,
            )

        found = self._find(asked.component, asked.variable)
        if isinstance(found, str):
            return answer("UnknownComponent" if found == "component" else "UnknownVariable")
        if kind != "Actual":
            return answer("NotSupportedAttributeType")
        if found.parameter is None or not found.writable:
            return answer("Rejected", "ReadOnly")
        key = found.parameter.key
        if words := found.objection(asked.attribute_value):
            return answer("Rejected", "InvalidValue", words)
        try:
            await self._settings.set({key: asked.attribute_value}, actor=self._actor, layer=Layer.BACKEND, texts=True)
        except SettingsRefused as refused:
            return answer("Rejected", "InvalidValue", refused.message)
        except HalError as error:
            return answer("Rejected", "InternalError", error.message)
        return answer("RebootRequired" if found.parameter.restart else "Accepted", key=key)

    def report(self, *, writable_only: bool = False) -> Sequence[ReportData]:
        """Every variable; or those only that can be changed (the configuration inventory)."""
        return [each.reported() for each in self._variables() if each.writable or not writable_only]

    def all(self) -> Iterable[Modelled]:
        """Every variable as it is now."""
        return self._variables()

    def chosen(self, wanted: Callable[[Modelled], bool]) -> Sequence[ReportData]:
        """The variables that are wanted."""
        return [each.reported() for each in self._variables() if wanted(each)]

    def _find(self, component: Component, variable: Variable) -> Modelled | str:
        """The variable; or ``component`` or ``variable``, whichever is not there."""
        evse = component.evse
        place = component.name.casefold(), None if evse is None else evse.id, None if evse is None else evse.connector_id
        here = [each for each in self._variables() if each.of == place]
        if not here or component.instance:
            return "component"
        key = variable.name.casefold(), (variable.instance or "").casefold()
        return next((each for each in here if each.key == key), "variable")


def _evse(evse: int | None, connector: int | None) -> Evse | None:
    return None if evse is None else Evse(id=evse, connector_id=connector)
