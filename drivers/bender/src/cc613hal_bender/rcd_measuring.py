"""An RCMB104 on a board that also reads its measured values.

Bender publishes that RMS and DC values are measured (±300 mA of direct current, resolution better than 0.2 mA; RCMB104 manual D00294_02)
and reach the backend (CC613 manual D00381), not how the controller reads them. **Inferred reference wiring**, every figure an option: two
analogue voltages on an MCP3208, the direct current around a middle voltage, the alternating one from zero.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.errors import ImplausibleReading
from cc613hal.interfaces import ResidualReading
from cc613hal.plugins import DeviceContext
from cc613hal_bender.mcp3208 import FULL_SCALE, Mcp3208
from cc613hal_bender.rcd import Rcmb104, Rcmb104Options

__all__ = ["MeasuringOptions", "Rcmb104Measuring"]

_RANGE_MA = 300.0
"""Measuring range, mA (RCMB104 manual)."""
_MARGIN = 1.05
"""Beyond the range by more than the part's tolerance is no current but a broken wire (inferred)."""


@frozen(kw_only=True)
class MeasuringOptions(Rcmb104Options):
    """Options of ``bender.rcmb104-measuring``: those of ``bender.rcmb104`` and the wiring of the two values, inferred.

    Attributes:
        dc_channel: converter channel of the direct current.
        rms_channel: converter channel of the alternating current.
        reference_v: the converter's reference, V.
        dc_zero_v: voltage for no direct current, V.
        dc_ma_per_v: direct current per volt, mA/V.
        rms_ma_per_v: alternating current per volt, mA/V.
    """

    dc_channel: int = field(default=0, validator=validators.in_(range(8)))
    rms_channel: int = field(default=1, validator=validators.in_(range(8)))
    reference_v: float = field(default=3.3, validator=validators.gt(0))
    dc_zero_v: float = 1.65
    dc_ma_per_v: float = field(default=200.0, validator=validators.gt(0))
    rms_ma_per_v: float = field(default=100.0, validator=validators.gt(0))

    def dc_ma(self, code: int) -> float:
        """Direct current for a converter code, mA."""
        return (code / FULL_SCALE * self.reference_v - self.dc_zero_v) * self.dc_ma_per_v

    def dc_code(self, dc_ma: float) -> int:
        """Converter code for a direct current; the inverse of :meth:`dc_ma`."""
        return self._code(dc_ma / self.dc_ma_per_v + self.dc_zero_v)

    def rms_ma(self, code: int) -> float:
        """Alternating current for a converter code, mA r.m.s."""
        return code / FULL_SCALE * self.reference_v * self.rms_ma_per_v

    def rms_code(self, rms_ma: float) -> int:
        """Converter code for an alternating current; the inverse of :meth:`rms_ma`."""
        return self._code(rms_ma / self.rms_ma_per_v)

    def _code(self, volts: float) -> int:
        return max(0, min(FULL_SCALE - 1, round(volts / self.reference_v * FULL_SCALE)))


class Rcmb104Measuring(Rcmb104):
    """An RCMB104 with values. Trips come from its outputs alone: a value that cannot be read neither makes nor hides one."""

    def __init__(self, context: DeviceContext, options: MeasuringOptions) -> None:
        super().__init__(context, options)
        self._wiring = options
        self._adc = Mcp3208(context.spi, context.device, context.health, self._tell)
        self._implausible = False
        self._device = context.device

    async def connect(self) -> None:
        """As the plain module; besides, the converter must answer.

        Raises:
            NoAnswer: it does not.
        """
        await super().connect()
        await self._adc.read(self._wiring.dc_channel)

    async def read(self) -> ResidualReading:
        """Trip state and both currents now.

        Raises:
            ImplausibleReading: a value beyond what the module can measure: a broken wire.
            BusError: the converter does not answer; the trip state is still told by events.
        """
        dc_code = await self._adc.read(self._wiring.dc_channel)
        rms_code = await self._adc.read(self._wiring.rms_channel)
        dc_ma, rms_ma = self._wiring.dc_ma(dc_code), self._wiring.rms_ma(rms_code)
        at_rail = dc_code in {0, FULL_SCALE - 1} or rms_code == FULL_SCALE - 1
        if at_rail or abs(dc_ma) > _RANGE_MA * _MARGIN:
            error = ImplausibleReading(
                f"{dc_ma:.1f} mA DC and {rms_ma:.1f} mA r.m.s. are beyond the module's ±{_RANGE_MA:g} mA",
                device=self._device,
                hint="check the wires between module and converter",
            )
            self._implausible = True
            self._context.health.fault(error.message, error)
            raise error
        if self._implausible:
            self._implausible = False
            self._tell()
        plain = await super().read()
        return ResidualReading(
            stamp=plain.stamp, source=plain.source, dc_ma=dc_ma, rms_ma=rms_ma, tripped=plain.tripped, latched=plain.latched
        )

    def _tell(self) -> None:
        """Say again how the module is, now that its values can be read."""
        if self.latched:
            self._context.health.fault("tripped, and not reset")
        else:
            self._context.health.ok("values can be read")
