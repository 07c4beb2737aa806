"""SOAP 1.2 envelopes with WS-Addressing, as OCPP-S lays them out (OCPP-S 1.6, section 3)."""

from __future__ import annotations

import uuid
from typing import Any

from attrs import frozen

from cc613_chargepoint.ocpp.soap.errors import FaultCode, SoapFault, SoapInvalid
from cc613_chargepoint.ocpp.soap.xml import Element, children, etree, local, parsed, serialised, space

__all__ = ["ADDRESSING", "ADDRESSING_2004", "Addressed", "Heard", "answer", "fault", "heard", "new_id", "request"]

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
ADDRESSING_2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_UNDERSTOOD = frozenset({"action", "messageid", "relatesto", "from", "replyto", "faultto", "to"})
_LONGEST_HEADER = 1000


@frozen(kw_only=True)
class Addressed:
    """Who asks whom.

    Attributes:
        identity: of the station (``chargeBoxIdentity``).
        to: address of the peer.
        sender: address of the own listener.
    """

    identity: str
    to: str
    sender: str


@frozen(kw_only=True)
class Heard:
    """An envelope that came.

    Attributes:
        body: the element within the body.
        identity: ``chargeBoxIdentity``; ``None`` where none is.
        action: WS-Addressing's.
        message_id: of this message.
        relates_to: of the message that it answers.
        sender: the peer's own address.
        addressing: the namespace of WS-Addressing that the peer uses.
        unknown: a header that must be understood and is not.
    """

    body: Element
    identity: str | None = None
    action: str = ""
    message_id: str = ""
    relates_to: str = ""
    sender: str = ""
    addressing: str = ADDRESSING
    unknown: str = ""


def new_id() -> str:
    """An identifier that no other message has."""
    return f"urn:uuid:{uuid.uuid4()}"


def request(action: str, body: Element, whom: Addressed, message_id: str) -> bytes:
    """A request.

    Args:
        action: name of the operation.
        body: the message.
        whom: who asks whom.
        message_id: see :func:`new_id`.
    """
    namespace = space(body)
    envelope, header = _envelope(namespace, ADDRESSING)
    _must(_add(header, namespace, "chargeBoxIdentity", whom.identity))
    _must(_add(header, ADDRESSING, "Action", f"/{action}"))
    _add(header, ADDRESSING, "MessageID", message_id)
    _add(_add(header, ADDRESSING, "From"), ADDRESSING, "Address", whom.sender)
    _must(reply := _add(header, ADDRESSING, "ReplyTo"))
    _add(reply, ADDRESSING, "Address", f"{ADDRESSING}/anonymous")
    _must(_add(header, ADDRESSING, "To", whom.to))
    return _closed(envelope, body)


def answer(action: str, body: Element, question: Heard) -> bytes:
    """The response to a request, in the dialect of who asked.

    Args:
        action: name of the operation.
        body: the message.
        question: the request.
    """
    envelope, header = _envelope(space(body), question.addressing)
    _related(header, f"/{action}Response", question)
    return _closed(envelope, body)


def fault(code: FaultCode, reason: str, namespace: str, question: Heard | None = None) -> bytes:
    """A fault.

    Args:
        code: of OCPP.
        reason: for people.
        namespace: of the service.
        question: the request, if it could be read.
    """
    spoken = ADDRESSING if question is None else question.addressing
    envelope, header = _envelope(namespace, spoken)
    if question is not None:
        _related(header, f"{spoken}/fault", question)
    told = etree().Element(f"{{{SOAP}}}Fault")
    outer = _add(told, SOAP, "Code")
    _add(outer, SOAP, "Value", "soap:Sender" if code.sender else "soap:Receiver")
    _add(_add(outer, SOAP, "Subcode"), SOAP, "Value", f"ocpp:{code.value}")
    text = _add(_add(told, SOAP, "Reason"), SOAP, "Text", "".join(each if each.isprintable() else "?" for each in reason)[:500])
    text.set(_XML_LANG, "en")
    return _closed(envelope, told)


