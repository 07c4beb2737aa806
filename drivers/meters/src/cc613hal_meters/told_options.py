"""Options of the meters without a register map, as a board file writes them."""

from __future__ import annotations

import enum
from typing import ClassVar

from attrs import field, frozen, validators

from cc613hal_meters.options import MountedOptions, SigningToldOptions, ToldOptions

__all__ = [
    "EasymeterQ3Options",
    "EmhEhzOptions",
    "Gsh01Options",
    "IemDcrOptions",
    "LemDcbmOptions",
    "MeasuringPoint",
    "PushOptions",
    "S0Options",
    "SmlOptions",
    "SpeedwireOptions",
]

_positive = validators.gt(0.0)


class MeasuringPoint(enum.Enum):
    """Where a DC meter's values count: at the vehicle's end of the cable, or at the meter."""

    DEVICE = "device"
    """Behind the cable, its loss taken off."""
    MAINS = "mains"
    """At the meter, the cable's loss included."""


@frozen(kw_only=True)
class PushOptions(ToldOptions):
    """What meters have in common that speak of their own accord.

    Attributes:
        age_s: how old what the meter last said may be to count as now, and the longest wait for it to say something, s.
    """

    age_s: float = field(default=8.0, validator=_positive)


@frozen(kw_only=True)
class SmlOptions(PushOptions):
    """What meters with SML telegrams have in common.

    Attributes:
        server_id: the meter's identification in hexadecimal digits, as it stands in its telegrams; another meter is then refused. ``""``
            accepts any.
        scalers: powers of ten by OBIS code (``"1-0:1.8.0*255" = -1``), for a meter that writes wrong ones.
    """

    model: ClassVar[str] = ""
    vendor: ClassVar[str] = ""

    server_id: str = field(default="", validator=validators.matches_re(r"(?:[0-9a-fA-F]{2})*"))
    scalers: dict[str, int] = field(factory=dict[str, int])


@frozen(kw_only=True)
class EmhEhzOptions(SmlOptions):
    """EMH eHZ, mMe4.0 and ED300."""

    vendor = "EMH"
    model = "eHZ"


class Assignment(enum.Enum):
    """How the customer's identification gets into an EDL40 meter."""

    AUTO = "auto"
    """``marked`` for a meter whose signatures have 64 bytes, else ``plain``."""
    PLAIN = "plain"
    """Written at begin and end, as it is."""
    MARKED = "marked"
    """Written with a 1 in front at the begin, and with a 2 at the end."""
    NONE = "none"
    """Never written: something else tells the meter."""


@frozen(kw_only=True)
class Edl40Options(SmlOptions):
    """Meters with customer identification and signed telegrams.

    Attributes:
        assign: how the customer's identification gets into the meter.
        public_key: the key on the meter's label, for a meter whose telegrams do not tell it. ``""`` takes theirs; two that differ are
            refused.
        signature_s: longest wait for a signed record, s.
    """

    vendor = "EMH"
    model = "eHZ EDL40"

    assign: Assignment = Assignment.AUTO
    public_key: str = ""
    signature_s: float = field(default=30.0, validator=_positive)


@frozen(kw_only=True)
class EasymeterQ3Options(SmlOptions):
    """EasyMeter Q3M and Q3D."""

    vendor = "EasyMeter"
    model = "Q3"


@frozen(kw_only=True)
class SpeedwireOptions(PushOptions):
    """SMA Energy Meter and Sunny Home Manager 2.0 over Speedwire.

    Attributes:
        serial_number: on the type plate; 0 takes the first meter that is heard, and refuses to choose between two.
        age_s: how old what the meter last said may be to count as now, and the longest wait for it to say something, s.
    """

    serial_number: int = field(default=0, validator=[validators.ge(0), validators.lt(2**32)])
    age_s: float = field(default=5.0, validator=_positive)


@frozen(kw_only=True)
class LemDcbmOptions(SigningToldOptions):
    """LEM DCBM 400 and 600.

    Attributes:
        kilo: power and energy come in kW and kWh, as LEM documents it; ``false`` for W and Wh, as one public driver reads them.
        tariff_id: the meter's tariff number of a transaction.
        cable_id: which of the meter's cables is taken off, with loss compensation.
    """

    kilo: bool = True
    tariff_id: int = field(default=0, validator=validators.ge(0))
    cable_id: int = field(default=0, validator=validators.ge(0))


@frozen(kw_only=True)
class IemDcrOptions(SigningToldOptions):
    """Isabellenhütte IEM-DCR 125, 1000 and 1500.

    Attributes:
        user_text: goes into the record's ``US``, which is the maker's own.
    """

    user_text: str = field(default="", validator=validators.max_len(40))


@frozen(kw_only=True)
class Gsh01Options(SigningToldOptions):
    """DZG GSH01.

    Attributes:
        address: the meter's bus address; 255 is answered by any meter, so it is for a line with one.
        point: where power and energy count.
        reply_s: longest wait for an answer, s.
        clock_error_s: error of the meter's clock from which on it is set before a begin, s.
    """

    address: int = field(default=255, validator=[validators.ge(0), validators.le(255)])
    point: MeasuringPoint = MeasuringPoint.DEVICE
    reply_s: float = field(default=1.1, validator=_positive)
    clock_error_s: float = field(default=60.0, validator=[validators.ge(30.0), validators.le(300.0)])


@frozen(kw_only=True)
class S0Options(MountedOptions):
    """A meter with an S0 pulse output (IEC 62053-31).

    Attributes:
        pulses_per_kwh: on the type plate.
        max_power_w: most that can flow, W; pulses that come faster are not counted and reported.
        min_pulse_s: shortest pulse that counts, s; shorter ones are disturbances. The standard asks for 30 ms at least.
        zero_after_s: without a pulse for so long the power is 0, s.
        start_wh: what the meter's own counter showed when the count began, Wh.
        save_every_s: how often the count is written down while it grows, s; a power cut loses what came since.
    """

    pulses_per_kwh: float = field(default=1000.0, validator=_positive)
    max_power_w: float = field(default=43000.0, validator=_positive)
    min_pulse_s: float = field(default=0.02, validator=validators.ge(0.0))
    zero_after_s: float = field(default=300.0, validator=_positive)
    start_wh: float = field(default=0.0, validator=validators.ge(0.0))
    save_every_s: float = field(default=10.0, validator=_positive)
