"""What people, vehicles, parts and weather do: frozen values that go over the socket as the facade's commands do."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from cc613_chargepoint.facade.commands import Command

__all__ = [
    "ACTIONS",
    "FAULTS",
    "Break",
    "Drive",
    "Look",
    "Note",
    "Park",
    "Plug",
    "Tap",
    "Unplug",
    "Wait",
    "Weather",
]


@frozen(kw_only=True)
class Look(Command):
    """What the world looks like now."""


@frozen(kw_only=True)
class Note(Command):
    """Nothing happens but a word in the story; a script's day may end with one.

    Attributes:
        text: the word.
    """

    text: str


@frozen(kw_only=True)
class Park(Command):
    """Somebody parks in the bay, or leaves it.

    Attributes:
        leave: leaves.
    """

    leave: bool = False


@frozen(kw_only=True)
class Tap(Command):
    """Somebody holds a card to the reader.

    Attributes:
        card: its identifier, hexadecimal: 4, 7 or 10 bytes.
        hold_s: how long, s.
    """

    card: str = "04A2B3C4D5E680"
    hold_s: float = 1.0


@frozen(kw_only=True)
class Plug(Command):
    """A vehicle is plugged in; what is no vehicle, where the connector is a household socket.

    Attributes:
        connector: where.
        cable_a: what the cable bears: 13, 20, 32 or 63 A; 0 for a cable that belongs to the station.
        phases: of the vehicle's charger, 1 to 3.
        max_current_a: most that its charger draws, A per phase.
        battery_wh: what it still wants, Wh; ``None`` for no end.
        ventilation: it asks for ventilation.
        simplified: it has no S2.
        asleep: it does not react before it is woken.
        diode: its pilot diode is intact.
    """

    connector: int = 1
    cable_a: int = 32
    phases: int = 3
    max_current_a: float = 32.0
    battery_wh: float | None = None
    ventilation: bool = False
    simplified: bool = False
    asleep: bool = False
    diode: bool = True


@frozen(kw_only=True)
class Unplug(Command):
    """Somebody pulls the plug.

    Attributes:
        connector: where.
        force: breaking the lock.
    """

    connector: int = 1
    force: bool = False


@frozen(kw_only=True)
class Drive(Command):
    """The vehicle wants energy, or has enough.

    Attributes:
        wants: it wants energy.
        connector: where.
    """

    wants: bool
    connector: int = 1


@frozen(kw_only=True)
class Break(Command):
    """Something breaks, or is mended.

    Attributes:
        fault: a word of :data:`FAULTS`, or ``silent:NAME`` or ``unplugged:NAME`` with a device or bus of the board.
        over: it is mended.
        value: how bad, where that is a figure (see :data:`FAULTS`); ``None`` for the usual.
        connector: where.
    """

    fault: str
    over: bool = False
    value: float | None = None
    connector: int = 1


@frozen(kw_only=True)
class Weather(Command):
    """What the surroundings are; what is left out stays.

    Attributes:
        temperature_c: °C.
        place: where that is: ``internal``, ``relay`` …; empty for everywhere the board measures.
        tilt_deg: how far the station leans, degrees.
        supply_v: the controller's supply, V.
    """

    temperature_c: float | None = None
    place: str = ""
    tilt_deg: float | None = None
    supply_v: float | None = None


@frozen(kw_only=True)
class Wait(Command):
    """Wait until a connector is in a state.

    Attributes:
        state: its word.
        connector: which.
        within_s: how long at most, s.
    """

    state: str
    connector: int = 1
    within_s: float = 60.0


FAULTS: Mapping[str, str] = {
    "welded": "the main contacts hang",
    "stuck-open": "the contacts do not follow the coil",
    "lock-stuck": "the lock's bolt cannot move",
    "pilot-short": "pilot shorted to PE",
    "no-pe": "protective earth is missing",
    "residual-dc": "smooth residual current; VALUE in mA, 10 if not said",
    "residual-ac": "alternating residual current; VALUE in mA, 60 if not said",
    "no-mains": "mains voltage is gone",
    "phase-lost": "the voltage of phase VALUE is gone, 3 if not said",
    "breaker": "the circuit breaker upstream has tripped",
    "rcd": "the residual current device upstream has tripped",
    "no-opener": "the emergency opener's store is empty",
}
"""Word → what it is."""

ACTIONS: Mapping[str, type[Command]] = {each.__name__: each for each in (Look, Note, Park, Tap, Plug, Unplug, Drive, Break, Weather, Wait)}
"""Every action by its name on the wire."""
