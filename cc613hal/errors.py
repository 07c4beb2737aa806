"""Every error this library raises on purpose, as one tree.

::

    HalError
    ├── ConfigError (ValueError)               what was written down is wrong
    │   ├── BoardFileError                     a board file, with every mistake in it
    │   └── PluginError (ImportError)          a driver package cannot be used
    ├── BusError (OSError)                     the wire, not the part
    │   ├── BusMissing (FileNotFoundError)     no such device node, line or host
    │   ├── BusPermission (PermissionError)    the user may not use it
    │   ├── BusBusy (BlockingIOError)          another program or kernel driver owns it
    │   ├── BusTimeout (TimeoutError)          the bus was there, nobody finished in time
    │   ├── NoAnswer (ConnectionError)         nobody acknowledged the address
    │   ├── FrameError                         noise: check sum, length or framing wrong
    │   ├── BusSuspended                       the circuit breaker keeps this unit quiet for a while
    │   └── BusClosed (ConnectionError)        unplugged, or used after ``aclose``
    ├── DeviceError (RuntimeError)             the part, not the wire
    │   ├── WrongIdentity                      something else answers at this address
    │   ├── ProtocolViolation                  a valid frame with a content that cannot be
    │   ├── DeviceRefused                      the device said no (exception code, status word)
    │   ├── ImplausibleReading                 a value outside the physical range of the part
    │   └── CommandFailed                      a command did not reach its effect; carries the evidence
    ├── DeadlineExceeded (TimeoutError)        a command did not finish by its deadline
    ├── SafetyRefused (PermissionError)        refused because it could energise or release something
    ├── Unsupported (NotImplementedError)      this part or adapter cannot do that
    ├── NotOnBoard (LookupError)               the board has no such device or capability
    └── ConnectFailed (ConnectionError)        several devices failed to connect; draws the tree

Each class also inherits the builtin that fits, so scripts may catch either. ``kind`` is a stable word for programs and logs,
``device`` names who, ``hint`` says what to do next, ``transient`` whether trying again can help.
"""

# ruff: noqa: N818 - the base class says that these are errors; each name says what happened

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "BoardFileError",
    "BusBusy",
    "BusClosed",
    "BusError",
    "BusMissing",
    "BusPermission",
    "BusSuspended",
    "BusTimeout",
    "CommandFailed",
    "ConfigError",
    "ConnectFailed",
    "DeadlineExceeded",
    "DeviceError",
    "DeviceRefused",
    "FrameError",
    "HalError",
    "ImplausibleReading",
    "NoAnswer",
    "NotOnBoard",
    "PluginError",
    "ProtocolViolation",
    "SafetyRefused",
    "Unsupported",
    "WrongIdentity",
]


