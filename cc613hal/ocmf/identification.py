"""Fills the user assignment from how the customer really identified, and claims no more than that.

The UID of a card is a number that anybody can copy: it is HEARSAY, whoever authorised it. All four families of flags are always
written, so that a record also says which ways were *not* used.
"""

from __future__ import annotations

import enum

from cc613hal.interfaces.card import Card, CardSecurity, CardTechnology
from cc613hal.ocmf.fields import IdentificationFlag, IdentificationLevel, IdentificationType
from cc613hal.ocmf.values import Identification
from cc613hal.ocmf.writer import plain_text

__all__ = [
    "AuthorizedBy",
    "card_identification",
    "contract_identification",
    "local_identification",
    "no_identification",
    "payment_identification",
    "phone_identification",
    "remote_identification",
    "vehicle_identification",
]

_ID_LIMIT = 40
_TARIFF_LIMIT = 250
_UID_TYPES = {8: IdentificationType.ISO14443, 14: IdentificationType.ISO14443, 16: IdentificationType.ISO15693}
"""Hexadecimal digits of a UID to its type (table 17: 4, 7 and 8 bytes)."""


class AuthorizedBy(enum.Enum):
    """Who said yes."""

    STATION = "station"
    """The station alone: its own list, or free charging."""
    CACHE = "cache"
    """OCPP's authorisation cache."""
    LOCAL_LIST = "local-list"
    """OCPP's local authorisation list."""
    BACKEND = "backend"
    """OCPP Authorize over a connection without TLS."""
    BACKEND_TLS = "backend-tls"
    """OCPP Authorize over TLS."""
    BACKEND_CERTIFICATE = "backend-certificate"
    """A certificate of the backend that certifies the assignment."""


_BY = {
    AuthorizedBy.STATION: IdentificationFlag.OCPP_NONE,
    AuthorizedBy.CACHE: IdentificationFlag.OCPP_CACHE,
    AuthorizedBy.LOCAL_LIST: IdentificationFlag.OCPP_WHITELIST,
    AuthorizedBy.BACKEND: IdentificationFlag.OCPP_AUTH,
    AuthorizedBy.BACKEND_TLS: IdentificationFlag.OCPP_AUTH_TLS,
    AuthorizedBy.BACKEND_CERTIFICATE: IdentificationFlag.OCPP_CERTIFIED,
}
_CARD_LEVELS = {
    CardSecurity.UID: IdentificationLevel.HEARSAY,
    CardSecurity.AUTHENTICATED: IdentificationLevel.SECURE,
    CardSecurity.CERTIFIED: IdentificationLevel.CERTIFIED,
}


def card_identification(
    card: Card, by: AuthorizedBy, *, protected_reader: bool = False, identity: str | None = None, tariff: str | None = None
) -> Identification:
    """A card at the reader.

    Args:
        card: as read; its security decides the level.
        by: who authorised it.
        protected_reader: the reader sits behind the seal of the measuring capsule.
        identity: the number stored on a secure card, when that and not the UID identified the customer.
        tariff: in words.
    """
    secure = card.security is not CardSecurity.UID
    rfid = IdentificationFlag.RFID_PSK if secure else IdentificationFlag.RFID_RELATED if protected_reader else IdentificationFlag.RFID_PLAIN
    shown = identity or card.uid
    kind = IdentificationType.UNDEFINED
    if identity is None and not card.random_uid and card.technology is not CardTechnology.KEYBOARD:
        kind = _UID_TYPES.get(len(card.uid), IdentificationType.UNDEFINED)
    return _assigned(_CARD_LEVELS[card.security], kind, shown, tariff, rfid=rfid, ocpp=_BY[by])


def remote_identification(token: str, *, tls: bool, tariff: str | None = None) -> Identification:
    """A start by the backend (RemoteStart).

    Args:
        token: the identification the backend sent with it.
        tls: the connection was secured by TLS.
        tariff: in words.
    """
    ocpp = IdentificationFlag.OCPP_RS_TLS if tls else IdentificationFlag.OCPP_RS
    return _assigned(IdentificationLevel.TRUSTED, IdentificationType.CENTRAL, token, tariff, ocpp=ocpp)


def contract_identification(emaid: str, by: AuthorizedBy, *, tariff: str | None = None) -> Identification:
    """Plug & Charge: the contract certificate of ISO 15118 was verified.

    Args:
        emaid: the contract, with or without hyphens.
        by: who authorised it.
        tariff: in words.
    """
    compact = emaid.replace("-", "")
    kind = (
        IdentificationType.EMAID if len(compact) in {14, 15} and compact.isascii() and compact.isalnum() else IdentificationType.UNDEFINED
    )
    return _assigned(IdentificationLevel.SECURE, kind, compact, tariff, ocpp=_BY[by], iso15118=IdentificationFlag.ISO15118_PNC)


def vehicle_identification(evccid: str, by: AuthorizedBy, *, tariff: str | None = None) -> Identification:
    """Autocharge: the MAC address of the vehicle's modem, which anybody can imitate.

    Args:
        evccid: hexadecimal, with or without a ``VID:`` before it.
        by: who authorised it.
        tariff: in words.
    """
    shown = evccid.removeprefix("VID:").replace(":", "")
    return _assigned(IdentificationLevel.HEARSAY, IdentificationType.EVCCID, shown, tariff, ocpp=_BY[by])


def local_identification(token: str, *, tariff: str | None = None) -> Identification:
    """A start at the station by other means (key switch, button, web page), with an identification of its own."""
    return _assigned(IdentificationLevel.HEARSAY, IdentificationType.LOCAL, token, tariff)


def payment_identification(transaction_number: str, *, tariff: str | None = None) -> Identification:
    """A payment at a terminal of the station, by the number of the card transaction."""
    return _assigned(IdentificationLevel.TRUSTED, IdentificationType.CARD_TXN_NR, transaction_number, tariff)


def phone_identification(number: str, *, message: bool, tariff: str | None = None) -> Identification:
    """A telephone call or a text message to the station.

    Args:
        number: international, with a leading ``+``.
        message: a text message; otherwise a call.
        tariff: in words.
    """
    plmn = IdentificationFlag.PLMN_SMS if message else IdentificationFlag.PLMN_RING
    return _assigned(IdentificationLevel.HEARSAY, IdentificationType.PHONE_NUMBER, number, tariff, plmn=plmn)


def no_identification(*, tariff: str | None = None) -> Identification:
    """Nobody identified: free charging."""
    return Identification(
        assigned=False,
        level=IdentificationLevel.NONE,
        flags=(IdentificationFlag.RFID_NONE, IdentificationFlag.OCPP_NONE, IdentificationFlag.ISO15118_NONE, IdentificationFlag.PLMN_NONE),
        type=IdentificationType.NONE,
        data="",
        tariff_text=None if tariff is None else plain_text(tariff, _TARIFF_LIMIT),
    )


def _assigned(
    level: IdentificationLevel,
    kind: IdentificationType,
    shown: str,
    tariff: str | None,
    *,
    rfid: IdentificationFlag = IdentificationFlag.RFID_NONE,
    ocpp: IdentificationFlag = IdentificationFlag.OCPP_NONE,
    iso15118: IdentificationFlag = IdentificationFlag.ISO15118_NONE,
    plmn: IdentificationFlag = IdentificationFlag.PLMN_NONE,
) -> Identification:
    return Identification(
        assigned=True,
        level=level,
        flags=(rfid, ocpp, iso15118, plmn),
        type=kind,
        data=plain_text(shown, _ID_LIMIT),
        tariff_text=None if tariff is None else plain_text(tariff, _TARIFF_LIMIT),
    )
