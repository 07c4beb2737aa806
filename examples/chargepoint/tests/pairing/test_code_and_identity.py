"""Who the two controllers are to each other: the code that a person carries over, and the files that stay."""

from __future__ import annotations

import contextlib
import os
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.pairing.code import PairingCode, fingerprint
from cc613_chargepoint.pairing.identity import Identity
from cc613hal.errors import ConfigError

CODES = st.builds(PairingCode, st.binary(min_size=12, max_size=12), st.binary(min_size=7, max_size=7))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class TestCode:
    @given(CODES)
    def test_what_is_shown_can_be_typed(self, code: PairingCode) -> None:
        text = str(code)
        assert [len(group) for group in text.split("-")] == [4] * 8
        for typed in (text, text.lower(), text.replace("-", " "), f" {text.replace('-', '')}\n"):
            assert PairingCode.parse(typed) == code

    @given(CODES, st.integers(0, 31), st.sampled_from(LETTERS))
    def test_one_wrong_letter_is_nearly_always_a_mistake_and_never_another_secret_in_silence(
        self, code: PairingCode, place: int, letter: str
    ) -> None:
        letters = str(code).replace("-", "")
        typed = letters[:place] + letter + letters[place + 1 :]
        with contextlib.suppress(ConfigError):  # one in 256 passes the check; the master then does not know it
            assert (PairingCode.parse(typed) == code) == (letter == letters[place])

    @pytest.mark.parametrize("text", ["", "ABCD", "A" * 31, "A" * 33, "0" * 32, "ÄÖÜ", "1111-" * 8])
    def test_what_is_no_code_is_refused_with_what_one_looks_like(self, text: str) -> None:
        with pytest.raises(ConfigError, match=r"no pairing code|mistake") as refused:
            PairingCode.parse(text)
        assert "eight groups" in str(refused.value)

    def test_it_belongs_to_one_certificate_and_one_secret(self) -> None:
        code = PairingCode.fresh(b"master")
        assert code.is_of(b"master")
        assert not code.is_of(b"somebody else")
        assert code.opened_by(code.secret.hex())
        assert not code.opened_by("00" * 7)
        assert code != PairingCode.fresh(b"master")

    def test_it_does_not_get_into_logs(self) -> None:
        code = PairingCode.fresh(b"master")
        assert code.secret.hex() not in repr(code)


class TestIdentity:
    def test_it_is_made_once_and_kept(self, tmp_path: Path) -> None:
        first, second = Identity.of(tmp_path / "data"), Identity.of(tmp_path / "data")
        assert first.certificate == second.certificate
        assert Identity.of(tmp_path / "other").certificate != first.certificate
        assert first.peer is None
        assert first.words() == fingerprint(first.certificate).hex(":", 2)[:29]

    def test_nobody_else_can_read_the_key(self, tmp_path: Path) -> None:
        identity = Identity.of(tmp_path)
        assert identity.key_file.stat().st_mode & 0o777 == 0o600
        assert identity.place.stat().st_mode & 0o777 == 0o700
        identity.key_file.chmod(0o640)
        with pytest.raises(ConfigError, match="others may read"):
            Identity.of(tmp_path)

    def test_the_certificate_counts_whatever_the_clock_says(self, tmp_path: Path) -> None:
        """A controller without a battery starts in 1970."""
        from cryptography import x509

        certificate = x509.load_der_x509_certificate(Identity.of(tmp_path).certificate)
        assert (certificate.not_valid_before_utc.year, certificate.not_valid_after_utc.year) == (1970, 9999)

    def test_without_a_partner_there_is_no_link(self, tmp_path: Path) -> None:
        for context in (Identity.of(tmp_path).server, Identity.of(tmp_path).client):
            with pytest.raises(ConfigError, match="not paired"):
                context()

    def test_it_trusts_one_other_and_forgets(self, tmp_path: Path) -> None:
        one, other = Identity.of(tmp_path / "one"), Identity.of(tmp_path / "other")
        one.trust(other.certificate)
        assert one.peer == other.certificate
        for context in (one.server(), one.client()):
            assert context.verify_mode is ssl.CERT_REQUIRED
            assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert one.forget()
        assert not one.forget()
        assert one.peer is None

    def test_it_trusts_neither_itself_nor_what_is_no_certificate(self, tmp_path: Path) -> None:
        identity = Identity.of(tmp_path)
        with pytest.raises(ConfigError, match="with itself"):
            identity.trust(identity.certificate)
        with pytest.raises(ConfigError, match="no certificate"):
            identity.trust(b"nonsense")
        identity.peer_file.write_text("nonsense")
        with pytest.raises(ConfigError, match="pair the controllers again"):
            _ = identity.peer

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_directory_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(ConfigError, match="cannot be used"):
            Identity.of(tmp_path / "data")

    def test_a_file_in_the_place_of_the_directory_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("")
        with pytest.raises(ConfigError, match="cannot be used"):
            Identity.of(tmp_path / "data")
