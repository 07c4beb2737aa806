"""Messages of one service as plain values and as XML, driven by the schema in its description.

A value is what OCPP's JSON has: texts, numbers, booleans, lists and dictionaries; times stay texts. A text that has attributes (meter
values of 1.5) is a dictionary whose ``value`` is the text.
"""

from __future__ import annotations

import enum
import functools
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from attrs import define, field, frozen

from cc613_chargepoint.ocpp.soap.errors import SoapInvalid
from cc613_chargepoint.ocpp.soap.xml import Element, children, etree, local, parsed, space

__all__ = ["Payload", "Schema", "Service", "schema_of"]

Payload = dict[str, Any]
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_INTEGER = re.compile(r"^\s*[+-]?[0-9]{1,19}\s*$")
_UNBOUNDED = 1 << 30


class Service(enum.Enum):
    """The four services; the value is the file."""

    CENTRAL_15 = "OCPP_CentralSystemService_1.5.wsdl"
    STATION_15 = "OCPP_ChargePointService_1.5.wsdl"
    CENTRAL_16 = "OCPP_CentralSystemService_1.6.wsdl"
    STATION_16 = "OCPP_ChargePointService_1.6.wsdl"


@frozen
class _Child:
    name: str
    type: str | _Type
    required: bool
    many: bool


@define
class _Type:
    """A complex type.

    Attributes:
        children: in the order of the sequence.
        attributes: name → type; with any, the content is a text.
        base: of a text with attributes.
    """

    children: dict[str, _Child] = field(factory=dict)
    attributes: dict[str, str] = field(factory=dict)
    base: str = ""


