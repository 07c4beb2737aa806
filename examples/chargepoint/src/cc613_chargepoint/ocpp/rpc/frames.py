"""The three frames of OCPP-J, read strictly and written compactly. Pure: no I/O, no state.

Rules and codes: OCPP-J 1.6, sections 4.1.3 to 4.2.3; in what 2.0.1 differs is its :class:`Dialect`. A frame that cannot be read is a
:class:`BadFrame`, which carries the message id if one could be made out: then the other side can be told. Otherwise nobody is waiting in
1.6, and 2.0.1 has a name for that.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from attrs import field, frozen

from cc613hal.errors import HalError

__all__ = [
    "ID_LIMIT", "OCPP16", "OCPP201", "BadFrame", "Call", "CallError", "CallResult", "Dialect", "ErrorCode", "Frame", "Unknown", "encoded",
    "parsed",
]  # fmt: skip

ID_LIMIT = 36
"""Longest message id, characters (OCPP-J 1.6, 4.1.4)."""
CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4


class ErrorCode(enum.StrEnum):
    """What a CALLERROR may say, in the spelling of 1.6."""

    NOT_IMPLEMENTED = "NotImplemented"
    """The action is not known."""
    NOT_SUPPORTED = "NotSupported"
    """The action is known, and not done here."""
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMATION_VIOLATION = "FormationViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"

    @classmethod
    def of(cls, text: str) -> ErrorCode:
        """The code of a text; later versions spell two of them differently, and unknown ones are the generic one."""
        try:
            return cls(_OTHER_SPELLINGS.get(text, text))
        except ValueError:
            return cls.GENERIC_ERROR


_OTHER_SPELLINGS = {
    "FormatViolation": "FormationViolation",
    "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
    "RpcFrameworkError": "FormationViolation",
    "MessageTypeNotSupported": "ProtocolError",
}


@frozen(kw_only=True)
class Dialect:
    """In what the versions of OCPP-J differ.

    Attributes:
        spelling: codes that are spelt otherwise than in 1.6.
        bad_frame: the code for what is no frame; empty for the one that its fault has.
        nameless: the message id of the refusal of what has none of its own; empty if nothing is answered then.
        unknown_type: the code for a message of a type that is not known; empty if it is passed over.
    """

    spelling: Mapping[ErrorCode, str] = field(factory=dict[ErrorCode, str])
    bad_frame: str = ""
    nameless: str = ""
    unknown_type: str = ""

    def spelt(self, code: ErrorCode) -> str:
        """A code as this version spells it."""
        return self.spelling.get(code, code.value)


OCPP16 = Dialect()
OCPP201 = Dialect(
    spelling={
        ErrorCode.FORMATION_VIOLATION: "FormatViolation",
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurrenceConstraintViolation",
    },
    bad_frame="RpcFrameworkError",
    nameless="-1",
    unknown_type="MessageTypeNotSupported",
)
"""OCPP-J 2.0.1 (part 4), sections 4.2.3 to 4.4."""


@frozen
class Call:
    """A request.

    Attributes:
        id: of the message, at most 36 characters.
        action: name of the message.
        payload: its content.
    """

    id: str
    action: str
    payload: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen
class CallResult:
    """The answer to a request."""

    id: str
    payload: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen
class CallError:
    """The refusal of a request.

    Attributes:
        id: of the request.
        code: as it was spelt.
        description: in words; may be empty.
        details: whatever the other side adds.
    """

    id: str
    code: str
    description: str = ""
    details: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen
class Unknown:
    """A message of a type that nobody has defined; ``id`` is empty if none could be made out."""

    id: str


Frame = Call | CallResult | CallError


class BadFrame(HalError, ValueError):  # noqa: N818 - the base class says that it is an error
    """What came is no frame.

    Attributes:
        id: of the message, where it could be made out and the sender waits for an answer; otherwise empty.
        code: what to answer with.
        answers: id of the call that it means to answer, where that could be made out: nothing better will come for it.
        is_answer: it means to answer a call, and is therefore not answered itself.
    """

    kind = "bad-frame"

    def __init__(
        self,
        message: str,
        *,
        id: str = "",  # noqa: A002 - OCPP's word
        code: ErrorCode = ErrorCode.FORMATION_VIOLATION,
        answers: str = "",
        is_answer: bool = False,
    ) -> None:
        super().__init__(message)
        self.id = id
        self.code = code
        self.answers = answers
        self.is_answer = is_answer


def parsed(text: str) -> Frame | Unknown:
    """The frame of a text; a message type that nobody has defined is none, and no mistake either.

    Raises:
        BadFrame: it is none.
    """
    message = _json(text)
    if not isinstance(message, list) or not message:
        raise BadFrame("no array")
    kind, identifier = message[0], message[1] if len(message) > 1 and isinstance(message[1], str) else ""
    if not isinstance(kind, int) or isinstance(kind, bool):
        raise BadFrame(f"{_shown(kind)} is no message type", id=identifier)
    match kind:
        case 2:
            return _call(message, identifier)
        case 3:
            return _result(message, identifier)
        case 4:
            return _error(message, identifier)
        case _:
            return Unknown(identifier)


def _json(text: str) -> Any:
    try:
        message = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(message, ensure_ascii=False).encode()  # half of a surrogate pair is no text: it could not be stored or shown
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"no JSON: {type(error).__name__}: {str(error)[:100]}") from error
    return message


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
"""Made once: the functions of the module make a new one for every call with arguments."""


def _call(message: list[Any], identifier: str) -> Call:
    if not identifier:
        raise BadFrame("a CALL without a message id")
    if len(identifier) > ID_LIMIT:
        raise BadFrame(f"a message id has at most {ID_LIMIT} characters", id=identifier)
    if len(message) != 4:
        raise BadFrame(f"a CALL has 4 elements, not {len(message)}", id=identifier)
    action, payload = message[2], message[3]
    if not isinstance(action, str) or not action:
        raise BadFrame(f"{_shown(action)} is no action", id=identifier)
    return Call(identifier, action, _payload(payload, identifier))


def _result(message: list[Any], identifier: str) -> CallResult:
    if not identifier or len(message) != 3:
        raise BadFrame("a CALLRESULT has 3 elements, the second of them a message id", answers=identifier, is_answer=True)
    return CallResult(identifier, _payload(message[2], identifier, answers=True))


def _error(message: list[Any], identifier: str) -> CallError:
    """Some send neither description nor details: they say enough without."""
    if not identifier or not 3 <= len(message) <= 5 or not isinstance(message[2], str):
        raise BadFrame("a CALLERROR has 5 elements: 4, message id, code, description, details", answers=identifier, is_answer=True)
    description = message[3] if len(message) > 3 and isinstance(message[3], str) else ""
    details: Mapping[str, Any] = message[4] if len(message) > 4 and isinstance(message[4], dict) else {}
    return CallError(identifier, message[2], description, details)


def _payload(payload: Any, identifier: str, *, answers: bool = False) -> Mapping[str, Any]:
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        what = f"a payload is an object, not {_shown(payload)}"
        raise BadFrame(what, answers=identifier, is_answer=True) if answers else BadFrame(what, id=identifier)
    return payload


def _shown(value: Any) -> str:
    return repr(value)[:40]


def encoded(frame: Frame) -> str:
    """The text of a frame."""
    message: list[Any]
    match frame:
        case Call(identifier, action, payload):
            message = [CALL, identifier, action, payload]
        case CallResult(identifier, payload):
            message = [CALL_RESULT, identifier, payload]
        case CallError(identifier, code, description, details):
            message = [CALL_ERROR, identifier, str(code), description[:255], details]
    return _ENCODER.encode(message)