class HalError(Exception):
    """Base of all errors of this library.

    Args:
        message: what was tried and what happened, one sentence.
        device: the device or bus concerned, as the board file names it.
        hint: the next step for the person who reads it.
        transient: whether the same call may succeed later without anybody changing anything; the class's default if omitted.
    """

    kind: ClassVar[str] = "error"
    default_transient: ClassVar[bool] = False

    def __init__(self, message: str, *, device: str | None = None, hint: str | None = None, transient: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.device = device
        self.hint = hint
        self.transient = self.default_transient if transient is None else transient

    def __str__(self) -> str:
        who = f"{self.device}: " if self.device else ""
        then = f" ({self.hint})" if self.hint else ""
        return f"{who}{self.message}{then}"

    def __reduce__(self) -> tuple[Any, ...]:
        # The builtins' own way calls the class with the message alone, which loses or refuses keyword-only arguments.
        return _rebuilt, (type(self), self.args, self.__dict__)

    def as_dict(self) -> dict[str, Any]:
        """The error as plain data for ``--json`` and logs."""
        return {"kind": self.kind, "device": self.device, "message": self.message, "hint": self.hint, "transient": self.transient}


def _rebuilt(kind: type[HalError], args: tuple[Any, ...], state: dict[str, Any]) -> HalError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigError(HalError, ValueError):
    """What was written down is wrong: options, addresses, combinations."""

    kind = "config"


class BoardFileError(ConfigError):
    """A board file with all its mistakes; ``problems`` holds one line each, ready to print."""

    kind = "board-file"

    def __init__(self, message: str, *, problems: Sequence[str], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join((super().__str__(), *self.problems))

    def as_dict(self) -> dict[str, Any]:
        """The error as plain data, with its problems."""
        return {**super().as_dict(), "problems": list(self.problems)}


class PluginError(ConfigError, ImportError):
    """A driver package is broken, made for another API, or claims a name that is taken."""

    kind = "plugin"


class BusError(HalError, OSError):
    """The wire failed, not the part at its end."""

    kind = "bus"
    default_transient = True

    def __str__(self) -> str:
        return HalError.__str__(self)


class BusMissing(BusError, FileNotFoundError):
    """There is no such device node, GPIO line or host."""

    kind = "bus-missing"
    default_transient = False


class BusPermission(BusError, PermissionError):
    """The bus is there, the user may not use it."""

    kind = "bus-permission"
    default_transient = False


class BusBusy(BusError, BlockingIOError):
    """Another program or a kernel driver owns the bus, address or line."""

    kind = "bus-busy"


class BusTimeout(BusError, TimeoutError):
    """Nobody finished the transfer in time."""

    kind = "bus-timeout"


class NoAnswer(BusError, ConnectionError):
    """Nobody acknowledged the address (I2C NACK; a Modbus unit that stays silent is a :class:`BusTimeout`)."""

    kind = "no-answer"


class FrameError(BusError):
    """Noise on the line: check sum, length or framing is wrong."""

    kind = "frame"


class BusSuspended(BusError):
    """The circuit breaker keeps a silent unit off the bus for a while, so that the others keep their rate."""

    kind = "bus-suspended"


class BusClosed(BusError, ConnectionError):
    """The bus was unplugged, or used after ``aclose``."""

    kind = "bus-closed"


class DeviceError(HalError, RuntimeError):
    """The part failed or answered something it must not; the wire was fine."""

    kind = "device"


class WrongIdentity(DeviceError):
    """Something else than the configured part answers at this address."""

    kind = "wrong-identity"


class ProtocolViolation(DeviceError):
    """A well-formed frame carried a content that the protocol does not allow."""

    kind = "protocol"
    default_transient = True


class DeviceRefused(DeviceError):
    """The device said no; ``code`` is its own number (Modbus exception code, status word).

    Args:
        code: the device's number, ``None`` if it gives none.
    """

    kind = "refused"

    def __init__(
        self, message: str, *, code: int | None = None, device: str | None = None, hint: str | None = None, transient: bool | None = None
    ) -> None:
        super().__init__(message, device=device, hint=hint, transient=transient)
        self.code = code


class ImplausibleReading(DeviceError):
    """A value outside what the part can physically measure: an open or shorted sensor, not weather."""

    kind = "implausible"


class CommandFailed(DeviceError):
    """A command did not reach its effect; ``evidence`` is the result value with what was sensed instead.

    Args:
        evidence: the command's result value (for instance :class:`~cc613hal.interfaces.SwitchResult`).
    """

    kind = "command-failed"

    def __init__(
        self, message: str, *, evidence: object = None, device: str | None = None, hint: str | None = None, transient: bool | None = None
    ) -> None:
        super().__init__(message, device=device, hint=hint, transient=transient)
        self.evidence = evidence


class DeadlineExceeded(HalError, TimeoutError):
    """A command did not finish by its deadline; what it left behind is unknown until sensed."""

    kind = "deadline"
    default_transient = True


class SafetyRefused(HalError, PermissionError):
    """Refused because it could energise a contact or release a plug; nothing was done."""

    kind = "safety"


class Unsupported(HalError, NotImplementedError):
    """This part or this adapter cannot do that, and says so instead of pretending."""

    kind = "unsupported"


class NotOnBoard(HalError, LookupError):
    """The board has no such device, or the device lacks the capability."""

    kind = "not-on-board"


class ConnectFailed(HalError, ConnectionError):
    """Devices of a board that failed to connect, each with its own cause.

    Args:
        failures: device name to error, in the board's order.
    """

    kind = "connect"
    default_transient = True

    def __init__(self, message: str, *, failures: Mapping[str, BaseException], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.failures = dict(failures)

    def __str__(self) -> str:
        lines = [super().__str__()]
        for number, (name, error) in enumerate(self.failures.items(), start=1):
            branch, stem = ("└──", "   ") if number == len(self.failures) else ("├──", "│  ")
            lines.extend(f"  {stem if index else branch} {line}" for index, line in enumerate(_named(name, _told(error))))
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The error as plain data, with one entry per failed device."""
        return {
            **super().as_dict(),
            "failures": {
                name: error.as_dict() if isinstance(error, HalError) else {"kind": type(error).__name__, "message": str(error)}
                for name, error in self.failures.items()
            },
        }


def _told(error: BaseException) -> str:
    """What went wrong; a foreign exception says little without the name of its type ("KeyError: 'uid'")."""
    if isinstance(error, HalError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _named(name: str, text: str) -> list[str]:
    first, *rest = text.splitlines() or [""]
    shown = first if first.startswith(f"{name}:") else f"{name}: {first}"
    return [shown, *rest]
