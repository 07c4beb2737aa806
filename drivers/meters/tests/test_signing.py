"""Meters that sign: their procedures on good days, and what comes of it when they are busy, fail, lose their supply or lie."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pyocmf
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cc613hal.board import Board, open_board
from cc613hal.clock import ClockState, run_virtual
from cc613hal.errors import CommandFailed, DeviceRefused, Unsupported
from cc613hal.interfaces import EndReason, SignedReading, SignedTransaction, TransactionPhase, UserAssignment
from cc613hal.ocmf import Curve, PublicKey, read_record
from cc613hal.ocmf.signatures import decode_signature, verify
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, Bench, board_for, open_part
from cc613hal_meters.signing import em580, wm3m4
from cc613hal_meters.signing.bsm import END, START
from cc613hal_meters.signing.em580 import Em580
from cc613hal_meters.signing.registers import words_of

USER = UserAssignment(assigned=True, level="HEARSAY", flags=("RFID_PLAIN", "OCPP_AUTH_TLS"), type="ISO14443", data="04A1B2C3")
ONE = SignedTransaction(id="7f1c2c52-0000-4000-8000-000000000001", user=USER, charge_point="DE*ABC*E00001", tariff_text="0,49 EUR/kWh")
TWO = SignedTransaction(id="7f1c2c52-0000-4000-8000-000000000002", user=USER, charge_point="DE*ABC*E00001")
MODELS = ["meters.wm3m4", "meters.em580", "meters.bsm-ws36a"]


def play(driver: str, scene: Callable[[Bench], Awaitable[None]], *, state: ClockState = ClockState.SYNCHRONISED, **options: object) -> None:
    """A scene with one meter on virtual time."""

    async def run() -> None:
        async with open_part(driver, options=options) as bench:
            bench.board.clock.state = state
            await scene(bench)

    run_virtual(run())


async def charge(bench: Bench, hours: float = 1.0) -> None:
    """Sixteen amperes on three phases."""
    bench.outlet.contacts.set(3)
    bench.outlet.current_a.set((16.0, 16.0, 16.0))
    await bench.board.clock.sleep(hours * 3600.0)
    bench.outlet.current_a.set((0.0, 0.0, 0.0))


def signing_meter(board: Board) -> Any:
    """The device under test."""
    return board.devices[PART]


def payload(reading: SignedReading) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(reading.data.decode().split("|")[1])
    return parsed


def forget(folder: Path) -> None:
    """The controller was exchanged: nothing of what devices remember is left."""
    for file in folder.iterdir():
        file.unlink()


def proven(reading: SignedReading) -> None:
    """Our reader and another implementation agree that the record is signed with the meter's key."""
    record = read_record(reading.data)
    key = PublicKey.from_der(reading.public_key)
    assert verify(key, record.signed_bytes, decode_signature(record.signature))
    theirs = pyocmf.OCMF.from_string(reading.data.decode())
    if key.curve is Curve.BRAINPOOL256R1:  # it knows only one of the two spellings of this curve; the cryptography below it knows the curve
        der = bytes.fromhex(record.signature.data)
        public = load_der_public_key(reading.public_key)
        assert isinstance(public, EllipticCurvePublicKey)
        public.verify(der, record.signed_bytes, ECDSA(SHA256()))
        return
    assert theirs.verify_signature(key.hex)


