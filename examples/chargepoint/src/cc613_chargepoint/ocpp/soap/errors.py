"""What can go wrong between two SOAP peers.

::

    SoapError (RuntimeError)
    ├── SoapInvalid (ValueError)    a message that the schema does not allow; with what and where
    ├── SoapFault                   the peer's answer is a fault, or ours is to be one
    └── SoapUnanswered              no answer, or none that belongs to the question
        └── SoapUnreachable         nobody is there who speaks SOAP
"""

# ruff: noqa: N818 - the base class says that these are errors; each name says what happened

from __future__ import annotations

import enum
from typing import ClassVar

from cc613hal.errors import HalError

__all__ = ["FaultCode", "SoapError", "SoapFault", "SoapInvalid", "SoapUnanswered", "SoapUnreachable"]


class FaultCode(enum.Enum):
    """The faults of OCPP-S 1.6 section 4; whose mistake it is stands in :attr:`sender`."""

    SECURITY_ERROR = "SecurityError"
    IDENTITY_MISMATCH = "IdentityMismatch"
    PROTOCOL_ERROR = "ProtocolError"
    INTERNAL_ERROR = "InternalError"
    NOT_SUPPORTED = "NotSupported"

    @property
    def sender(self) -> bool:
        """It is the mistake of who has sent the request."""
        return self in {FaultCode.SECURITY_ERROR, FaultCode.IDENTITY_MISMATCH, FaultCode.PROTOCOL_ERROR}


class SoapError(HalError, RuntimeError):
    """Something went wrong between two SOAP peers."""

    kind: ClassVar[str] = "soap"


class SoapInvalid(SoapError, ValueError):
    """A message that the schema does not allow."""

    kind: ClassVar[str] = "soap-invalid"


class SoapFault(SoapError):
    """A fault.

    Args:
        code: of OCPP; ``None`` if the peer gave one that OCPP does not know.
        reason: for people.
    """

    kind: ClassVar[str] = "soap-fault"

    def __init__(self, code: FaultCode | None, reason: str) -> None:
        super().__init__(f"{code.value if code else 'fault'}: {reason}")
        self.code = code
        self.reason = reason


class SoapUnanswered(SoapError):
    """No answer, or none that belongs to the question."""

    kind: ClassVar[str] = "soap-unanswered"
    default_transient: ClassVar[bool] = True


class SoapUnreachable(SoapUnanswered):
    """Nobody is there who speaks SOAP: no connection, or an answer of something else."""

    kind: ClassVar[str] = "soap-unreachable"
