"""Options of the meters, as a board file writes them."""

from __future__ import annotations

import enum
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import Attribute, field, frozen, validators

__all__ = [
    "B23Options",
    "BsmWs36aOptions",
    "CustomOptions",
    "Dvh4013Options",
    "Eem350Options",
    "Em24E1Options",
    "Em24Options",
    "Em300Options",
    "Em340Options",
    "Em540Options",
    "Em580Options",
    "Iem3155Options",
    "Klefr6924Options",
    "Klefr6934Options",
    "Ma370Options",
    "MeterOptions",
    "Mounted",
    "MountedOptions",
    "Pac2200Options",
    "Planning",
    "Sdm72dmOptions",
    "Sdm72dmV2Options",
    "Sdm120Options",
    "Sdm630Options",
    "Shm2Options",
    "SigningOptions",
    "SigningToldOptions",
    "Snapshots",
    "Sunspec203Options",
    "Sunspec213Options",
    "SunspecOptions",
    "ToldOptions",
    "Umg604Options",
    "Umg605Options",
    "Wm3m4Options",
]


class Mounted(enum.Enum):
    """Which way the current flows through the meter."""

    NORMAL = "normal"
    """Import is towards the vehicle."""
    REVERSED = "reversed"
    """Line and load side are exchanged: signs turn, import and export change places."""


class Planning(enum.Enum):
    """What the reads are planned for."""

    AUTO = "auto"
    """Least time on a serial line, fewest reads on everything else."""
    FEWEST_READS = "fewest-reads"
    LEAST_TIME = "least-time"


class Snapshots(enum.Enum):
    """Which snapshots of a Bauer BSM begin and end a transaction."""

    START_END = "start-end"
    """Nothing is switched."""
    TURN_ON_OFF = "turn-on-off"
    """The meter closes and opens the contactor through its own output, and starts its session register anew."""


@frozen(kw_only=True)
class MountedOptions:
    """How a meter is mounted.

    Attributes:
        mounted: which way the current flows through the meter.
        ct_ratio: ratio of current transformers in front of the meter that the meter itself does not know of: 40 for 200 A/5 A.
    """

    mounted: Mounted = Mounted.NORMAL
    ct_ratio: float = field(default=1.0, validator=validators.gt(0))

    @property
    def reversed(self) -> bool:
        """Whether line and load side are exchanged."""
        return self.mounted is Mounted.REVERSED


@frozen(kw_only=True)
class ToldOptions(MountedOptions):
    """What all meters have in common that measure and count.

    Attributes:
        stuck_wh: energy that must have flowed, by the meter's own power, before values that do not change prove it stuck, Wh.
        frozen_after_s: values that do not change for so long prove the meter stuck whatever flows, s; ``None`` for never.
    """

    stuck_wh: float = field(default=100.0, validator=validators.gt(0))
    frozen_after_s: float | None = field(default=None, validator=validators.optional(validators.gt(0)))


@frozen(kw_only=True)
class MeterOptions(ToldOptions):
    """What all meters with a register map have in common.

    Attributes:
        planning: what the reads are planned for.
        check_identity: refuse to work with a unit whose fingerprint is another one.
        variant: another reading of the register map, where its sources do not agree; the meter's page names them. ``""`` for the usual one.
    """

    model: ClassVar[str] = ""
    """Name of the register map."""

    planning: Planning = Planning.AUTO
    check_identity: bool = True
    variant: str = ""


