"""Options of the meters, as a board file writes them."""

from __future__ import annotations

import enum
from typing import ClassVar

from attrs import field, frozen, validators

__all__ = [
    "CustomOptions",
    "Eem350Options",
    "Em24E1Options",
    "Em24Options",
    "Em300Options",
    "Em340Options",
    "MeterOptions",
    "Mounted",
    "Planning",
    "Sdm72dmV2Options",
    "Sdm120Options",
    "Sdm630Options",
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


@frozen(kw_only=True)
class MeterOptions:
    """What all meters have in common.

    Attributes:
        mounted: which way the current flows through the meter.
        ct_ratio: ratio of current transformers in front of the meter that the meter itself does not know of: 40 for 200 A/5 A.
        planning: what the reads are planned for.
        check_identity: refuse to work with a unit whose fingerprint is another one.
        stuck_wh: energy that must have flowed, by the meter's own power, before registers that do not change prove it stuck, Wh.
        frozen_after_s: registers that do not change for so long prove the meter stuck whatever flows, s; ``None`` for never.
    """

    model: ClassVar[str] = ""
    """Name of the register map."""

    mounted: Mounted = Mounted.NORMAL
    ct_ratio: float = field(default=1.0, validator=validators.gt(0))
    planning: Planning = Planning.AUTO
    check_identity: bool = True
    stuck_wh: float = field(default=100.0, validator=validators.gt(0))
    frozen_after_s: float | None = field(default=None, validator=validators.optional(validators.gt(0)))


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
class Wm3m4Options(MeterOptions):
    """Iskra WM3M4 and WM3M4C, the measured values."""

    model = "wm3m4"


@frozen(kw_only=True)
class CustomOptions(MeterOptions):
    """A meter with a register map of your own.

    Attributes:
        map: path of the TOML file.
    """

    map: str
