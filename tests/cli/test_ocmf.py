"""``cc613hal ocmf``: exit codes a script can rely on, explanations a customer understands."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[1] / "unit" / "ocmf" / "samples"
NOT_GENUINE = {
    "OCMF-receipt-with_publickey_and_data.xml",
    "ocmf-compleo-daten.xml",
    "second_key_fail_ocmf.xml",
    "test_ocmf_ebee_02.xml",
    "test_ocmf_keba_kcp30_fail.xml",
}
"""Altered, with a foreign key or none, or of a meter that says that it is not in order."""
EBEE, EBEE_KEY = (
    SAMPLES / "test_ocmf_ebee_01.xml",
    (
        "3059301306072A8648CE3D020106082A8648CE3D03010703420004E5CE2801D716BF55B71477CA666BE6A8B8994FEBBF05B04BC0AE7879A62AE774"
        "60A14335F3F30657DD7ADC4338398C837DD2DE52D8FCAAE78601D1476FE1C21F"
    ),
)
FOREIGN_KEY = (
    "3059301306072a8648ce3d020106082a8648ce3d030107034200044bfd02c1d85272ceea9977db26d72cc401d9e5602faeee7ec7b6b62f9c0cce34"
    "ad8d345d5ac0e8f65deb5ff0bb402b1b87926bd1b7fc2dbc3a9774e8e70c7254"
)
Run = Callable[..., Any]


class TestVerify:
    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("test_ocmf_ebee_01.xml", 0),
            ("test_ocmf_keba_kcp30.xml", 0),
            ("brainpoolP256r1.xml", 0),
            ("bsm-ws36a-ocmf.xml", 0),
            ("edl-40-01.xml", 0),
            ("isa-edl-40p-ok.xml", 0),
            ("edl-40-02.xml", 0),
            ("nistP384_0Wh.xml", 0),
            ("OCMF_Test_Data_00.xml", 0),
            ("VW_OCMF_load.xml", 0),
            ("Ocmf_Example_OBIS_98.8.0_2.8.0.xml", 0),
            ("chargepoint_3.xml", 0),
            ("NewEHZSML.xml", 0),
            ("NewEHZXML.xml", 0),
            ("test_mennekes_full.xml", 0),
            ("alfen-begin.txt", 1),
            ("valid2.pcdf", 0),
            ("OCMF-receipt-with_publickey_and_data.xml", 1),
            ("second_key_fail_ocmf.xml", 1),
            ("test_ocmf_ebee_02.xml", 1),
            ("test_ocmf_keba_kcp30_fail.xml", 1),
        ],
    )
    @pytest.mark.parametrize("json_", [False, True])
    def test_public_samples(self, cc613hal: Run, name: str, status: int, json_: bool) -> None:
        outcome = cc613hal("ocmf", "verify", str(SAMPLES / name), *(["--json"] if json_ else []))
        assert outcome.status == status
        if json_:
            assert outcome.data["status"] == ("refused" if status else "verified")

    def test_all_genuine_samples_together(self, cc613hal: Run) -> None:
        names = [str(path) for path in sorted(SAMPLES.glob("*.xml")) if path.name not in NOT_GENUINE]
        outcome = cc613hal("ocmf", "verify", *names)
        assert outcome.status == 0
        assert "records: 23 verified" in outcome.out

    @pytest.mark.parametrize(("key", "status"), [(EBEE_KEY, 0), (EBEE_KEY.lower(), 0), (FOREIGN_KEY, 1), ("nonsense", 2)])
    def test_the_key_you_trust_decides(self, cc613hal: Run, key: str, status: int) -> None:
        assert cc613hal("ocmf", "verify", str(EBEE), "--key", key).status == status

    def test_the_key_may_be_in_a_file(self, cc613hal: Run, tmp_path: Path) -> None:
        (tmp_path / "key.txt").write_text(EBEE_KEY + "\n")
        (tmp_path / "key.der").write_bytes(bytes.fromhex(EBEE_KEY))
        for name in ("key.txt", "key.der"):
            assert cc613hal("ocmf", "verify", str(EBEE), "--key", str(tmp_path / name)).status == 0

    def test_no_key_is_2_and_says_where_it_is(self, cc613hal: Run, tmp_path: Path) -> None:
        bare = tmp_path / "records.txt"
        bare.write_text("\n".join(self._records()))
        outcome = cc613hal("ocmf", "verify", str(bare), "--lang", "de")
        assert outcome.status == 2
        assert "Gehäuse" in outcome.out
        assert cc613hal("ocmf", "verify", str(bare), "--key", EBEE_KEY).status == 0
        assert cc613hal("ocmf", "verify", str(bare), "--key", FOREIGN_KEY).status == 1

    def _records(self) -> list[str]:
        from cc613hal.ocmf import read_values

        with EBEE.open("rb") as file:
            return [value.data for value in read_values(file)]

    def test_begin_and_end_in_files_of_their_own(self, cc613hal: Run, tmp_path: Path) -> None:
        for name, record in zip(("begin", "end"), self._records(), strict=True):
            (tmp_path / name).write_text(record)
        assert cc613hal("ocmf", "verify", str(tmp_path / "begin"), str(tmp_path / "end"), "--key", EBEE_KEY).status == 0
        assert cc613hal("ocmf", "verify", str(tmp_path / "begin"), "--key", EBEE_KEY).status == 1
        assert cc613hal("ocmf", "verify", str(tmp_path / "begin"), "--key", EBEE_KEY, "--records").status == 0

    @pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\xfe\xfd", b"<values>", b"<values/>", b"OCMF|{}|{}"])
    def test_what_cannot_be_read_is_2(self, cc613hal: Run, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "file").write_bytes(content)
        assert cc613hal("ocmf", "verify", str(tmp_path / "file")).status == 2
        outcome = cc613hal("ocmf", "verify", str(tmp_path / "file"), "--json")
        assert outcome.status == 2
        assert outcome.data["status"] == "unreadable"

    def test_a_missing_file_is_2_and_the_others_are_checked(self, cc613hal: Run, tmp_path: Path) -> None:
        outcome = cc613hal("ocmf", "verify", str(tmp_path / "missing"), str(EBEE))
        assert outcome.status == 2
        assert "missing: No such file" in outcome.out
        assert "records: 2 verified" in outcome.out

    def test_refused_outweighs_unreadable(self, cc613hal: Run, tmp_path: Path) -> None:
        assert cc613hal("ocmf", "verify", str(tmp_path / "missing"), str(SAMPLES / "test_ocmf_ebee_02.xml")).status == 1

    def test_standard_input(self, cc613hal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(EBEE.read_bytes())))
        assert cc613hal("ocmf", "verify", "-").status == 0

    def test_explains_in_german_and_english(self, cc613hal: Run) -> None:
        path = str(SAMPLES / "test_ocmf_ebee_02.xml")
        assert "The signature does not fit" in cc613hal("ocmf", "verify", path).out
        german = cc613hal("ocmf", "verify", path, "--lang", "de").out
        assert "Die Signatur passt nicht" in german
        assert "ABGELEHNT" in german

    def test_json_gives_codes_values_and_energy(self, cc613hal: Run) -> None:
        verdicts = cc613hal("ocmf", "verify", str(SAMPLES / "bsm-ws36a-ocmf.xml"), "--json").data["verdicts"]
        assert [verdict["kind"] for verdict in verdicts] == ["record", "record", "transaction"]
        assert verdicts[2]["energy_wh"] == "150"
        assert verdicts[0]["findings"][0]["code"] == "key-from-file"

    def test_quiet_shows_what_is_not_verified(self, cc613hal: Run) -> None:
        assert "line" not in cc613hal("ocmf", "verify", str(EBEE), "--quiet").out
        assert "REFUSED" in cc613hal("ocmf", "verify", str(SAMPLES / "test_ocmf_ebee_02.xml"), "--quiet").out


class TestShow:
    def test_says_what_a_record_says(self, cc613hal: Run) -> None:
        outcome = cc613hal("ocmf", "show", str(EBEE))
        assert outcome.status == 0
        assert "meter serial: 000033022620" in outcome.out

    def test_json(self, cc613hal: Run) -> None:
        (first, _) = cc613hal("ocmf", "show", str(EBEE), "--json").data["records"]
        assert first["record"]["readings"][0]["value"] == "7753"
        telegram = cc613hal("ocmf", "show", str(SAMPLES / "edl-40-01.xml"), "--json").data["records"][0]
        assert telegram["record"]["value"]["wh"] == "327.5"

    def test_what_cannot_be_read_is_2(self, cc613hal: Run, tmp_path: Path) -> None:
        (tmp_path / "bad").write_text("OCMF|{}|{}\x1b[2J")
        outcome = cc613hal("ocmf", "show", str(tmp_path / "bad"))
        assert outcome.status == 2
        assert "\x1b" not in outcome.out


class TestKey:
    def test_prints_every_spelling(self, cc613hal: Run) -> None:
        data = cc613hal("ocmf", "key", EBEE_KEY, "--json").data
        assert (data["curve"], data["hex"]) == ("secp256r1", EBEE_KEY)

    def test_makes_a_key_once_and_shows_its_public_half(self, cc613hal: Run, tmp_path: Path) -> None:
        path = str(tmp_path / "station.pem")
        made = cc613hal("ocmf", "key", path, "--create", "--curve", "secp384r1", "--json").data
        assert made["curve"] == "secp384r1"
        assert cc613hal("ocmf", "key", path, "--json").data["hex"] == made["hex"]
        assert cc613hal("ocmf", "key", path, "--create").status == 2
        (tmp_path / "station.pem").chmod(0o644)
        assert cc613hal("ocmf", "key", path).status == 2

    def test_draws_the_code_for_the_label(self, cc613hal: Run, tmp_path: Path) -> None:
        for name, begin in (("label.svg", b"<svg"), ("label.png", b"\x89PNG")):
            assert cc613hal("ocmf", "key", EBEE_KEY, "--qr", str(tmp_path / name)).status == 0
            assert (tmp_path / name).read_bytes().startswith(begin)
        assert cc613hal("ocmf", "key", EBEE_KEY, "--qr", str(tmp_path / "label.pdf")).status == 2

    def test_no_key_is_2(self, cc613hal: Run) -> None:
        outcome = cc613hal("ocmf", "key", "nonsense", "--json")
        assert outcome.status == 2
        assert json.loads(outcome.out)["error"]["kind"] == "key"
