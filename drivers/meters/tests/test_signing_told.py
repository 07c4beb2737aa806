"""DC meters that sign, without registers: their procedures on good days, and what comes of it when they are busy, refuse, forget or lie."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pyocmf
import pytest

from cc613hal.board import open_board
from cc613hal.clock import ClockState, run_virtual
from cc613hal.errors import CommandFailed, DeviceRefused
from cc613hal.interfaces import EndReason, SignedReading, SignedTransaction, TransactionPhase, UserAssignment
from cc613hal.ocmf import Checker, PublicKey, SignedValue, Status, TransactionVerdict, read_record
from cc613hal.ocmf.signatures import decode_signature, verify
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, Bench, board_for, open_part
from cc613hal_meters.signing.gsh01 import ID_TYPES
from cc613hal_meters.signing.told import der_of

USER = UserAssignment(assigned=True, level="HEARSAY", flags=("RFID_PLAIN",), type="ISO14443", data="04A1B2C3")
ONE = SignedTransaction(id="7f1c2c52-0000-4000-8000-000000000001", user=USER, charge_point="DE*ABC*E00001", tariff_text="0,49 EUR/kWh")
TWO = SignedTransaction(id="7f1c2c52-0000-4000-8000-000000000002", user=USER, charge_point="DE*ABC*E00001")
LEM, IEM, GSH = "meters.lem-dcbm", "meters.iem-dcr", "meters.gsh01"
MODELS = [LEM, IEM, GSH]


def play(driver: str, scene: Callable[[Bench], Awaitable[None]], *, state: ClockState = ClockState.SYNCHRONISED, **options: object) -> None:
    async def run() -> None:
        async with open_part(driver, options=options) as bench:
            bench.board.clock.state = state
            await scene(bench)

    run_virtual(run())


async def charge(bench: Bench, hours: float = 1.0) -> None:
    """Sixteen amperes through the meter's one pair of conductors."""
    bench.outlet.contacts.set(3)
    bench.outlet.current_a.set((16.0, 0.0, 0.0))
    await bench.board.clock.sleep(hours * 3600.0)
    bench.outlet.current_a.set((0.0, 0.0, 0.0))


def forget(folder: Path) -> None:
    """The controller was exchanged: nothing of what devices remember is left."""
    for file in folder.iterdir():
        file.unlink()


def payload(reading: SignedReading) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(reading.data.decode().split("|")[1])
    return parsed


def proven(reading: SignedReading) -> None:
    """Our reader says that the record is signed with the meter's key, and so does another one where it reads this kind of signature."""
    record = read_record(reading.data)
    key = PublicKey.from_der(reading.public_key)
    assert verify(key, record.signed_bytes, decode_signature(record.signature))
    if record.signature.data.startswith("30"):
        assert pyocmf.OCMF.from_string(reading.data.decode()).verify_signature(key.hex)


