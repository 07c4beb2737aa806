"""Addresses that a backend sends: what is taken, what is refused, and that no password is ever shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.ocpp.files import SCHEMES, BadLocation, location
from cc613_chargepoint.ocpp.files.location import LONGEST, is_own_address, remote_name


@pytest.mark.parametrize(
    ("text", "host", "port", "target"),
    [
        ("ftp://files.example/a/b.bin", "files.example", 21, "/a/b.bin"),
        ("ftps://files.example:990/", "files.example", 990, "/"),
        ("HTTPS://Files.Example/x?sig=a%2Fb", "files.example", 443, "/x?sig=a%2Fb"),
        ("http://[2001:db8::1]:8080", "2001:db8::1", 8080, "/"),
        ("sftp://10.0.0.7/~/up/", "10.0.0.7", 22, "/~/up/"),
        ("http://münchen.example/ü", "xn--mnchen-3ya.example", 80, "/%C3%BC"),
        ("http://files.example/with blank", "files.example", 80, "/with%20blank"),
    ],
)
def test_an_address_is_taken_apart(text: str, host: str, port: int, target: str) -> None:
    where = location(text)
    assert (where.host, where.port, where.target) == (host, port, target)


def test_user_and_password_are_decoded_and_the_password_is_never_shown() -> None:
    where = location("ftp://station:s3cret%2F%3F@files.example/logs/")
    assert (where.user, where.password, where.steps) == ("station", "s3cret/?", ("logs",))
    assert "s3cret" not in f"{where} {where!r}"
    assert str(where) == "ftp://station@files.example/logs/"
    assert str(location("https://files.example/x?token=abc")) == "https://files.example/x?…"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "without a scheme"),
        ("/etc/passwd", "without a scheme"),
        ("file:///etc/passwd", "file is not allowed"),
        ("gopher://x/", "gopher is not allowed"),
        ("data:text/plain,x", "data is not allowed"),
        ("http://", "no host name"),
        ("http:///x", "no host name"),
        ("http://a b/x", "no host name"),
        ("http://-x/", "no host name"),
        ("http://x_/;rm", "no host name"),
        ("http://x:0/", "no port 0"),
        ("http://x:70000/", "no address"),
        ("http://x:y/", "no address"),
        ("http://[::1/", "no address"),
        ("http://[zz::1]/", "no"),
        ("http://x/a\r\nHost: evil", "control characters"),
        ("ftp://x/a%0d%0aDELE%20b", "control characters"),
        ("ftp://a%0aUSER%20root:b@x/", "control characters"),
        (" http://x/", "blanks"),
        ("ftp://x/a/../../etc/passwd", "climbs"),
        ("ftp://x/a/%2e%2e/b", "climbs"),
        ("http://x/" + "a" * LONGEST, "too long"),
    ],
)
def test_a_hostile_address_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(BadLocation, match=why):
        location(text)


def test_only_allowed_schemes_are() -> None:
    with pytest.raises(BadLocation, match=r"ftp is not allowed.*allowed: https, sftp"):
        location("ftp://files.example/x", allowed={"https", "sftp"})


@given(st.text(max_size=80) | st.text(alphabet="htp:/@.%0aA[]?#\\ ", max_size=40).map(lambda tail: "http://" + tail))
def test_whatever_comes_is_an_address_or_refused(text: str) -> None:
    try:
        where = location(text)
    except BadLocation:
        return
    assert where.scheme in SCHEMES
    assert where.host
    assert not any(letter in where.target + where.host for letter in "\r\n\x00 ")


@pytest.mark.parametrize(
    "own", ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "169.254.169.254", "fe80::1%eth0", "::ffff:127.0.0.1", "224.0.0.1"]
)
def test_the_station_itself_and_its_link_are_no_business_of_a_backend(own: str) -> None:
    assert is_own_address(own)


@pytest.mark.parametrize("other", ["10.0.0.1", "192.168.1.1", "203.0.113.5", "2001:db8::1", "fd00::1"])
def test_a_private_network_is_an_operators(other: str) -> None:
    assert not is_own_address(other)


@pytest.mark.parametrize(
    ("name", "plain"), [("log 1.tgz", "log_1.tgz"), ("../../x", "_.._x"), ("a\r\nb", "a_b"), ("...", "file"), ('"', "_")]
)
def test_names_on_a_server_are_plain(name: str, plain: str) -> None:
    assert remote_name(name) == plain