@pytest.mark.parametrize("driver", MODELS)
def test_energy_user_and_place_stand_in_records_that_others_verify(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        begin = await bench.device.begin_transaction(ONE)
        await charge(bench)
        end = await bench.device.end_transaction(ONE)
        first = payload(begin or end)["RD"][0]
        last = payload(end)["RD"][-1]
        assert float(last["RV"]) - float(first["RV"]) == pytest.approx(11.04, abs=0.02)
        assert first["TX"] == "B"
        assert last["TX"] in {"E", "R"}
        assert first["TM"].endswith("S")
        assert payload(end)["ID"] == "04A1B2C3"
        assert "DE*ABC*E00001" in end.data.decode()
        for reading in (begin, end):
            if reading is not None:
                proven(reading)

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
def test_over_real_frames_on_a_serial_line(driver: str) -> None:
    async def scene() -> None:
        import asyncio

        description = board_for(driver)
        async with Simulation(description, ptys=True) as simulation, open_board(description, simulation.buses) as board:
            meter = signing_meter(board)
            await meter.begin_transaction(ONE)
            end = await meter.end_transaction(ONE)
            proven(end)
            await meter.release_record(ONE)
            assert asyncio.get_running_loop().time() > 0

    asyncio.run(scene())


@pytest.mark.parametrize("driver", MODELS)
def test_a_clock_that_was_never_synchronised_shows_in_the_record(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        begin = await bench.device.begin_transaction(ONE)
        end = await bench.device.end_transaction(ONE)
        assert payload(begin or end)["RD"][0]["TM"].endswith(" U")

    play(driver, scene, state=ClockState.INFORMATIVE)


@pytest.mark.parametrize("driver", MODELS)
def test_local_time_is_that_of_the_configured_zone(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        begin = await bench.device.begin_transaction(ONE)
        end = await bench.device.end_transaction(ONE)
        assert payload(begin or end)["RD"][0]["TM"].startswith("2026-01-01T01:00:0")
        assert "+0100" in payload(begin or end)["RD"][0]["TM"]

    play(driver, scene, timezone="Europe/Berlin")


def test_a_zone_that_does_not_exist_is_found_in_the_board_file() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        board_for("meters.wm3m4", options={"timezone": "Europe/Atlantis"})


@pytest.mark.parametrize("driver", MODELS)
def test_a_meter_that_is_busy_while_it_signs_is_waited_for(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.busy_s = 4.0
        bench.emulated.refuses_while_busy = True
        begin = await bench.device.begin_transaction(ONE)
        end = await bench.device.end_transaction(ONE)
        proven(end)
        assert begin is None or payload(begin)["PG"] != payload(end)["PG"]

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
def test_a_signature_that_does_not_come_is_given_up_at_the_deadline(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        bench.emulated.busy_s = 1000.0
        before_s = bench.board.clock.monotonic_s()
        with pytest.raises(CommandFailed, match="after 15 s"):
            await bench.device.end_transaction(ONE)
        assert bench.board.clock.monotonic_s() - before_s < 20.0

    play(driver, scene)


@pytest.mark.parametrize(
    ("driver", "failure", "words"),
    [("meters.wm3m4", 254, "signature error"), ("meters.em580", 1, "corrupted"), ("meters.bsm-ws36a", 3, "failed")],
)
def test_a_failed_signature_says_what_the_meter_says(driver: str, failure: int, words: str) -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        bench.emulated.failure = failure
        with pytest.raises(CommandFailed, match=words):
            await bench.device.end_transaction(ONE)

    play(driver, scene)


def test_wm3m4_a_begin_that_is_not_signed_is_no_begin() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.failure = 128
        with pytest.raises(CommandFailed, match="invalid date or time"):
            await bench.device.begin_transaction(ONE)
        bench.emulated.failure = None
        assert (await bench.device.read_transaction()).phase is TransactionPhase.IDLE
        await bench.device.begin_transaction(TWO)

    play("meters.wm3m4", scene)


@pytest.mark.parametrize("driver", MODELS)
def test_supply_lost_in_a_transaction_still_ends_in_a_record(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        begin = await bench.device.begin_transaction(ONE)
        await charge(bench, 0.5)
        bench.emulated.lose_power()
        state = await bench.device.read_transaction()
        assert state.phase in {TransactionPhase.INTERRUPTED, TransactionPhase.CLOSED}
        assert state.transaction == ONE.id
        end = await bench.device.end_transaction(ONE, EndReason.POWER_FAILURE)
        proven(end)
        energy = float(payload(end)["RD"][-1]["RV"]) - float(payload(begin or end)["RD"][0]["RV"])
        assert energy == pytest.approx(5.52, abs=0.02)
        assert payload(end)["ID"] == "04A1B2C3"

    play(driver, scene)


def test_bsm_a_snapshot_lost_with_the_supply_is_no_success_and_can_be_taken_again() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        part = bench.emulated
        part.later = lambda _action: part.lose_power()
        with pytest.raises(CommandFailed, match="invalid"):
            await bench.device.end_transaction(ONE)
        del part.later
        assert (await bench.device.read_transaction()).phase is TransactionPhase.INTERRUPTED
        proven(await bench.device.end_transaction(ONE))

    play("meters.bsm-ws36a", scene)


@pytest.mark.parametrize("driver", MODELS)
@pytest.mark.parametrize("remembers", [True, False])
def test_a_new_controller_process_finds_and_ends_what_the_meter_holds(driver: str, remembers: bool, tmp_path: Path) -> None:
    async def scene() -> None:
        description = board_for(driver)
        async with Simulation(description) as simulation:
            async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                begin = await signing_meter(board).begin_transaction(ONE)
            if not remembers:
                forget(tmp_path)
            async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                meter = signing_meter(board)
                held = await meter.read_transaction()
                assert held.phase is TransactionPhase.RUNNING
                assert held.transaction == ONE.id if remembers else held.transaction in {ONE.id, None}
                end = await meter.end_transaction(ONE, EndReason.POWER_FAILURE)
                proven(end)
                assert begin is None or payload(begin)["PG"] != payload(end)["PG"]
                await meter.release_record(ONE)
                assert (await meter.read_transaction()).phase is TransactionPhase.IDLE

    run_virtual(scene())


@pytest.mark.parametrize("driver", MODELS)
def test_the_record_is_fetched_again_by_a_process_that_has_not_seen_it(driver: str, tmp_path: Path) -> None:
    async def scene() -> None:
        description = board_for(driver)
        async with Simulation(description) as simulation:
            async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                await signing_meter(board).begin_transaction(ONE)
                first = await signing_meter(board).end_transaction(ONE)
            async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=tmp_path) as board:
                meter = signing_meter(board)
                assert (await meter.read_transaction()).phase is TransactionPhase.CLOSED
                assert (await meter.end_transaction(ONE)).data == first.data
                with pytest.raises(DeviceRefused):
                    await meter.end_transaction(TWO)

    run_virtual(scene())


def test_wm3m4_superfluous_zeros_are_taken_out_of_the_signature() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.padded = True
        await bench.device.begin_transaction(ONE)
        proven(await bench.device.end_transaction(ONE))

    play("meters.wm3m4", scene)


def test_wm3m4_an_old_record_is_not_taken_for_the_new_one() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        await bench.device.end_transaction(ONE)
        await bench.device.release_record(ONE)
        with pytest.raises(DeviceRefused, match="not that of transaction"):
            await bench.device.end_transaction(TWO)

    play("meters.wm3m4", scene)


def test_wm3m4_metadata_that_do_not_arrive_whole_are_not_signed() -> None:
    async def scene(bench: Bench) -> None:
        part = bench.emulated
        bench.emulated.written = lambda address, _values: part.words.update({wm3m4.METADATA: 0}) if address == wm3m4.METADATA else None
        with pytest.raises(CommandFailed, match="other metadata"):
            await bench.device.begin_transaction(ONE)
        assert part.words[wm3m4.STATE] == 0

    play("meters.wm3m4", scene)


def test_wm3m4_a_data_area_of_many_pieces_is_read_in_the_pieces_it_takes() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        bench.emulated.longest = 30
        proven(await bench.device.end_transaction(ONE))

    play("meters.wm3m4", scene)


def test_em580_the_next_transaction_waits_for_the_confirmation_of_the_record() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        await bench.device.end_transaction(ONE)
        assert bench.emulated.words[em580.STATE] == em580.READY
        await bench.device.release_record(ONE)
        assert bench.emulated.words[em580.STATE] == em580.NOT_READY

    play("meters.em580", scene)


def test_em580_a_corrupted_record_can_be_put_away() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        bench.emulated.failure = 1
        with pytest.raises(CommandFailed):
            await bench.device.end_transaction(ONE)
        assert (await bench.device.read_transaction()).phase is TransactionPhase.FAULTY
        bench.emulated.failure = None
        await bench.device.release_record(ONE)
        await bench.device.begin_transaction(TWO)

    play("meters.em580", scene)


def test_em580_an_abort_gets_its_own_command_only_where_that_is_wanted() -> None:
    def ending(reason: EndReason, *, abort: bool = False) -> str:
        letters: list[str] = []

        async def scene(bench: Bench) -> None:
            await bench.device.begin_transaction(ONE)
            letters.append(payload(await bench.device.end_transaction(ONE, reason))["RD"][-1]["TX"])

        play("meters.em580", scene, abort=abort)
        return letters[0]

    assert [ending(EndReason.ABORT), ending(EndReason.ABORT, abort=True), ending(EndReason.LOCAL, abort=True)] == ["E", "A", "E"]


def test_em580_what_has_no_place_or_no_number_is_refused_before_anything_begins() -> None:
    async def scene(bench: Bench) -> None:
        for wrong in (
            SignedTransaction(id="x", user=UserAssignment(type="ELEPHANT")),
            SignedTransaction(id="x", user=UserAssignment(flags=("WAVED_HAND",))),
            SignedTransaction(id="x", user=UserAssignment(level="CERTAIN")),
            SignedTransaction(id="x", user=UserAssignment(data="4" * 40)),
            SignedTransaction(id="x", charge_point="E" * 60),
        ):
            with pytest.raises(DeviceRefused):
                await bench.device.begin_transaction(wrong)
        assert bench.emulated.words.get(em580.STATE, 0) == em580.NOT_READY

    play("meters.em580", scene)


def test_em580_without_a_key_is_not_made_for_this() -> None:
    async def scene(bench: Bench) -> None:
        bench.emulated.words[em580.KEY_TYPE] = 2
        assert isinstance(bench.device, Em580)
        with pytest.raises(Unsupported, match="no signature key"):
            await bench.device.public_key()

    play("meters.em580", scene)


def test_em580_the_time_does_not_move_in_a_transaction() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        with pytest.raises(DeviceRefused, match="must not move"):
            await bench.device.set_clock()

    play("meters.em580", scene)


def test_bsm_the_clock_is_set_when_it_has_none_and_then_left_alone_for_a_day() -> None:
    async def scene(bench: Bench) -> None:
        sets: list[int] = []
        really = bench.emulated.set_time

        def counted(seconds: int) -> None:
            sets.append(seconds)
            really(seconds)

        bench.emulated.set_time = counted
        for _ in range(3):
            await bench.device.begin_transaction(ONE)
            await bench.device.end_transaction(ONE)
            await bench.device.release_record(ONE)
        assert len(sets) == 1
        await bench.board.clock.sleep(25 * 3600.0)
        await bench.device.begin_transaction(TWO)
        assert len(sets) == 2

    play("meters.bsm-ws36a", scene)


def test_bsm_a_clock_that_runs_wrong_is_set_again() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.set_clock()
        bench.emulated.clock_error_s = 120.0
        assert (await bench.device.read_clock()).error_s == pytest.approx(120.0, abs=1.5)
        with pytest.raises(CommandFailed, match="another time"):
            await bench.device.begin_transaction(ONE)

    play("meters.bsm-ws36a", scene)


def test_bsm_a_record_of_another_snapshot_is_not_believed() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        await bench.device.end_transaction(ONE)
        await bench.device.release_record(ONE)
        bench.emulated.stale = True
        with pytest.raises(CommandFailed, match="has page T1, the snapshot T3"):
            await bench.device.begin_transaction(TWO)

    play("meters.bsm-ws36a", scene)


def test_bsm_an_end_snapshot_that_was_taken_before_a_crash_is_not_taken_twice() -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        bench.emulated.words[END.status] = 2
        bench.emulated._take(END, 4, "E")
        page = bench.emulated.page
        end = await bench.device.end_transaction(ONE)
        assert bench.emulated.page == page
        proven(end)

    play("meters.bsm-ws36a", scene)


def test_bsm_turn_on_and_turn_off_switch_through_the_meter() -> None:
    async def scene(bench: Bench) -> None:
        begin = await bench.device.begin_transaction(ONE)
        assert bench.emulated.output
        await charge(bench)
        end = await bench.device.end_transaction(ONE)
        assert not bench.emulated.output
        assert (payload(begin)["RD"][0]["RV"], payload(begin)["RD"][0]["XT"]) == (0.00, 1)
        assert payload(end)["RD"][0]["RV"] == pytest.approx(11.04, abs=0.01)

    play("meters.bsm-ws36a", scene, snapshots="turn-on-off")


# The real meter: key and current snapshot as bsm-python's chapter on OCMF shows them on the wire (doc/examples/ocmf.md).
REAL_KEY = (
    "3059301306072a8648ce3d020106082a8648ce3d030107034200044bfd02c1d85272ceea9977db26d72cc401d9e5602faeee7ec7b6b62f9c0cce34"
    "ad8d345d5ac0e8f65deb5ff0bb402b1b87926bd1b7fc2dbc3a9774e8e70c7254"
)
REAL_RECORD = (
    'OCMF|{"FV":"1.0","GI":"BAUER Electronic BSM-WS36A-H01-1311-0000","GS":"001BZR1521070006","GV":"1.9:32CA:AFF4, 6d1dd3c",'
    '"PG":"T22990","MV":"BAUER Electronic","MM":"BSM-WS36A-H01-1311-0000","MS":"001BZR1521070006","IS":true,"IT":"UNDEFINED",'
    '"ID":"contract-id: rfid:12345678abcdef","RD":[{"TM":"2021-01-01T10:00:39,000+0100 U","TX":"C","RV":0,"RI":"1-0:1.8.0*198",'
    '"RU":"Wh","XV":52620,"XI":"1-0:1.8.0*255","XU":"Wh","XT":0,"RT":"AC","EF":"","ST":"G"}]}|{"SA":"ECDSA-secp256r1-SHA256","SD":'
    '"3046022100806de4c69300a60473dae527cdb5bdabd04bdacbe83713408039545efe4d8a94022100938cf70885a2866e1f694b13f10f6afbb975f97a2159'
    '0fcd670298dd400702ca"}'
)


def test_bsm_the_registers_of_a_real_meter_become_its_record() -> None:
    async def scene(bench: Bench) -> None:
        part, key = bench.emulated, bytes.fromhex(REAL_KEY)
        part.words.update(zip(range(0x9E01, 0x9E01 + 2), (0x30, 0x5B), strict=True))  # from 40449: 48 registers, 91 bytes
        part.words.update(zip(range(0x9E03, 0x9E03 + 48), words_of(key, 48), strict=True))
        record = words_of(REAL_RECORD.encode(), 496)
        part.words.update(zip(range(0xA343, 0xA343 + 496), record, strict=True))  # the read that the chapter shows begins here
        part.words.update({0xA342: 0, 40540: 0, 40541: 0x59CE})
        part._take = lambda snapshot, *_: part.words.update({snapshot.status: 0})
        reading = await bench.device.sign_now()
        assert reading.data == REAL_RECORD.encode()
        assert reading.public_key == key
        proven(reading)

    play("meters.bsm-ws36a", scene)


@pytest.mark.parametrize("reason", list(EndReason))
@pytest.mark.parametrize("driver", MODELS)
def test_every_reason_ends_a_transaction(driver: str, reason: EndReason) -> None:
    async def scene(bench: Bench) -> None:
        await bench.device.begin_transaction(ONE)
        assert (await bench.device.end_transaction(ONE, reason)).transaction == ONE.id

    play(driver, scene)


@pytest.mark.parametrize("driver", MODELS)
def test_pages_go_on_where_they_were(driver: str) -> None:
    async def scene(bench: Bench) -> None:
        pages: list[int] = []
        for number in range(5):
            which = SignedTransaction(id=f"t{number}", user=USER, charge_point="DE*ABC*E00001")
            begin = await bench.device.begin_transaction(which)
            end = await bench.device.end_transaction(which)
            pages += [int(payload(reading)["PG"][1:]) for reading in (begin, end) if reading is not None]
            await bench.device.release_record(which)
        assert pages == list(range(1, len(pages) + 1))

    play(driver, scene)


@pytest.mark.parametrize("text", ["a|b", "line\nbreak", "\x07"])
def test_what_no_record_can_carry_is_refused_at_once(text: str) -> None:
    for make in (
        lambda: UserAssignment(data=text),
        lambda: SignedTransaction(id="x", charge_point=text),
        lambda: SignedTransaction(id="x", tariff_text=text),
        lambda: SignedTransaction(id=text),
    ):
        with pytest.raises(ValueError, match=r"pipe or a control character|must match"):
            make()


def test_the_models_of_snapshots_lie_where_the_model_list_has_them() -> None:
    assert (START.status, START.counter, START.note, END.record) == (41286, 41302, 41435, 43791)