class Schema:
    """A service's messages. Get one from :func:`schema_of`.

    Args:
        definitions: the description's root element.
    """

    def __init__(self, definitions: Element) -> None:
        self.namespace: str = definitions.get("targetNamespace")
        root = definitions.find(f"{_WSDL}types/{_XSD}schema")
        self._validator = etree().XMLSchema(etree().fromstring(etree().tostring(root)))
        self._simple: dict[str, str] = {}
        self._complex: dict[str, _Type] = {}
        self._elements: dict[str, str] = {}
        for part in children(root):
            name, kind = part.get("name"), local(part)
            if kind == "simpleType":
                self._simple[name] = part.find(f"{_XSD}restriction").get("base").rpartition(":")[2]
            elif kind == "complexType":
                self._complex[name] = self._read(part)
            elif kind == "element":
                self._elements[name] = part.get("type").rpartition(":")[2]
        self.actions: dict[str, str] = {
            operation.get("name"): operation.get("name")[0].lower() + operation.get("name")[1:]
            for operation in definitions.findall(f"{_WSDL}portType/{_WSDL}operation")
        }

    def element(self, action: str, payload: Mapping[str, Any], *, answer: bool = False) -> Element:
        """A message as XML, valid.

        Args:
            action: name of the operation: ``BootNotification``.
            payload: the content.
            answer: the response to it.

        Raises:
            SoapInvalid: the service has no such operation, or its schema does not allow this content.
        """
        name = self._name(action, answer=answer)
        root = etree().Element(f"{{{self.namespace}}}{name}", nsmap={"ocpp": self.namespace})
        self._fill(root, self._complex[self._elements[name]], payload, name)
        self._validate(root, name)
        return root

    def payload(self, body: Element, action: str, *, answer: bool = False) -> Payload:
        """A message's content, checked.

        Args:
            body: the element within the envelope's body.
            action: the operation that it should be.
            answer: it is a response.

        Raises:
            SoapInvalid: it is another message, or one that the schema does not allow.
        """
        name = self._name(action, answer=answer)
        if space(body) != self.namespace or local(body) != name:
            raise SoapInvalid(f"{local(body)} came where {name} was expected")
        alone = etree().fromstring(etree().tostring(body, with_tail=False))
        _drop_nil(alone)
        self._validate(alone, name)
        found = self._value(alone, self._complex[self._elements[name]], name)
        return cast("Payload", found)

    def action_of(self, body: Element) -> str | None:
        """The operation whose request an element is; ``None`` if the service has none."""
        return next((action for action, name in self.actions.items() if f"{name}Request" == local(body)), None)

    def _name(self, action: str, *, answer: bool) -> str:
        if action not in self.actions:
            raise SoapInvalid(f"the service has no operation {action}")
        return f"{self.actions[action]}{'Response' if answer else 'Request'}"

    def _validate(self, element: Element, name: str) -> None:
        try:
            valid = self._validator.validate(element)
        except ValueError as error:  # a text that XML cannot hold
            raise SoapInvalid(f"{name}: {error}") from error
        if not valid:
            first = self._validator.error_log[0].message if len(self._validator.error_log) else "it is not valid"
            raise SoapInvalid(f"{name}: {first.replace('{' + self.namespace + '}', '')[:300]}")

    def _read(self, part: Element) -> _Type:
        known = _Type()
        extension = part.find(f"{_XSD}simpleContent/{_XSD}extension")
        if extension is not None:
            known.base = extension.get("base").rpartition(":")[2]
            for each in extension.findall(f"{_XSD}attribute"):
                known.attributes[each.get("name")] = each.get("type").rpartition(":")[2]
        for each in part.findall(f"{_XSD}sequence/{_XSD}element"):
            inner = each.find(f"{_XSD}complexType")
            kind: str | _Type = self._read(inner) if inner is not None else each.get("type").rpartition(":")[2]
            most = each.get("maxOccurs", "1")
            many = (_UNBOUNDED if most == "unbounded" else int(most)) > 1
            name = each.get("name")
            known.children[name] = _Child(name, kind, required=each.get("minOccurs", "1") != "0", many=many)
        return known

    def _resolved(self, kind: str | _Type) -> str | _Type:
        if isinstance(kind, _Type):
            return kind
        if kind in self._complex:
            return self._complex[kind]
        while kind in self._simple:
            kind = self._simple[kind]
        return kind

    def _fill(self, parent: Element, kind: _Type, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise SoapInvalid(f"{where}: {type(value).__name__} came where a dictionary was expected")
        content = cast("Mapping[str, Any]", value)
        if kind.base:
            self._fill_text(parent, kind, content, where)
            return
        if unknown := sorted(set(content) - set(kind.children)):
            raise SoapInvalid(f"{where} has no {', '.join(map(str, unknown))}")
        for name, child in kind.children.items():
            given = content.get(name)
            if given is None:
                continue
            if child.many != isinstance(given, list | tuple):
                raise SoapInvalid(f"{where}.{name}: {'a list' if child.many else 'one value'} was expected")
            for each in given if child.many else (given,):
                element = etree().SubElement(parent, f"{{{self.namespace}}}{name}")
                inner = self._resolved(child.type)
                if isinstance(inner, _Type):
                    self._fill(element, inner, each, f"{where}.{name}")
                else:
                    _set_text(element, _text(each, inner, f"{where}.{name}"))

    def _fill_text(self, element: Element, kind: _Type, value: Mapping[str, Any], where: str) -> None:
        if unknown := sorted(set(value) - set(kind.attributes) - {"value"}):
            raise SoapInvalid(f"{where} has no {', '.join(map(str, unknown))}")
        for name in kind.attributes:
            if value.get(name) is not None:
                element.set(name, _text(value[name], "string", f"{where}.{name}"))
        _set_text(element, _text(value.get("value", ""), kind.base, where))

    def _value(self, element: Element, kind: str | _Type, where: str) -> Any:
        if isinstance(kind, str):
            return _from_text(element.text or "", kind, where)
        if kind.base:
            attributes = {name: element.get(name) for name in kind.attributes if element.get(name) is not None}
            return {"value": _from_text(element.text or "", kind.base, where), **attributes}
        found: Payload = {}
        for each in children(element):
            name = local(each)
            child = kind.children[name]
            value = self._value(each, self._resolved(child.type), f"{where}.{name}")
            if child.many:
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        return found


@functools.cache
def schema_of(service: Service) -> Schema:
    """The messages of a service; its description is read once.

    Args:
        service: which.
    """
    return Schema(parsed((Path(__file__).parent / "wsdl" / service.value).read_bytes()))


def _drop_nil(element: Element) -> None:
    """An element that says it is nil is one that is not there; some servers write all optional ones so."""
    for each in children(element):
        if each.get(_NIL, "").strip() in {"true", "1"}:
            element.remove(each)
        else:
            each.attrib.pop(_NIL, None)
            _drop_nil(each)


def _set_text(element: Element, text: str) -> None:
    try:
        element.text = text
    except ValueError as error:
        raise SoapInvalid(f"{local(element)}: XML cannot hold this text: {error}") from error


def _text(value: Any, kind: str, where: str) -> str:
    if kind == "boolean":
        if not isinstance(value, bool):
            raise SoapInvalid(f"{where}: {value!r} is neither true nor false")
        return "true" if value else "false"
    if kind in {"int", "integer"}:
        if isinstance(value, bool) or not isinstance(value, int):
            raise SoapInvalid(f"{where}: {value!r} is no whole number")
        return str(value)
    if kind == "decimal":
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
            raise SoapInvalid(f"{where}: {value!r} is no number")
        return format(Decimal(str(value)), "f")
    if not isinstance(value, str):
        raise SoapInvalid(f"{where}: {value!r} is no text")
    return value


def _from_text(text: str, kind: str, where: str) -> Any:
    if kind == "boolean":
        return text.strip() in {"true", "1"}
    if kind in {"int", "integer"}:
        if not _INTEGER.match(text):
            raise SoapInvalid(f"{where}: {text[:40]!r} is no whole number")
        return int(text)
    if kind == "decimal":
        return float(text)
    return text.strip() if kind in {"dateTime", "anyURI"} else text