@pytest.mark.parametrize("driver", MODELS)
def test_energy_user_and_place_stand_in_a_bill_that_is_verified(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.device.begin_transaction(ONE) is None
        await charge(bench)
        end = await bench.device.end_transaction(ONE)
        assert end.with_begin
        assert payload(end)["ID"] == "04A1B2C3"
        assert payload(end)["CI"] == "DE*ABC*E00001"
        assert [reading["TX"] for reading in payload(end)["RD"]] == ["B", "E"]
        proven(end)
        checker = Checker([PublicKey.from_der(end.public_key)])
        verdicts = list(checker.check([SignedValue(data=end.data.decode())]))
        assert checker.summary.status is Status.VERIFIED
        assert isinstance(verdicts[-1], TransactionVerdict)
        assert verdicts[-1].energy_wh is not None
        assert float(verdicts[-1].energy_wh) == pytest.approx(3680.0, abs=1.0)

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
def test_over_real_sockets_and_lines(driver: str) -> None:
    async def scene() -> None:
        description = board_for(driver)
        async with Simulation(description, ptys=True) as simulation, open_board(description, simulation.buses) as board:
            meter: Any = board.devices[PART]
            await meter.begin_transaction(ONE)
            proven(await meter.end_transaction(ONE))
            await meter.release_record(ONE)

    asyncio.run(scene())


@pytest.mark.parametrize("driver", MODELS)
def test_a_clock_that_was_never_synchronised_shows_in_the_record(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        end = await bench.device.end_transaction(ONE)
        assert all(reading["TM"].endswith(" U") for reading in payload(end)["RD"])

    play(driver, scene, state=ClockState.INFORMATIVE)


@pytest.mark.parametrize("driver", MODELS)
def test_local_time_is_that_of_the_configured_zone(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        end = await bench.device.end_transaction(ONE)
        assert payload(end)["RD"][0]["TM"].startswith("2026-01-01T01:00:0")
        assert payload(end)["RD"][0]["TM"].endswith("+0100 S")

    play(driver, scene, timezone="Europe/Berlin")


@pytest.mark.parametrize("driver", MODELS)
def test_a_record_that_takes_its_time_is_waited_for_and_given_up_at_the_deadline(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.busy_s = 6.0
        await bench.device.begin_transaction(ONE)
        proven(await bench.device.end_transaction(ONE))
        await bench.device.release_record(ONE)
        await bench.device.begin_transaction(TWO)
        bench.emulated.busy_s = 1000.0
        before_s = bench.board.clock.monotonic_s()
        with pytest.raises(CommandFailed, match="after 15 s"):
            await bench.device.end_transaction(TWO)
        assert bench.board.clock.monotonic_s() - before_s < 20.0
        await bench.board.clock.sleep(1000.0)
        assert (await bench.device.read_transaction()).phase is TransactionPhase.CLOSED
        proven(await bench.device.end_transaction(TWO))

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
def test_supply_lost_in_a_transaction_still_ends_in_a_record(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        await charge(bench, 0.5)
        bench.emulated.lose_power()
        held = await bench.device.read_transaction()
        assert held.phase in {TransactionPhase.INTERRUPTED, TransactionPhase.CLOSED}
        assert held.transaction == ONE.id
        end = await bench.device.end_transaction(ONE, EndReason.POWER_FAILURE)
        proven(end)
        first, last = payload(end)["RD"]
        assert last["RV"] - first["RV"] == pytest.approx(1.84, abs=0.01)
        assert last["TM"].endswith(" U")

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
@pytest.mark.parametrize("remembers", [True, False])
def test_a_new_controller_process_finds_and_ends_what_the_meter_holds(driver: str, remembers: bool, tmp_path: Path) -> None:
    async def scene() -> None:
        description = board_for(driver)
        async with Simulation(description) as simulation:
            async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                first: Any = board.devices[PART]
                await first.begin_transaction(ONE)
            if not remembers:
                forget(tmp_path)
            async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                meter: Any = board.devices[PART]
                held = await meter.read_transaction()
                assert held.phase is TransactionPhase.RUNNING
                assert held.transaction in ({ONE.id} if remembers else {ONE.id, None})
                end = await meter.end_transaction(ONE, EndReason.POWER_FAILURE)
                proven(end)
                assert (await meter.end_transaction(ONE)).data == end.data
                with pytest.raises(DeviceRefused):
                    await meter.end_transaction(TWO)
                await meter.release_record(ONE)
                assert (await meter.read_transaction()).phase is TransactionPhase.IDLE

    run_virtual(scene())


@pytest.mark.parametrize("driver", MODELS)
def test_an_old_record_is_not_taken_for_the_new_one(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        await bench.device.end_transaction(ONE)
        await bench.device.release_record(ONE)
        bench.emulated.maker.stale = True
        await bench.device.begin_transaction(TWO)
        with pytest.raises(CommandFailed, match="page T1 again"):
            await bench.device.end_transaction(TWO)

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
def test_a_forged_signature_does_not_fit_the_key(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.maker.forged = True
        await bench.device.begin_transaction(ONE)
        end = await bench.device.end_transaction(ONE)
        record = read_record(end.data)
        assert not verify(PublicKey.from_der(end.public_key), record.signed_bytes, decode_signature(record.signature))

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
def test_the_time_does_not_move_in_a_transaction(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        with pytest.raises(DeviceRefused):
            await bench.device.set_clock()

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
@pytest.mark.parametrize("reason", list(EndReason))
def test_every_reason_ends_a_transaction_and_pages_go_on(driver: str, reason: EndReason) -> None:
    async def scene(bench: Bench) -> None:
        for page in (1, 2, 3):
            await bench.device.begin_transaction(ONE)
            assert payload(await bench.device.end_transaction(ONE, reason))["PG"] == f"T{page}"
            await bench.device.release_record(ONE)

    play(driver, scene)


def test_lem_a_begin_and_an_end_that_the_meter_does_not_carry_out_are_told() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.refuses = True
        with pytest.raises(CommandFailed, match="did not begin"):
            await bench.device.begin_transaction(ONE)
        assert (await bench.device.read_transaction()).phase is TransactionPhase.IDLE
        bench.emulated.refuses = False
        await bench.device.begin_transaction(ONE)
        bench.emulated.refuses = True
        with pytest.raises(CommandFailed, match="did not end"):
            await bench.device.end_transaction(ONE)
        bench.emulated.refuses = False
        proven(await bench.device.end_transaction(ONE))

    play(LEM, scene)


def test_lem_newer_firmware_has_other_paths_and_takes_the_tariff() -> None:
    async def run() -> None:
        def newer(simulation: Simulation) -> None:
            simulation.plant.parts[PART].firmware = "0.2.0.0"

        async with open_part(LEM, before=newer) as bench:
            asked: list[str] = []
            answer = bench.emulated.handle
            bench.emulated.handle = lambda request: asked.append(request.target) or answer(request)
            await bench.device.begin_transaction(ONE)
            proven(await bench.device.end_transaction(ONE))
            assert {target for target in asked if "legal" in target or "ocmf" in target} == {
                "/v2/legal",
                f"/v2/legal?transactionId={ONE.id}",
                f"/v2/ocmf?transactionId={ONE.id}",
            }
            assert bench.emulated._told["TT"] == "0,49 EUR/kWh"
            await bench.device.release_record(ONE)
            with pytest.raises(DeviceRefused, match="20 fit"):
                await bench.device.begin_transaction(SignedTransaction(id="x", tariff_text="x" * 21))

    run_virtual(run())


def test_lem_what_does_not_fit_is_refused_before_anything_begins() -> None:
    async def scene(bench: Bench) -> None:
        with pytest.raises(DeviceRefused, match="37 fit"):
            await bench.device.begin_transaction(SignedTransaction(id="x", user=UserAssignment(data="4" * 38)))
        assert (await bench.device.read_transaction()).phase is TransactionPhase.IDLE

    play(LEM, scene)


def test_iem_dcr_the_charge_point_stays_until_its_supply_was_off() -> None:
    async def scene(bench: Bench) -> None:
        other = SignedTransaction(id="b", user=USER, charge_point="DE*ABC*E00002")
        await bench.device.begin_transaction(ONE)
        await bench.device.end_transaction(ONE)
        await bench.device.release_record(ONE)
        with pytest.raises(DeviceRefused, match=r"DE\*ABC\*E00001, not DE\*ABC\*E00002"):
            await bench.device.begin_transaction(other)
        bench.emulated.lose_power()
        await bench.device.begin_transaction(other)
        assert payload(await bench.device.end_transaction(other))["CI"] == "DE*ABC*E00002"

    play(IEM, scene)


def test_iem_dcr_neither_begins_nor_ends_while_current_flows_or_it_is_in_error() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.current_flows = True
        with pytest.raises(DeviceRefused):
            await bench.device.begin_transaction(ONE)
        bench.emulated.current_flows = False
        bench.emulated.error = "0x0001, 0x00000000, 0x00, 0x00"
        with pytest.raises(DeviceRefused, match="is in error: 0x0001"):
            await bench.device.begin_transaction(ONE)
        bench.emulated.error = "0x0000, 0x00000000, 0x00, 0x00"
        await bench.device.begin_transaction(ONE)
        bench.emulated.current_flows = True
        with pytest.raises(DeviceRefused):
            await bench.device.end_transaction(ONE)
        bench.emulated.current_flows = False
        proven(await bench.device.end_transaction(ONE))

    play(IEM, scene)


def test_iem_dcr_user_level_flags_and_tariff_are_told_and_the_last_record_is_found_in_newer_firmware_too() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        end = await bench.device.end_transaction(ONE)
        told = payload(end)
        assert (told["IL"], told["IF"], told["IT"], told["TT"]) == ("HEARSAY", ["RFID_PLAIN"], "ISO14443", "0,49 EUR/kWh")
        assert told["US"] == "bay 4"
        bench.emulated.newer = True
        assert (await bench.device.end_transaction(ONE)).data == end.data

    play(IEM, scene, user_text="bay 4")


def test_gsh01_that_is_not_ready_or_cannot_sign_does_not_begin() -> None:
    async def scene(bench: Bench) -> None:
        for word, reason in ((0x200008, "signature module failed"), (0x0, "it says so itself")):
            bench.emulated.status_word = word
            with pytest.raises(DeviceRefused, match=reason):
                await bench.device.begin_transaction(ONE)
        bench.emulated.status_word = 0x200000
        await bench.device.begin_transaction(ONE)

    play(GSH, scene)


@pytest.mark.parametrize("as_text", [True, False])
def test_gsh01_tells_its_key_as_digits_or_bytes(as_text: bool) -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.key_as_text = as_text
        key = PublicKey.from_der(await bench.device.public_key())
        assert key.curve.value == "secp256k1"

    play(GSH, scene)


@pytest.mark.parametrize("kind", [*ID_TYPES, "ELEPHANT"])
def test_gsh01_every_type_of_identification_has_its_number(kind: str) -> None:
    async def scene(bench: Bench) -> None:
        wanted = SignedTransaction(id="x", user=UserAssignment(assigned=True, type=kind, data="1"))
        if kind not in ID_TYPES:
            with pytest.raises(DeviceRefused, match="no number"):
                await bench.device.begin_transaction(wanted)
            return
        await bench.device.begin_transaction(wanted)
        assert payload(await bench.device.end_transaction(wanted))["IT"] == kind

    play(GSH, scene)


def test_gsh01_an_identification_that_is_too_long_is_refused() -> None:
    async def scene(bench: Bench) -> None:
        with pytest.raises(DeviceRefused, match="40 fit"):
            await bench.device.begin_transaction(SignedTransaction(id="x", user=UserAssignment(data="ä" * 21)))

    play(GSH, scene)


def test_gsh01_on_a_line_that_hears_itself_an_end_is_an_end_only_when_the_meter_says_so() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.echo = True
        await bench.device.begin_transaction(ONE)
        proven(await bench.device.end_transaction(ONE))

    play(GSH, scene, address=1)


def test_gsh01_its_clock_is_set_only_when_it_is_wrong() -> None:
    async def scene(bench: Bench) -> None:
        sets: list[float] = []
        really = bench.emulated.maker.set_time
        bench.emulated.maker.set_time = lambda seconds: sets.append(seconds) or really(seconds)
        for _ in range(3):
            await bench.device.begin_transaction(ONE)
            await bench.device.end_transaction(ONE)
            await bench.device.release_record(ONE)
        assert len(sets) == 1
        bench.emulated.maker.clock_error_s = 120.0
        assert (await bench.device.read_clock()).error_s == pytest.approx(120.0, abs=1.5)
        with pytest.raises(CommandFailed, match="another time"):
            await bench.device.begin_transaction(ONE)

    play(GSH, scene)


def test_a_key_that_is_none_is_told_as_such() -> None:
    from cc613hal.ocmf import Curve

    with pytest.raises(CommandFailed, match="public key that is none"):
        der_of("00" * 64, Curve.SECP256R1, "meter")
