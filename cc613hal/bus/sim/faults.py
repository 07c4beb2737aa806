"""What can be wrong with a simulated wire or part, and a seeded dice that decides when."""

from __future__ import annotations

import random
from collections.abc import Callable

from attrs import define, field, validators

__all__ = ["Faults"]

_probability = validators.and_(validators.ge(0.0), validators.le(1.0))


@define
class Faults:
    """Faults of a simulated bus, unit or part; attributes may be changed at any time.

    A bus asks its own faults and those of the addressed part; whichever is worse counts. The same seed gives the same sequence.

    Attributes:
        nack: the address is not acknowledged (I2C); a Modbus unit stays silent.
        silence: requests are taken and never answered.
        late_s: every answer comes this much later, s.
        late: probability that one answer comes ``late_s`` later; 1 means every one.
        crc: check sums are wrong.
        noise: probability that a frame is corrupted on the wire.
        loss: probability that a request is not answered.
        plugged: the part or cable is there; see :meth:`unplug` and :meth:`plug`.
        seed: of the dice.
    """

    nack: bool = False
    silence: bool = False
    late_s: float = field(default=0.0, validator=validators.ge(0.0))
    late: float = field(default=1.0, validator=_probability)
    crc: bool = False
    noise: float = field(default=0.0, validator=_probability)
    loss: float = field(default=0.0, validator=_probability)
    plugged: bool = True
    seed: int = 1
    _dice: random.Random = field(init=False, repr=False, eq=False)
    _listeners: list[Callable[[bool], None]] = field(factory=list, init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    @property
    def dice(self) -> random.Random:
        """The seeded source of chance."""
        return self._dice

    @property
    def any(self) -> bool:
        """Whether anything at all is wrong; adapters ask this first, because mostly nothing is."""
        return bool(self.nack or self.silence or self.late_s or self.crc or self.noise or self.loss or not self.plugged)

    def unplug(self) -> None:
        """Pull the cable or the part out; who waits on the wire learns of it at once."""
        self._plug(False)

    def plug(self) -> None:
        """Put it back."""
        self._plug(True)

    def on_plug(self, listener: Callable[[bool], None]) -> None:
        """Call ``listener`` with every change of ``plugged`` made by :meth:`plug` and :meth:`unplug`."""
        self._listeners.append(listener)

    def clear(self) -> None:
        """Everything works again; the dice keeps its place."""
        self.nack = self.silence = self.crc = False
        self.late_s = self.noise = self.loss = 0.0
        self.late = 1.0
        self.plug()

    def _plug(self, plugged: bool) -> None:
        if plugged is not self.plugged:
            self.plugged = plugged
            for listener in tuple(self._listeners):
                listener(plugged)

    def loses(self) -> bool:
        """Whether this request goes unanswered."""
        return self.silence or not self.plugged or self._chance(self.loss)

    def delay_s(self) -> float:
        """How much later this answer comes, s."""
        return self.late_s if self.late_s and self._chance(self.late) else 0.0

    def corrupts(self) -> bool:
        """Whether noise hits this frame."""
        return self._chance(self.noise)

    def corrupt(self, data: bytes) -> bytes:
        """The bytes with one to three bits flipped, or with a stray byte in front or at the end."""
        if not data:
            return data
        kind = self._dice.randrange(6)
        if kind == 0:
            return bytes([self._dice.randrange(256)]) + data
        if kind == 1:
            return data + bytes([self._dice.randrange(256)])
        damaged = bytearray(data)
        for bit in self._dice.sample(range(8 * len(data)), self._dice.randint(1, min(3, 8 * len(data)))):
            damaged[bit // 8] ^= 1 << bit % 8
        return bytes(damaged)

    def garble(self, data: bytes) -> bytes:
        """The bytes as they arrive: unchanged, or damaged by noise."""
        return self.corrupt(data) if self.noise and self.corrupts() else data

    def _chance(self, probability: float) -> bool:
        return probability >= 1.0 or (probability > 0.0 and self._dice.random() < probability)