def heard(data: bytes) -> Heard:
    """Take an envelope apart. Prefixes may be any, headers may be empty.

    Raises:
        SoapInvalid: it is none.
        SoapFault: its content is a fault.
    """
    root = parsed(data)
    if local(root) != "Envelope":
        raise SoapInvalid(f"{local(root)[:60]} came where an envelope was expected")
    if space(root) != SOAP:
        raise SoapInvalid("this is not SOAP 1.2", hint=f"the namespace must be {SOAP}")
    bodies = [each for each in children(root) if local(each) == "Body" and space(each) == SOAP]
    inside = children(bodies[0]) if len(bodies) == 1 else []
    if len(inside) != 1:
        raise SoapInvalid("an envelope has one body with one message")
    if space(inside[0]) == SOAP and local(inside[0]) == "Fault":
        raise _fault_of(inside[0])
    found: dict[str, Any] = {"body": inside[0]}
    for header in (each for part in children(root) if local(part) == "Header" and space(part) == SOAP for each in children(part)):
        _note(header, found)
    return Heard(**found)


def _note(header: Element, found: dict[str, Any]) -> None:
    name, text = local(header).lower(), _content(header)
    if name == "chargeboxidentity":
        found.setdefault("identity", text)
    elif space(header) in {ADDRESSING, ADDRESSING_2004} and name in _UNDERSTOOD:
        found["addressing"] = space(header)
        place = {"action": "action", "messageid": "message_id", "relatesto": "relates_to"}.get(name)
        if place is not None and text:
            found.setdefault(place, text)
        elif name == "from":
            found["sender"] = next((_content(each) for each in children(header) if local(each) == "Address"), "")
    elif header.get(f"{{{SOAP}}}mustUnderstand", "").strip() in {"true", "1"}:
        found["unknown"] = local(header)[:60]


def _content(element: Element) -> str:
    return (element.text or "").strip()[:_LONGEST_HEADER]


def _fault_of(element: Element) -> SoapFault:
    values = [_content(each) for each in element.iter(f"{{{SOAP}}}Value")]
    reason = next((_content(each) for each in element.iter(f"{{{SOAP}}}Text")), "") or "no reason given"
    names = {code.value: code for code in FaultCode}
    code = next((names[value.rpartition(":")[2]] for value in reversed(values) if value.rpartition(":")[2] in names), None)
    return SoapFault(code, "".join(each if each.isprintable() else "?" for each in reason)[:500])


def _envelope(namespace: str, addressing: str) -> tuple[Element, Element]:
    envelope = etree().Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP, "wsa": addressing, "ocpp": namespace})
    return envelope, etree().SubElement(envelope, f"{{{SOAP}}}Header")


def _add(parent: Element, namespace: str, name: str, text: str | None = None) -> Element:
    element = etree().SubElement(parent, f"{{{namespace}}}{name}")
    if text is not None:
        try:
            element.text = text
        except ValueError as error:
            raise SoapInvalid(f"{name}: XML cannot hold this text: {error}") from error
    return element


def _must(element: Element) -> None:
    element.set(f"{{{SOAP}}}mustUnderstand", "true")


def _related(header: Element, action: str, question: Heard) -> None:
    _must(_add(header, question.addressing, "Action", action))
    _add(header, question.addressing, "MessageID", new_id())
    if question.message_id:
        _add(header, question.addressing, "RelatesTo", question.message_id)
    anonymous = "anonymous" if question.addressing == ADDRESSING else "role/anonymous"
    _add(header, question.addressing, "To", f"{question.addressing}/{anonymous}")


def _closed(envelope: Element, body: Element) -> bytes:
    etree().SubElement(envelope, f"{{{SOAP}}}Body").append(body)
    return serialised(envelope)
