"""A parking sensor by radio: a node of a Sure Cross DX80 gateway, which is a Modbus RTU unit (19200 8N1, unit 1 from the factory).

Register numbers and the status word are those of Banner's DX80 host communication manual: the gateway keeps sixteen registers for itself
and sixteen for each node, eight inputs and eight outputs; the eighth input is the status of node and radio link, 128 while both are well.
What a node's input carries depends on the node's model and its configuration and is not public for all of them, so every number is an
option.
"""

from __future__ import annotations

import enum

from attrs import field, frozen, validators

from cc613hal.errors import ConfigError
from cc613hal.plugins import DeviceContext
from cc613hal_banner.polled import PolledBay, Sight, Unwell
from cc613hal_banner.window import WindowOptions, distance_of, in_window

__all__ = ["REGISTERS_PER_NODE", "Dx80", "Dx80Options", "Meaning"]

REGISTERS_PER_NODE = 16
"""Banner Sure Cross DX80 host communication manual: registers of a node, eight inputs and then eight outputs."""
_INPUTS = 8


class Meaning(enum.Enum):
    """What the node's input carries."""

    STATE = "state"
    """A number that is high while the bay is taken: M-GAGE nodes, switching sensors on a node's input."""
    DISTANCE = "distance"
    """Counts of a distance: ultrasonic and radar nodes."""


@frozen(kw_only=True)
class Dx80Options(WindowOptions):
    """Which node, and what it says. The window (``near_mm`` and so on) counts with ``meaning = "distance"`` only.

    Attributes:
        node: number of the node at its gateway, 1 to 47; 0 is a sensor on the gateway's own inputs.
        input: which of its inputs is the sensor, 1 to 8.
        meaning: what that input carries, ``state`` or ``distance``.
        threshold: with ``state``: from this value up the bay is taken.
        release: with ``state``: below this value it is free again; as ``threshold`` if not given.
        mask: with ``state``: which bits of the input count, 65535 for all.
        active_low: with ``state``: low means taken.
        signal_input: which of its inputs is the strength of what is seen; ``None`` if none.
        status_input: which of its inputs is the status of node and radio link; 0 to believe everything.
        status_ok: what that reads while both are well.
        first_register: zero-based address of the node's first input, where a gateway or converter numbers otherwise than 16 · node.
    """

    node: int = field(default=1, validator=[validators.ge(0), validators.le(47)])
    input: int = field(default=1, validator=[validators.ge(1), validators.le(_INPUTS)])
    meaning: Meaning = Meaning.STATE
    threshold: int = field(default=1, validator=[validators.ge(1), validators.le(0xFFFF)])
    release: int | None = field(default=None, validator=validators.optional([validators.ge(1), validators.le(0xFFFF)]))
    mask: int = field(default=0xFFFF, validator=[validators.ge(1), validators.le(0xFFFF)])
    active_low: bool = False
    signal_input: int | None = field(default=None, validator=validators.optional([validators.ge(1), validators.le(_INPUTS)]))
    status_input: int = field(default=_INPUTS, validator=[validators.ge(0), validators.le(_INPUTS)])
    status_ok: int = field(default=128, validator=[validators.ge(0), validators.le(0xFFFF)])
    first_register: int | None = field(default=None, validator=validators.optional([validators.ge(0), validators.le(0xFFFF - _INPUTS)]))

    def __attrs_post_init__(self) -> None:
        WindowOptions.__attrs_post_init__(self)
        if self.release is not None and self.release > self.threshold:
            raise ConfigError(f"release = {self.release} is above threshold = {self.threshold}")
        if self.threshold > self.mask:
            raise ConfigError(f"threshold = {self.threshold} cannot be reached with mask = {self.mask}")
        if len(set(self.inputs)) < len(self.inputs):
            raise ConfigError("input, signal_input and status_input have to be different inputs")

    @property
    def inputs(self) -> tuple[int, ...]:
        """The inputs that are read."""
        return tuple(number for number in (self.input, self.signal_input, self.status_input) if number)

    @property
    def first(self) -> int:
        """Zero-based address of the node's first input."""
        return REGISTERS_PER_NODE * self.node if self.first_register is None else self.first_register


class Dx80(PolledBay):
    """One node of a gateway. Sensor, strength and status are read in one request, so they belong together.

    Args:
        context: the device's place on its board; its address is the gateway's unit number.
        options: which node, and what it says.
    """

    def __init__(self, context: DeviceContext, options: Dx80Options) -> None:
        super().__init__(context, options)
        self._options = options

    async def look(self) -> Sight | Unwell:
        """What the gateway last heard of the node.

        Raises:
            BusError: the gateway does not answer.
            DeviceRefused: it has no such registers.
            ImplausibleReading: a distance beyond ``longest_mm``.
        """
        options = self._options
        low = min(options.inputs)
        words = await self._context.modbus.read_registers(options.first + low - 1, max(options.inputs) - low + 1)
        if options.status_input and (status := words[options.status_input - low]) != options.status_ok:
            return Unwell(f"the status of node {options.node} and its radio link reads {status}, well is {options.status_ok}")
        signal = None if options.signal_input is None else float(words[options.signal_input - low])
        raw = words[options.input - low]
        if options.meaning is Meaning.DISTANCE:
            distance_mm = distance_of(raw, options, self._context.device)
            return Sight(car=in_window(distance_mm, options, was_in=self.car), distance_mm=distance_mm, signal=signal)
        return Sight(car=self._taken(raw), signal=signal)

    def _taken(self, raw: int) -> bool:
        options = self._options
        was_high = self.car is not options.active_low
        least = options.release if was_high and options.release is not None else options.threshold
        return (raw & options.mask >= least) is not options.active_low
