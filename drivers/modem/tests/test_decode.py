"""What answers mean: the tables of 3GPP TS 27.007, written out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.interfaces import Registration, SimState
from cc613hal_modem import decode
from cc613hal_modem.decode import Network, Signal
from cc613hal_modem.dialect import dialects, spoken_by
from cc613hal_modem.lines import Final
from cc613hal_modem.refusals import refusal


@pytest.mark.parametrize(("answer", "dbm"), [("0,99", -113), ("21,99", -71), ("31,0", -51), ("99,99", None), ("150,99", None), ("", None)])
def test_received_power(answer, dbm):
    assert decode.rssi_of(answer) == dbm


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("99,99,255,255,20,46", Signal(-95.0, -10.0)),
        ("99,99,255,255,0,0", Signal(-141.0, -20.0)),
        ("99,99,255,255,34,97", Signal(-44.0, -3.0)),
        ("99,99,255,255,255,255", Signal(None, None)),
        ("99,99", None),
    ],
)
def test_lte_signal(answer, expected):
    assert decode.signal_of(answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("0,1", Network(Registration.HOME)),
        ("0,2", Network(Registration.SEARCHING)),
        ("0,3", Network(Registration.DENIED)),
        ('2,5,"1A2B","01C3D4E5",7', Network(Registration.ROAMING, "4G")),
        ("1", None),
        ('1,"1A2B","01C3D4E5",7', None),
        ("0,77", None),
    ],
)
def test_registration_is_told_from_its_unsolicited_twin(answer, expected):
    assert decode.network_of(answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('0,2,"26201",7', ("26201", "4G")),
        ('0,0,"Some, Net",2', ("Some, Net", "3G")),
        ('1,2,"26202",0', ("26202", "2G")),
        ("0", (None, None)),
        ('0,2,"26201",42', ("26201", None)),
    ],
)
def test_operator_and_technology(answer, expected):
    assert decode.operator_of(answer) == expected


def test_sim_states():
    assert decode.sim_of("READY") is SimState.READY
    assert decode.sim_of("SIM PIN") is SimState.PIN_REQUIRED
    assert decode.sim_of("SIM PUK") is SimState.PUK_REQUIRED
    assert decode.sim_of("PH-NET PIN") is SimState.FAILED
    assert decode.sim_of("NOT READY") is None
    assert [decode.sim_of_refusal(code) for code in (10, 11, 12, 13, 14, None)] == [
        SimState.ABSENT,
        SimState.PIN_REQUIRED,
        SimState.PUK_REQUIRED,
        SimState.FAILED,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("answer", "name", "field", "left"),
    [
        ('"SC",3,10', "SC", 1, 3),
        ('"P2",3,10', "SC", 1, None),
        ("SIM PIN,2,3", "SIM PIN", 1, 2),
        ("1", "", 0, 1),
        ("-1", "", 0, None),
        ("three", "", 0, None),
        ("255", "", 0, None),
        ("", "", 0, None),
    ],
)
def test_a_counter_is_believed_only_where_it_is_beyond_doubt(answer, name, field, left):
    assert decode.counter_of(answer, name=name, field=field) == left


def test_card_numbers_lose_their_filler():
    assert decode.iccid_of("8949020000012345678F") == "8949020000012345678"
    assert decode.iccid_of('0,0,"8949020000012345678"') == "8949020000012345678"
    assert decode.iccid_of("none") is None


@given(st.text(max_size=60))
def test_no_answer_upsets_a_decoder(text):
    decode.rssi_of(text)
    decode.signal_of(text)
    decode.network_of(text)
    decode.operator_of(text)
    decode.sim_of(text)
    decode.iccid_of(text)
    left = decode.counter_of(text, name="", field=0)
    assert left is None or 0 <= left <= 15


@pytest.mark.parametrize(
    ("final", "code", "words"),
    [
        (Final(ok=False, kind="CME", reason="30"), 30, "no network service"),
        (Final(ok=False, kind="CME", reason="SIM failure"), 13, "SIM failure"),
        (Final(ok=False, kind="CME", reason="9999"), 9999, "the maker's"),
        (Final(ok=False, kind="CMS", reason="310"), 10, "SIM not inserted (CMS 310)"),
        (Final(ok=False, kind="CME", reason="words nobody knows"), None, "words nobody knows"),
        (Final(ok=False), None, "without a reason"),
    ],
)
def test_refusals_have_a_number_and_words(final, code, words):
    error = refusal("AT+X", final, "modem")
    assert error.code == code
    assert words in str(error)


def test_dialects_are_found_by_the_makers_name():
    assert {maker: spoken_by(maker).name for maker in ("Quectel", "Telit", "Cinterion", "THALES", "Telit Cinterion", "Acme")} == {
        "Quectel": "quectel",
        "Telit": "telit",
        "Cinterion": "gemalto",
        "THALES": "gemalto",
        "Telit Cinterion": "gemalto",
        "Acme": "generic",
    }


@pytest.mark.parametrize("name", ["generic", "quectel", "telit", "gemalto"])
def test_every_dialect_says_where_it_is_from_and_its_commands_can_be_filled_in(name):
    dialect = dialects()[name]
    assert dialect.source
    for template in (*dialect.login, *dialect.open):
        assert template.format(apn="a", user="u", password="p", auth=1).startswith("AT")