def _zone(_: object, attribute: Attribute[str], value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{attribute.name} {value!r} is no time zone of this system, like Europe/Berlin or UTC") from error


@frozen(kw_only=True)
class SigningOptions(MeterOptions):
    """What meters have in common that sign their values.

    Attributes:
        timezone: whose local time the records show, as ``Europe/Berlin``; the meter gets its offset, daylight saving time included.
        signature_s: longest wait for a signature, s.
    """

    timezone: str = field(default="UTC", validator=_zone)
    signature_s: float = field(default=15.0, validator=validators.gt(0))


@frozen(kw_only=True)
class SigningToldOptions(ToldOptions):
    """What meters without a register map have in common that sign their values.

    Attributes:
        timezone: whose local time the records show, as ``Europe/Berlin``; the meter gets its offset, daylight saving time included.
        signature_s: longest wait for a signature, s.
    """

    timezone: str = field(default="UTC", validator=_zone)
    signature_s: float = field(default=15.0, validator=validators.gt(0))


@frozen(kw_only=True)
class Sdm630Options(MeterOptions):
    """Eastron SDM630-Modbus V2."""

    model = "sdm630"


@frozen(kw_only=True)
class Sdm72dmV2Options(MeterOptions):
    """Eastron SDM72D-M-V2."""

    model = "sdm72d-m-v2"


@frozen(kw_only=True)
class Sdm120Options(MeterOptions):
    """Eastron SDM120-Modbus."""

    model = "sdm120"


@frozen(kw_only=True)
class Em24Options(MeterOptions):
    """Carlo Gavazzi EM24-DIN with RS-485."""

    model = "em24"


@frozen(kw_only=True)
class Em24E1Options(MeterOptions):
    """Carlo Gavazzi EM24 E1 with Ethernet."""

    model = "em24-e1"


@frozen(kw_only=True)
class Em340Options(MeterOptions):
    """Carlo Gavazzi EM330, EM340, ET330, ET340."""

    model = "em340"


@frozen(kw_only=True)
class Eem350Options(MeterOptions):
    """Phoenix Contact EEM-350-D-MCB."""

    model = "eem-350"


@frozen(kw_only=True)
class Em300Options(MeterOptions):
    """TQ EM300 over Modbus TCP."""

    model = "em300"


@frozen(kw_only=True)
class Wm3m4Options(SigningOptions):
    """Iskra WM3M4 and WM3M4C."""

    model = "wm3m4"


@frozen(kw_only=True)
class B23Options(MeterOptions):
    """ABB B23 and B24."""

    model = "b23"


@frozen(kw_only=True)
class BsmWs36aOptions(SigningOptions):
    """Bauer BSM-WS36A.

    Attributes:
        snapshots: what begins and ends a transaction; ``turn-on-off`` only where the meter's output drives the contactor.
        clock_error_s: error of the meter's clock from which on it is set before a begin, s.
    """

    model = "bsm-ws36a"

    snapshots: Snapshots = Snapshots.START_END
    clock_error_s: float = field(default=10.0, validator=validators.ge(1))


@frozen(kw_only=True)
class Em540Options(MeterOptions):
    """Carlo Gavazzi EM530 and EM540."""

    model = "em540"


@frozen(kw_only=True)
class Em580Options(SigningOptions):
    """Carlo Gavazzi EM580.

    Attributes:
        abort: whether a transaction that ends by an error gets the command A; the records that follow from it are not documented
            publicly, so it is an ordinary end (E) by default.
    """

    model = "em580"

    abort: bool = False


@frozen(kw_only=True)
class Dvh4013Options(MeterOptions):
    """DZG DVH4013."""

    model = "dvh4013"


@frozen(kw_only=True)
class Sdm72dmOptions(MeterOptions):
    """Eastron SDM72D-M, version 1."""

    model = "sdm72d-m"


@frozen(kw_only=True)
class Umg604Options(MeterOptions):
    """Janitza UMG 604."""

    model = "umg604"


@frozen(kw_only=True)
class Umg605Options(MeterOptions):
    """Janitza UMG 605."""

    model = "umg605"


@frozen(kw_only=True)
class Klefr6924Options(MeterOptions):
    """Klefr 6924, Inepro PRO380, WAGO 879-30xx."""

    model = "klefr-6924"


@frozen(kw_only=True)
class Klefr6934Options(MeterOptions):
    """Klefr 6934 and other single-phase models of the family."""

    model = "klefr-6934"


@frozen(kw_only=True)
class Ma370Options(MeterOptions):
    """Phoenix Contact EMpro MA370 and MB370."""

    model = "ma370"


@frozen(kw_only=True)
class Iem3155Options(MeterOptions):
    """Schneider Electric iEM3155 and iEM3255."""

    model = "iem3155"


@frozen(kw_only=True)
class Pac2200Options(MeterOptions):
    """Siemens SENTRON PAC2200."""

    model = "pac2200"


@frozen(kw_only=True)
class Shm2Options(MeterOptions):
    """SMA Sunny Home Manager 2.0 over Modbus TCP."""

    model = "shm2"


@frozen(kw_only=True)
class SunspecOptions(MeterOptions):
    """What meters have in common that say themselves where their registers are.

    Attributes:
        base: address of the text ``SunS``; ``None`` tries 40000, 50000 and 0.
    """

    base: int | None = field(default=None, validator=validators.optional([validators.ge(0), validators.lt(65536)]))


@frozen(kw_only=True)
class Sunspec203Options(SunspecOptions):
    """SunSpec meters with the models 201 to 204."""

    model = "sunspec-203"


@frozen(kw_only=True)
class Sunspec213Options(SunspecOptions):
    """SunSpec meters with the models 211 to 214."""

    model = "sunspec-213"


@frozen(kw_only=True)
class CustomOptions(MeterOptions):
    """A meter with a register map of your own.

    Attributes:
        map: path of the TOML file.
    """

    map: str
