"""EDL40 meters: the customer's identification goes in, signed telegrams come out, and what comes of it when they refuse or lie."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed, DeviceRefused, WrongIdentity
from cc613hal.interfaces import SignedReading, SignedTransaction, SigningEvent, TransactionPhase, UserAssignment
from cc613hal.ocmf import Checker, PublicKey, SignedValue, Status, TransactionVerdict, read_edl
from cc613hal.ocmf.signatures import verify
from cc613hal.plant import Simulation
from cc613hal.sml import encode_frame
from cc613hal.testing.bench import PART, Bench, board_for, open_part

EDL = "meters.edl40"
USER = UserAssignment(assigned=True, level="HEARSAY", flags=("RFID_PLAIN",), type="ISO14443", data="04A1B2C3")
ONE = SignedTransaction(id="7f1c2c52-0000-4000-8000-000000000001", user=USER)
TWO = SignedTransaction(id="7f1c2c52-0000-4000-8000-000000000002", user=USER)
STYLES = ["auto", "plain", "marked"]


def play(scene: Callable[[Bench], Awaitable[None]], **options: object) -> None:
    async def run() -> None:
        async with open_part(EDL, options=options) as bench:
            await scene(bench)

    run_virtual(run())


async def charge(bench: Bench) -> None:
    bench.outlet.contacts.set(3)
    bench.outlet.current_a.set((16.0, 16.0, 16.0))
    await bench.board.clock.sleep(3600.0)
    bench.outlet.current_a.set((0.0, 0.0, 0.0))


def record(reading: SignedReading) -> Any:
    return read_edl(bytes.fromhex(reading.data.decode()), reading.format)


def proven(reading: SignedReading) -> None:
    found = record(reading)
    assert verify(PublicKey.from_der(reading.public_key), found.signed_bytes, found.signature)


def bill(begin: SignedReading, end: SignedReading) -> Checker:
    checker = Checker([PublicKey.from_der(begin.public_key)])
    values = [
        SignedValue(data=each.data.decode(), format=each.format, encoding=each.encoding, context=context, transaction_id="1")
        for each, context in ((begin, "Transaction.Begin"), (end, "Transaction.End"))
    ]
    checker.verdicts = list(checker.check(values))  # type: ignore[attr-defined]
    return checker


@pytest.mark.parametrize("assign", STYLES)
def test_begin_and_end_are_two_records_and_the_bill_is_verified(assign: str) -> None:
    async def scene(bench: Bench) -> None:
        begin = await bench.device.begin_transaction(ONE)
        assert (begin.event, begin.with_begin, begin.format, begin.encoding) == (SigningEvent.BEGIN, False, "EDL_40_P", "hex")
        assert (await bench.device.read_transaction()).phase is TransactionPhase.RUNNING
        await charge(bench)
        end = await bench.device.end_transaction(ONE)
        proven(begin)
        proven(end)
        assert record(begin).contract.lstrip(b"\x01") == record(end).contract.lstrip(b"\x02") == b"04A1B2C3"
        assert record(end).page == record(begin).page + 1
        checker = bill(begin, end)
        assert checker.summary.status is Status.VERIFIED, checker.verdicts  # type: ignore[attr-defined]
        verdict = checker.verdicts[-1]  # type: ignore[attr-defined]
        assert isinstance(verdict, TransactionVerdict)
        assert float(verdict.energy_wh or 0) == pytest.approx(3 * 3680.0, abs=1.0)
        assert (await bench.device.read_transaction()).phase is TransactionPhase.CLOSED
        await bench.device.release_record(ONE)
        assert (await bench.device.read_transaction()).phase is TransactionPhase.IDLE
        proven(await bench.device.begin_transaction(TWO))

    play(scene, assign=assign)


def test_over_a_real_line() -> None:
    async def scene() -> None:
        description = board_for(EDL)
        async with Simulation(description, ptys=True) as simulation, open_board(description, simulation.buses) as board:
            meter: Any = board.devices[PART]
            proven(await meter.begin_transaction(ONE))
            proven(await meter.end_transaction(ONE))
            await meter.release_record(ONE)

    asyncio.run(scene())


def test_it_measures_as_well() -> None:
    async def scene(bench: Bench) -> None:
        bench.outlet.contacts.set(3)
        bench.outlet.current_a.set((16.0, 0.0, 0.0))
        await bench.board.clock.sleep(5.0)
        assert (await bench.device.read_power()).power_w == pytest.approx(3680.0, abs=1.0)
        await bench.device.begin_transaction(ONE)
        assert (await bench.device.read_power()).power_w == pytest.approx(3680.0, abs=1.0)

    play(scene)


def test_without_a_customer_the_transaction_stands_in_the_record() -> None:
    async def scene(bench: Bench) -> None:
        begin = await bench.device.begin_transaction(SignedTransaction(id="7f1c2c52"))
        assert record(begin).contract == b"7f1c2c52"

    play(scene)


@pytest.mark.parametrize("assign", STYLES)
def test_the_same_step_again_gives_the_same_record(assign: str) -> None:
    async def scene(bench: Bench) -> None:
        begin = await bench.device.begin_transaction(ONE)
        assert (await bench.device.begin_transaction(ONE)).data == begin.data
        await bench.board.clock.sleep(60.0)
        end = await bench.device.end_transaction(ONE)
        await bench.board.clock.sleep(60.0)
        assert (await bench.device.end_transaction(ONE)).data == end.data
        assert bench.emulated.page == 2

    play(scene, assign=assign)


def test_a_record_that_was_signed_while_nobody_listened_is_found() -> None:
    async def scene(bench: Bench) -> None:
        begin = asyncio.create_task(bench.device.begin_transaction(ONE))
        await bench.board.clock.sleep(0.5)
        begin.cancel()
        await bench.board.clock.sleep(5.0)
        assert (await bench.device.read_transaction()).phase is TransactionPhase.RUNNING
        proven(await bench.device.begin_transaction(ONE))
        assert bench.emulated.page == 1, "it was not asked again"

    play(scene)


def test_another_transaction_waits_until_the_record_is_released() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        with pytest.raises(DeviceRefused, match="it runs"):
            await bench.device.begin_transaction(TWO)
        with pytest.raises(DeviceRefused, match="not ended"):
            await bench.device.release_record(ONE)
        with pytest.raises(DeviceRefused, match="holds transaction"):
            await bench.device.end_transaction(TWO)
        await bench.device.end_transaction(ONE)
        with pytest.raises(DeviceRefused, match="is signed"):
            await bench.device.begin_transaction(ONE)

    play(scene)


def test_an_end_without_a_begin_is_refused() -> None:
    async def scene(bench: Bench) -> None:
        with pytest.raises(DeviceRefused, match="holds no transaction"):
            await bench.device.end_transaction(ONE)

    play(scene)


def test_a_meter_that_takes_no_contract_id_begins_nothing() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.refuses = True
        with pytest.raises(DeviceRefused, match="81 81 C7 C7 FE 03"):
            await bench.device.begin_transaction(ONE)
        assert (await bench.device.read_transaction()).phase is TransactionPhase.IDLE
        bench.emulated.refuses = False
        proven(await bench.device.begin_transaction(ONE))

    play(scene)


def test_a_deaf_meter_is_given_up_at_the_deadline_and_a_mute_one_is_believed_its_telegrams() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.deaf = True
        with pytest.raises(CommandFailed, match="signed record of the begin"):
            await bench.device.begin_transaction(ONE)
        bench.emulated.deaf, bench.emulated.mute = False, True
        proven(await bench.device.begin_transaction(ONE))

    play(scene, signature_s=6.0)


def test_a_signature_that_takes_its_time_is_waited_for() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.busy_s = 12.0
        proven(await bench.device.begin_transaction(ONE))
        proven(await bench.device.end_transaction(ONE))

    play(scene)


def test_a_forged_record_is_found_by_whoever_checks_it() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.forged = True
        reading = await bench.device.begin_transaction(ONE)
        found = record(reading)
        assert not verify(PublicKey.from_der(reading.public_key), found.signed_bytes, found.signature)

    play(scene)


@pytest.mark.parametrize(
    ("text", "tells", "message"), [("", False, ""), ("label", False, ""), ("label", True, ""), ("other", True, "another public")]
)
def test_the_key_is_told_or_configured_and_never_exchanged_silently(text: str, tells: bool, message: str) -> None:
    keys: dict[str, str] = {"": ""}

    async def look(bench: Bench) -> None:
        keys["label"] = PublicKey.from_der(await bench.device.public_key()).hex
        bench.emulated.key = None
        from cryptography.hazmat.primitives.asymmetric.ec import SECP192R1

        from cc613hal_meters.signing.emulation import test_key

        numbers = test_key("somebody else", SECP192R1()).public_key().public_numbers()
        keys["other"] = (numbers.x.to_bytes(24, "big") + numbers.y.to_bytes(24, "big")).hex()

    async def scene(bench: Bench) -> None:
        bench.emulated.tells_key = tells
        await bench.board.clock.sleep(5.0)
        if message:
            with pytest.raises(CommandFailed, match=message):
                await bench.device.begin_transaction(ONE)
            assert bench.emulated.page == 0, "it was told nothing"
            return
        key = await bench.device.public_key()
        assert bool(key) is bool(text or tells)

    play(look)
    play(scene, public_key=keys[text])


def test_somebody_else_may_tell_the_meter_who_it_is() -> None:
    async def scene(bench: Bench) -> None:
        begin = asyncio.create_task(bench.device.begin_transaction(ONE))
        await bench.board.clock.sleep(3.0)
        bench.emulated.present(b"SOMEBODY")
        await bench.board.clock.sleep(4.0)
        assert not begin.done(), "that is not the customer"
        bench.emulated.present(b"04A1B2C3")
        proven(await begin)

    play(scene, assign="none")


def test_an_identification_without_room_is_refused() -> None:
    async def scene(bench: Bench) -> None:
        with pytest.raises(DeviceRefused, match="128 bytes, 127 fit"):
            await bench.device.begin_transaction(SignedTransaction(id="long", user=UserAssignment(data="x" * 128)))
        proven(await bench.device.begin_transaction(ONE))

    play(scene)


def test_a_signed_telegram_of_another_meter_is_refused() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        bench.emulated.server = bytes.fromhex("0A014F5448000000007B")
        await bench.board.clock.sleep(5.0)
        with pytest.raises(WrongIdentity):
            await bench.device.end_transaction(ONE)

    play(scene, server_id="0a01454d480000000001")


def test_an_attention_that_nobody_waits_for_and_noise_change_nothing() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated._set(b"SOMEBODY", b"nobody asked")
        bench.emulated.receive(encode_frame(b"\x76\x00")[:-2] + b"\xff\xff" + bytes(300))
        await bench.board.clock.sleep(5.0)
        proven(await bench.device.begin_transaction(ONE))

    play(scene)
