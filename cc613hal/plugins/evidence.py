"""What a probe of a driver package reports to discovery.

``DriverSpec.probe`` names a function ``async probe(port) -> Evidence | None``. The port is the bus as one device sees it
(:class:`~cc613hal.bus.i2c.I2cPort` and so on), and it refuses everything that could change a part: an I2C probe may send a register
pointer of at most two bytes in the same transaction as a read, a Modbus probe may only read. ``None`` means: this is not my part.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["Certainty", "Evidence"]


class Certainty(enum.Enum):
    """How much a probe's finding is worth."""

    CERTAIN = "certain"
    """An identity register or answer that no other part gives."""
    LIKELY = "likely"
    """Register contents that fit the part and would be a coincidence elsewhere."""
    POSSIBLE = "possible"
    """Somebody answers at an address this part uses."""


@frozen(kw_only=True)
class Evidence:
    """Why a probe believes that its part is there.

    Attributes:
        text: what was read, in words ("device id register reads 0xE5").
        certainty: how much that is worth.
        options: options the probe could tell (they go into the proposed board file).
    """

    text: str
    certainty: Certainty = Certainty.LIKELY
    options: Mapping[str, object] = field(factory=dict[str, object])
