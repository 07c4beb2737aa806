"""How a customer identified, in the words of a signed record: never more than what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cc613_chargepoint.domain.token import Token, TokenSource
from cc613hal.interfaces import Card, CardSecurity, CardTechnology, EndReason, UserAssignment
from cc613hal.ocmf import AuthorizedBy, Identification, card_identification, local_identification

__all__ = ["assignment_of", "end_reason_of", "user_assignment"]


def assignment_of(token: Token, by: AuthorizedBy = AuthorizedBy.STATION) -> UserAssignment:
    """The assignment of a token: the UID of a card is hearsay, whoever authorised it.

    Args:
        token: who charges.
        by: who said yes.
    """
    identify = _SOURCES.get(token.source, _local)
    return user_assignment(identify(token, by))


def user_assignment(identification: Identification) -> UserAssignment:
    """An identification of the record's room as the meters' interface has it."""
    return UserAssignment(
        assigned=bool(identification.assigned),
        level=_text(identification.level),
        flags=tuple(_text(flag) for flag in identification.flags or ()),
        type=_text(identification.type) or "NONE",
        data=identification.data or "",
    )


def end_reason_of(reason: str) -> EndReason:
    """The record's letter for a reason in words: a fault aborts, the customer ends locally."""
    if reason.startswith("fault"):
        return EndReason.ABORT
    if reason in {"card presented again", "vehicle unplugged"}:
        return EndReason.LOCAL
    return EndReason.REMOTE if "remote" in reason else EndReason.END


def _text(value: object) -> str:
    return "" if value is None else str(getattr(value, "value", value))


def _technology(text: str) -> CardTechnology:
    return CardTechnology(text) if text in {each.value for each in CardTechnology} else CardTechnology.UNKNOWN


def _security(text: str) -> CardSecurity:
    return CardSecurity(text) if text in {each.value for each in CardSecurity} else CardSecurity.UID


def _card(token: Token, by: AuthorizedBy) -> Identification:
    return card_identification(Card(uid=token.id, technology=_technology(token.technology), security=_security(token.security)), by)


def _local(token: Token, _by: AuthorizedBy) -> Identification:
    return local_identification(token.id)


_SOURCES: Mapping[TokenSource, Callable[[Token, AuthorizedBy], Identification]] = {TokenSource.CARD: _card}
