"""A session becomes records: pages without gaps, nothing signed as good that is not, nothing given out that is not durable."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from cc613hal.interfaces.card import Card, CardSecurity, CardTechnology
from cc613hal.ocmf import (
    AuthorizedBy,
    Checker,
    ControllerSigner,
    ControllerTransaction,
    FileKey,
    FilePageCounter,
    Identification,
    IdentificationFlag,
    IdentificationLevel,
    IdentificationType,
    MemoryPageCounter,
    MeterState,
    OcmfReading,
    OcmfRecord,
    OcmfTime,
    Page,
    PageContext,
    PageCounter,
    PagesLost,
    ReadingReason,
    RecordInvalid,
    SignerIdentity,
    SigningFailed,
    Status,
    TimeState,
    ValueContext,
    card_identification,
    contract_identification,
    local_identification,
    no_identification,
    payment_identification,
    phone_identification,
    read_record,
    reading_of,
    remote_identification,
    value_of,
    vehicle_identification,
    write_payload,
)
from cc613hal.readings import Energy

from .test_reader_and_writer import PAYLOAD

IDENTITY = SignerIdentity(gateway="CC613", gateway_serial="G1", gateway_version="1", meter_serial="M1")
START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
B, C, E, A, P = (
    ReadingReason.BEGIN,
    ReadingReason.CHARGING,
    ReadingReason.END,
    ReadingReason.END_ABORT,
    ReadingReason.END_POWER_FAILURE,
)


def read(reason: ReadingReason | None, wh: int | None, minute: int, state: TimeState = TimeState.SYNCHRONISED) -> OcmfReading:
    time = OcmfTime(START + timedelta(minutes=minute), state)
    if wh is None:
        return reading_of(None, time, reason, state=MeterState.DISCONNECTED, errors="E")
    return reading_of(Energy(Decimal(wh)), time, reason)


@pytest.fixture
def key(tmp_path: Path) -> FileKey:
    return FileKey.create(tmp_path / "key.pem")


@pytest.fixture
def pages() -> MemoryPageCounter:
    return MemoryPageCounter()


@pytest.fixture
def signer(key: FileKey, pages: MemoryPageCounter) -> ControllerSigner:
    return ControllerSigner(key, pages, IDENTITY)


def verdict(key: FileKey, transaction: ControllerTransaction) -> Status:
    contexts = [ValueContext.BEGIN, *[ValueContext.PERIODIC] * (len(transaction.records) - 2), ValueContext.END]
    values = [
        value_of(record.text, key.public_key, transaction_id="1", context=context)
        for record, context in zip(transaction.records, contexts, strict=True)
    ]
    checker = Checker([key.public_key])
    list(checker.check(values))
    return checker.summary.status


class TestTransaction:
    async def test_is_verified_and_its_pages_follow_each_other(
        self, key: FileKey, signer: ControllerSigner, pages: MemoryPageCounter
    ) -> None:
        transaction = await signer.begin(read(B, 123450, 0), no_identification())
        await transaction.record(read(C, 123500, 5))
        end = await transaction.end(read(E, 123550, 9))
        assert [str(record.payload.page) for record in transaction.records] == ["T1", "T2", "T3"]
        assert '"RV":123.550,' in end.text
        assert transaction.ended
        assert tuple(pages.records) == transaction.records
        assert verdict(key, transaction) is Status.VERIFIED

    @pytest.mark.parametrize(
        ("reading", "why"),
        [
            (read(E, 1, 0), "reason B"),
            (read(B, None, 0), "good energy"),
            (evolve(read(B, 1, 0), state=MeterState.SUBSTITUTE), "good energy"),
            (evolve(read(B, 1, 0), errors="t"), "good energy"),
            (read(B, 1, 0, TimeState.RELATIVE), "relative"),
        ],
    )
    async def test_does_not_begin_on_what_cannot_be_sold(
        self, signer: ControllerSigner, pages: MemoryPageCounter, reading: OcmfReading, why: str
    ) -> None:
        with pytest.raises(RecordInvalid, match=why):
            await signer.begin(reading, no_identification())
        assert pages.records == []

    async def test_less_energy_than_before_is_out_of_range_and_stays_an_error(self, key: FileKey, signer: ControllerSigner) -> None:
        transaction = await signer.begin(read(B, 100, 0), no_identification())
        bad = await transaction.record(read(C, 99, 1))
        end = await transaction.end(read(E, 150, 2))
        assert (bad.payload.readings[0].state, bad.payload.readings[0].errors) == (MeterState.OUT_OF_RANGE, "E")
        assert end.payload.readings[0].errors == "E"
        assert verdict(key, transaction) is Status.REFUSED

    async def test_time_that_ran_backwards_is_unusable_from_then_on(self, key: FileKey, signer: ControllerSigner) -> None:
        transaction = await signer.begin(read(B, 100, 10), no_identification())
        await transaction.record(read(C, 110, 5))
        end = await transaction.end(read(E, 120, 20))
        assert end.payload.readings[0].errors == "t"
        assert verdict(key, transaction) is Status.REFUSED

    async def test_a_meter_that_is_gone_ends_with_an_event_and_no_invented_value(self, key: FileKey, signer: ControllerSigner) -> None:
        transaction = await signer.begin(read(B, 100, 0), no_identification())
        end = await transaction.end(read(A, None, 3))
        reading = end.payload.readings[0]
        assert (reading.reason, reading.value, reading.state, reading.errors) == (A, None, MeterState.DISCONNECTED, "E")
        assert '"RV"' not in end.payload_text
        assert verdict(key, transaction) is Status.REFUSED

    async def test_goes_on_after_a_restart_and_ends_with_power_failure(
        self, key: FileKey, signer: ControllerSigner, pages: MemoryPageCounter
    ) -> None:
        before = await signer.begin(read(B, 100, 0), no_identification())
        restarted = ControllerSigner(key, pages, IDENTITY)
        transaction = restarted.resume([read_record(record.text) for record in before.records])
        end = await transaction.end(read(P, 130, 30))
        assert str(end.payload.page) == "T2"
        assert verdict(key, transaction) is Status.VERIFIED

    async def test_remembers_its_errors_over_a_restart(self, signer: ControllerSigner) -> None:
        before = await signer.begin(read(B, 100, 0), no_identification())
        await before.record(read(C, 90, 1))
        end = await signer.resume(before.records).end(read(E, 200, 2))
        assert end.payload.readings[0].errors == "E"

    async def test_is_not_resumed_on_another_meter_nor_after_its_end(
        self, key: FileKey, signer: ControllerSigner, pages: MemoryPageCounter
    ) -> None:
        transaction = await signer.begin(read(B, 100, 0), no_identification())
        other = ControllerSigner(key, pages, evolve(IDENTITY, meter_serial="M2"))
        with pytest.raises(RecordInvalid, match="another meter"):
            other.resume(transaction.records)
        await transaction.end(read(E, 100, 1))
        for records in ([], transaction.records[1:], transaction.records):
            with pytest.raises(RecordInvalid):
                signer.resume(records)
        with pytest.raises(RecordInvalid, match="ended"):
            await transaction.end(read(E, 100, 2))

    async def test_a_begin_is_no_intermediate_an_intermediate_no_end(self, signer: ControllerSigner) -> None:
        transaction = await signer.begin(read(B, 100, 0), no_identification())
        for reason in (B, E):
            with pytest.raises(RecordInvalid):
                await transaction.record(read(reason, 100, 1))
        with pytest.raises(RecordInvalid):
            await transaction.end(read(C, 100, 1))
        with pytest.raises(RecordInvalid, match="register"):
            await transaction.end(evolve(read(E, 100, 1), obis="1-0:2.8.0"))

    async def test_fiscal_records_count_on_pages_of_their_own(self, signer: ControllerSigner) -> None:
        first, second = await signer.fiscal(read(None, 5, 0)), await signer.fiscal(read(None, 6, 1))
        assert (str(first.payload.page), str(second.payload.page)) == ("F1", "F2")
        assert first.payload.identification is None

    async def test_two_connectors_share_a_counter_without_gap_or_repetition(self, key: FileKey, pages: MemoryPageCounter) -> None:
        lock = asyncio.Lock()
        signers = [ControllerSigner(key, pages, evolve(IDENTITY, meter_serial=name), lock=lock) for name in ("M1", "M2")]
        await asyncio.gather(*(signer.begin(read(B, 1, 0), no_identification()) for signer in signers for _ in range(10)))
        assert [str(record.payload.page) for record in pages.records] == [f"T{number}" for number in range(1, 21)]


class _Failing:
    """A key or a counter that fails when it is told to."""

    def __init__(self, inner: object) -> None:
        self.inner = inner
        self.fails = True

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    async def sign(self, message: bytes) -> bytes:
        if self.fails:
            raise SigningFailed("the token is gone")
        return await self.inner.sign(message)  # type: ignore[attr-defined]

    async def commit(self, page: Page, record: OcmfRecord) -> None:
        if self.fails:
            raise PagesLost("the disk is full")
        await self.inner.commit(page, record)  # type: ignore[attr-defined]


class TestFailures:
    async def test_a_key_that_fails_uses_no_page(self, key: FileKey, pages: MemoryPageCounter) -> None:
        failing = _Failing(key)
        signer = ControllerSigner(failing, pages, IDENTITY)  # type: ignore[arg-type]
        with pytest.raises(SigningFailed):
            await signer.begin(read(B, 1, 0), no_identification())
        failing.fails = False
        transaction = await signer.begin(read(B, 1, 0), no_identification())
        assert str(transaction.records[0].payload.page) == "T1"

    async def test_what_could_not_be_stored_is_not_given_out_and_uses_no_page(self, key: FileKey, pages: MemoryPageCounter) -> None:
        failing = _Failing(pages)
        signer = ControllerSigner(key, failing, IDENTITY)  # type: ignore[arg-type]
        failing.fails = False
        transaction = await signer.begin(read(B, 1, 0), no_identification())
        failing.fails = True
        with pytest.raises(PagesLost):
            await transaction.end(read(E, 2, 1))
        assert not transaction.ended
        failing.fails = False
        assert str((await transaction.end(read(E, 2, 1))).payload.page) == "T2"


class TestFilePages:
    @pytest.fixture
    async def record(self, key: FileKey) -> OcmfRecord:
        from cc613hal.ocmf import sign_payload

        return await sign_payload(evolve(PAYLOAD, gateway='back\\slash "quote"'), key)

    async def test_survive_being_closed_at_any_time(self, tmp_path: Path, record: OcmfRecord) -> None:
        path = tmp_path / "pages"
        with FilePageCounter.create(path, first=5) as pages:
            assert isinstance(pages, PageCounter)
            await pages.commit(Page(PageContext.TRANSACTION, 5), record)
            await pages.commit(Page(PageContext.FISCAL, 5), record)
        with FilePageCounter(path) as pages:
            assert await pages.next_page(PageContext.TRANSACTION) == 6
            assert await pages.next_page(PageContext.FISCAL) == 6
            assert [text for _, text in pages.records()] == [record.text] * 2

    async def test_a_power_cut_at_any_byte_loses_nothing_acknowledged_and_leaves_no_gap(self, tmp_path: Path, record: OcmfRecord) -> None:
        path = tmp_path / "pages"
        with FilePageCounter.create(path) as pages:
            await pages.commit(Page(PageContext.TRANSACTION, 1), record)
            durable = path.stat().st_size
            await pages.commit(Page(PageContext.TRANSACTION, 2), record)
        whole = path.read_bytes()
        for cut in [*range(durable, len(whole), 17), len(whole) - 1]:
            path.write_bytes(whole[:cut])
            with FilePageCounter(path) as pages:
                assert await pages.next_page(PageContext.TRANSACTION) == 2
                await pages.commit(Page(PageContext.TRANSACTION, 2), record)
            assert path.read_bytes() == whole

    async def test_any_other_change_is_seen(self, tmp_path: Path, record: OcmfRecord) -> None:
        path = tmp_path / "pages"
        with FilePageCounter.create(path) as pages:
            for number in (1, 2, 3):
                await pages.commit(Page(PageContext.TRANSACTION, number), record)
        whole = path.read_bytes()
        lines = whole.splitlines(keepends=True)
        changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole) - 1, 13)]
        changed += [b"".join(lines[:2] + lines[3:]), b"".join([*lines[:2], lines[3], lines[2], lines[4]]), lines[0], b""]
        for content in changed:
            path.write_bytes(content)
            if content.endswith(b"\n") or not content:
                with pytest.raises(PagesLost):
                    FilePageCounter(path)

    async def test_a_page_that_is_not_the_next_is_refused(self, tmp_path: Path, record: OcmfRecord) -> None:
        with FilePageCounter.create(tmp_path / "pages") as pages:
            for number in (0, 2):
                with pytest.raises(PagesLost, match="T1 is"):
                    await pages.commit(Page(PageContext.TRANSACTION, number), record)
        with pytest.raises(PagesLost, match="T1 is"):
            await MemoryPageCounter().commit(Page(PageContext.TRANSACTION, 7), record)

    async def test_a_missing_file_is_not_made_silently_nor_one_overwritten(self, tmp_path: Path) -> None:
        with pytest.raises(PagesLost, match="cannot be opened"):
            FilePageCounter(tmp_path / "pages")
        FilePageCounter.create(tmp_path / "pages").close()
        with pytest.raises(PagesLost, match="cannot be made"):
            FilePageCounter.create(tmp_path / "pages")

    async def test_a_second_writer_is_kept_out(self, tmp_path: Path) -> None:
        with FilePageCounter.create(tmp_path / "pages"), pytest.raises(PagesLost, match="another process"):
            FilePageCounter(tmp_path / "pages")

    async def test_a_full_disk_stores_nothing_and_writes_no_more(
        self, tmp_path: Path, record: OcmfRecord, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "pages"
        pages = FilePageCounter.create(path)
        before = path.read_bytes()

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fdatasync", full)
            with pytest.raises(PagesLost, match="No space left"):
                await pages.commit(Page(PageContext.TRANSACTION, 1), record)
        with pytest.raises(PagesLost, match="closed"):
            await pages.next_page(PageContext.TRANSACTION)
        assert path.read_bytes() == before
        pages.close()
        with FilePageCounter(path) as again:
            await again.commit(Page(PageContext.TRANSACTION, 1), record)


UID = Card(uid="1F2D3A4F5506C7", technology=CardTechnology.ISO_DEP)


class TestIdentification:
    @pytest.mark.parametrize(
        ("who", "level", "kind", "data", "flags"),
        [
            (card_identification(UID, AuthorizedBy.BACKEND_TLS), "HEARSAY", "ISO14443", "1F2D3A4F5506C7", "RFID_PLAIN OCPP_AUTH_TLS"),
            (
                card_identification(UID, AuthorizedBy.CACHE, protected_reader=True),
                "HEARSAY",
                "ISO14443",
                UID.uid,
                "RFID_RELATED OCPP_CACHE",
            ),
            (
                card_identification(evolve(UID, security=CardSecurity.AUTHENTICATED), AuthorizedBy.LOCAL_LIST, identity="DE-1-2"),
                "SECURE",
                "UNDEFINED",
                "DE-1-2",
                "RFID_PSK OCPP_WHITELIST",
            ),
            (
                card_identification(evolve(UID, uid="E007000012345678"), AuthorizedBy.STATION),
                "HEARSAY",
                "ISO15693",
                "E007000012345678",
                "RFID_PLAIN",
            ),
            (card_identification(evolve(UID, random_uid=True), AuthorizedBy.STATION), "HEARSAY", "UNDEFINED", UID.uid, "RFID_PLAIN"),
            (
                card_identification(evolve(UID, security=CardSecurity.CERTIFIED), AuthorizedBy.BACKEND),
                "CERTIFIED",
                "ISO14443",
                UID.uid,
                "RFID_PSK OCPP_AUTH",
            ),
            (remote_identification("abc|def", tls=True), "TRUSTED", "CENTRAL", "abc/def", "OCPP_RS_TLS"),
            (remote_identification("x" * 60, tls=False), "TRUSTED", "CENTRAL", "x" * 40, "OCPP_RS"),
            (
                contract_identification("DE-TNM-C12345678-X", AuthorizedBy.BACKEND_CERTIFICATE),
                "SECURE",
                "EMAID",
                "DETNMC12345678X",
                "OCPP_CERTIFIED ISO15118_PNC",
            ),
            (contract_identification("ODD", AuthorizedBy.CACHE), "SECURE", "UNDEFINED", "ODD", "OCPP_CACHE ISO15118_PNC"),
            (
                vehicle_identification("VID:0A:1B:2C:3D:4E:5F", AuthorizedBy.BACKEND_TLS),
                "HEARSAY",
                "EVCCID",
                "0A1B2C3D4E5F",
                "OCPP_AUTH_TLS",
            ),
            (local_identification("button"), "HEARSAY", "LOCAL", "button", ""),
            (payment_identification("4711"), "TRUSTED", "CARD_TXN_NR", "4711", ""),
            (phone_identification("+49301234567", message=True), "HEARSAY", "PHONE_NUMBER", "+49301234567", "PLMN_SMS"),
            (phone_identification("+49301234567", message=False), "HEARSAY", "PHONE_NUMBER", "+49301234567", "PLMN_RING"),
            (no_identification(), "NONE", "NONE", "", ""),
        ],
        ids=lambda value: "" if isinstance(value, Identification) else str(value)[:20],
    )
    def test_says_how_the_customer_really_identified(self, who: Identification, level: str, kind: str, data: str, flags: str) -> None:
        assert (who.level, who.type, who.data) == (IdentificationLevel(level), IdentificationType(kind), data)
        said = [flag.value for flag in who.flags or () if isinstance(flag, IdentificationFlag) and not flag.value.endswith("_NONE")]
        assert " ".join(said) == flags
        assert [flag.family for flag in who.flags or () if isinstance(flag, IdentificationFlag)] == ["RFID", "OCPP", "ISO15118", "PLMN"]
        assert who.assigned is (level != "NONE")
        write_payload(evolve(PAYLOAD, identification=who))
