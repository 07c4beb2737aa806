"""Suites of meters that sign."""

from __future__ import annotations

from typing import ClassVar

import pytest

from cc613hal.clock import ClockState
from cc613hal.errors import DeviceRefused
from cc613hal.interfaces import (
    EndReason,
    MeterClock,
    OnDemandSigner,
    SignedMeter,
    SignedReading,
    SignedTransaction,
    SigningEvent,
    TransactionPhase,
    UserAssignment,
)
from cc613hal.testing.conformance.base import Bench, Suite, scenario

__all__ = ["MeterClockSuite", "OnDemandSignerSuite", "SignedMeterSuite", "transaction"]


def transaction(number: int = 1) -> SignedTransaction:
    """A transaction as a station would have it signed: a card, a charge point, a tariff."""
    user = UserAssignment(assigned=True, level="HEARSAY", flags=("RFID_PLAIN",), type="ISO14443", data=f"04A1B2{number:02X}")
    return SignedTransaction(id=f"transaction-{number}", user=user, charge_point="DE*ABC*E00001", tariff_text="0,49 EUR/kWh")


def _verify(reading: SignedReading) -> None:
    """A record that says OCMF is one, and its signature fits the key; other formats are kept as they are."""
    assert reading.data
    if reading.format != "OCMF":
        return
    pytest.importorskip("cryptography")
    from cc613hal.ocmf import PublicKey, read_record  # noqa: PLC0415  # only for meters that sign
    from cc613hal.ocmf.signatures import decode_signature, verify  # noqa: PLC0415  # see above

    record = read_record(reading.data)
    assert verify(PublicKey.from_der(reading.public_key), record.signed_bytes, decode_signature(record.signature))


class SignedMeterSuite(Suite):
    """A meter that signs transactions."""

    capability: ClassVar[str] = "SignedMeter"

    @scenario
    async def test_a_transaction_from_begin_to_release(self, bench: Bench) -> None:
        meter: SignedMeter = bench.device
        bench.board.clock.state = ClockState.SYNCHRONISED
        wanted = transaction()
        assert (await meter.read_transaction()).phase is TransactionPhase.IDLE
        begin = await meter.begin_transaction(wanted)
        assert (await meter.read_transaction()).phase is TransactionPhase.RUNNING
        bench.outlet.contacts.set(3)
        bench.outlet.current_a.set((16.0, 0.0, 0.0))
        await bench.board.clock.sleep(3600.0)
        bench.outlet.current_a.set((0.0, 0.0, 0.0))
        end = await meter.end_transaction(wanted, EndReason.LOCAL)
        assert end.event is SigningEvent.END
        assert end.with_begin == (begin is None)
        for reading in (begin, end):
            if reading is not None:
                assert reading.transaction == wanted.id
                _verify(reading)
        assert (await meter.read_transaction()).phase is TransactionPhase.CLOSED
        await meter.release_record(wanted)
        assert (await meter.read_transaction()).phase is TransactionPhase.IDLE

    @scenario
    async def test_what_is_asked_twice_happens_once(self, bench: Bench) -> None:
        meter: SignedMeter = bench.device
        wanted = transaction()
        begins = [await meter.begin_transaction(wanted), await meter.begin_transaction(wanted)]
        assert [begin and begin.data for begin in begins] == [begins[0] and begins[0].data] * 2
        ends = [await meter.end_transaction(wanted), await meter.end_transaction(wanted)]
        assert ends[0].data == ends[1].data
        await meter.release_record(wanted)
        await meter.release_record(wanted)

    @scenario
    async def test_a_second_transaction_waits_until_the_first_is_released(self, bench: Bench) -> None:
        meter: SignedMeter = bench.device
        await meter.begin_transaction(transaction(1))
        with pytest.raises(DeviceRefused):
            await meter.begin_transaction(transaction(2))
        with pytest.raises(DeviceRefused):
            await meter.release_record(transaction(1))
        first = await meter.end_transaction(transaction(1))
        with pytest.raises(DeviceRefused):
            await meter.begin_transaction(transaction(2))
        await meter.release_record(transaction(1))
        await meter.begin_transaction(transaction(2))
        second = await meter.end_transaction(transaction(2))
        assert first.data != second.data

    @scenario
    async def test_what_never_began_does_not_end(self, bench: Bench) -> None:
        meter: SignedMeter = bench.device
        with pytest.raises(DeviceRefused):
            await meter.end_transaction(transaction())

    @scenario
    async def test_the_key_is_told_and_is_one(self, bench: Bench) -> None:
        meter: SignedMeter = bench.device
        key = await meter.public_key()
        assert key[:1] == b"\x30"
        assert await meter.public_key() == key


class OnDemandSignerSuite(Suite):
    """A meter that signs in between."""

    capability: ClassVar[str] = "OnDemandSigner"

    @scenario
    async def test_a_value_in_between_is_signed(self, bench: Bench) -> None:
        signer: OnDemandSigner = bench.device
        first = await signer.sign_now()
        assert first.event is SigningEvent.INTERMEDIATE
        _verify(first)
        assert (await signer.sign_now()).data != first.data


class MeterClockSuite(Suite):
    """A meter whose clock the controller keeps."""

    capability: ClassVar[str] = "MeterClock"

    @scenario
    async def test_the_clock_is_set_from_a_synchronised_controller(self, bench: Bench) -> None:
        meter: MeterClock = bench.device
        bench.board.clock.state = ClockState.SYNCHRONISED
        reading = await meter.set_clock()
        assert reading.state is ClockState.SYNCHRONISED
        assert reading.error_s is None or abs(reading.error_s) < 5.0

    @scenario
    async def test_a_controller_that_does_not_know_the_time_does_not_make_the_meter_believe_it_does(self, bench: Bench) -> None:
        meter: MeterClock = bench.device
        bench.board.clock.state = ClockState.UNKNOWN
        assert (await meter.set_clock()).state is not ClockState.SYNCHRONISED
