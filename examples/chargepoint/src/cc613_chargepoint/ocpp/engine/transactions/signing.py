"""What of the meter's values the backend is told with a signature, and when the public key goes along.

The rules are those of the Open Charge Alliance's application note "Signed Meter Values in OCPP" (1.0), which gives 1.6 what 2.0.1 has.
The signed begin and end of a transaction do not depend on them while the operator's ``ocpp.signed_ends`` is on.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from attrs import evolve

from cc613_chargepoint.domain.events import RecordSigned, StationEvent
from cc613_chargepoint.facade.commands import Answer, Command, GetPublicKey, MeterView, PublicKeyView, SignedNow, SignNow, StationStatus
from cc613_chargepoint.ocpp.engine.owed.facts import Measured, Reading, SignedValue, TransactionBegan, TransactionEnded
from cc613_chargepoint.ocpp.engine.transactions.ledger import Ledger
from cc613_chargepoint.ocpp.engine.transactions.measurands import DEFAULT, quantities
from cc613_chargepoint.ocpp.engine.transactions.thinning import thinned
from cc613_chargepoint.settings import Parameter, Settings, ocpp
from cc613hal.clock import Clock
from cc613hal.errors import HalError, Unsupported
from cc613hal.ocmf import PublicKey

__all__ = ["Offered", "Signing", "brings_key", "key_text", "may_be_signed", "signing_method"]

_log = logging.getLogger(__name__)
T = TypeVar("T", Measured, TransactionEnded)

LOOK_S = (0.5, 60.0)
"""Until a meter that did not tell its key is asked again, s: at first, and at most; it doubles."""
BEGIN_S = 15.0
"""How long the begin of a transaction waits to be told until its signature is there, s: OCMF's meters have 15 s for one."""
_STEP_S = 0.1
_OF_SIGNING = (ocpp.SIGN_SAMPLED, ocpp.SIGN_STARTED, ocpp.SIGN_UPDATED, ocpp.SIGN_ALIGNED, ocpp.SIGN_ALIGNED_UPDATED, ocpp.SIGNED_KEY)
_IN_BETWEEN = (ocpp.SIGN_UPDATED, ocpp.SIGN_ALIGNED_UPDATED)


class Offered(Protocol):
    """What a backend may do with a parameter here, beyond what the table says."""

    def absent(self, which: Parameter[Any]) -> bool:
        """Whether the station has no such thing."""
        ...

    def fixed(self, which: Parameter[Any]) -> str | None:
        """The only value that it can have here, as text; ``None`` where it may have others."""
        ...

    def objection(self, which: Parameter[Any], text: str) -> str:
        """What speaks against a value that the table allows, in words; empty if nothing does."""
        ...


class Signing(Offered):
    """Decides it for one backend.

    Args:
        settings: the station's.
        ledger: knows the transactions.
        clock: the station's clock.
        status: of the station, at the start.
        ask: asks the station.
    """

    def __init__(
        self, settings: Settings, ledger: Ledger, clock: Clock, status: StationStatus, ask: Callable[[Command], Awaitable[Answer]]
    ) -> None:
        self._settings, self._ledger, self._clock, self._ask = settings, ledger, clock, ask
        self._signs = {each.number for each in status.connectors if each.signs}
        self._signs_now = {each.number for each in status.connectors if each.signs_now}
        self._keys: dict[int, str] = {}
        self._complained: dict[int, str] = {}

    # -- the keys ---------------------------------------------------------------------------------------------------------------------

    def hear(self, news: StationEvent) -> None:
        """Every record shows that the connector's meter signs, and with which key: a meter may have been exchanged."""
        if isinstance(news, RecordSigned):
            self._signs.add(news.connector)
            if news.public_key:
                self._keys[news.connector] = news.public_key

    async def run(self) -> None:
        """Ask every meter for its key until it has told it."""
        pause_s, longest_s = LOOK_S
        while missing := sorted(self._signs - set(self._keys)):
            for connector in missing:
                try:
                    view = await self._ask(GetPublicKey(connector=connector, drawing=False))
                except Unsupported:  # it is printed on the housing only
                    self._keys.setdefault(connector, "")
                except HalError as error:
                    _log.info("connector %d: its meter's key is not known yet: %s", connector, error)
                else:
                    self._keys.setdefault(connector, view.hex if isinstance(view, PublicKeyView) else "")
            if self._signs <= set(self._keys):
                return
            await self._clock.sleep(pause_s)
            pause_s = min(2.0 * pause_s, longest_s)

    def key_of(self, connector: int, longest: int) -> str | None:
        """The public key of a connector's meter as backends read it; ``None`` without one, or if it is longer than that."""
        text = key_text(self._keys.get(connector, ""), self._settings.get(ocpp.SIGNED_KEY_FORM))
        return text if text and len(text) <= longest else None

    # -- what backends may set ----------------------------------------------------------------------------------------------------------

    def absent(self, which: Parameter[Any]) -> bool:
        """See :class:`Offered`."""
        return which in _OF_SIGNING and not self._signs

    def fixed(self, which: Parameter[Any]) -> str | None:
        """See :class:`Offered`: no meter of the station signs in between."""
        return "false" if which in _IN_BETWEEN and not self._signs_now else None

    def objection(self, which: Parameter[Any], text: str) -> str:
        """See :class:`Offered`."""
        if which is ocpp.SIGN_SAMPLED and self._settings.get(ocpp.SIGNED_ENDS) and text.strip().lower() == "false":
            return "begin and end of a transaction are always told signed here"
        return ""

    @property
    def ends(self) -> bool:
        """Whether the end of a transaction brings its signed begin and end."""
        return any(self._settings.get(each) for each in (ocpp.SIGNED_ENDS, ocpp.SIGN_SAMPLED, ocpp.SIGN_ALIGNED))

    @property
    def begins(self) -> bool:
        """Whether the begin of a transaction is told signed."""
        return self._settings.get(ocpp.SIGN_SAMPLED) and self._settings.get(ocpp.SIGN_STARTED)

    def updates(self, *, aligned: bool) -> bool:
        """Whether values are told signed when they are taken; those on the clock, or the others."""
        first, second = (ocpp.SIGN_ALIGNED, ocpp.SIGN_ALIGNED_UPDATED) if aligned else (ocpp.SIGN_SAMPLED, ocpp.SIGN_UPDATED)
        return self._settings.get(first) and self._settings.get(second)

    def samples_of_end(self, *, aligned: bool) -> bool:
        """Whether samples that the end of a transaction brings are signed."""
        return self._settings.get(ocpp.SIGN_ALIGNED if aligned else ocpp.SIGN_SAMPLED)

    # -- signatures -------------------------------------------------------------------------------------------------------------------

    async def sign(self, connector: int, session: int, context: str) -> SignedValue | None:
        """Have the register signed now; ``None`` where the meter cannot, or did not: the value is told without."""
        if connector not in self._signs_now:
            return None
        try:
            signed = await self._ask(SignNow(connector=connector, session=session, context=context))
        except HalError as error:
            complaint = type(error).__name__
            if self._complained.get(connector) != complaint:  # once for each reason, not once for each value
                self._complained[connector] = complaint
                _log.warning("connector %d: values in between go unsigned: %s", connector, error)
            return None
        self._complained.pop(connector, None)
        if not isinstance(signed, SignedNow):
            raise TypeError("the station did not tell a signed value")
        return SignedValue(context=context, format=signed.format, record=signed.record, public_key=signed.public_key, at=signed.at)

    async def begin_of(self, session: int) -> SignedValue | None:
        """The signed begin of a transaction that has begun; ``None`` of a meter that signs it together with the end."""
        return (await self._ledger.begin_of(session))[0]

    async def awaited_begin(self, fact: TransactionBegan) -> SignedValue | None:
        """The signed begin to be told with the begin itself; waited for, because the session is owed before its meter has signed."""
        if not self.begins or fact.connector not in self._signs:
            return None
        until_s = self._clock.monotonic_s() + BEGIN_S
        while True:
            running = self._ledger.running_session(fact.connector)
            begun = running is not None and running.session == fact.session
            found, ended = await self._ledger.begin_of(fact.session)
            if found is not None or begun or ended or self._clock.monotonic_s() >= until_s:
                return found
            await self._clock.sleep(_STEP_S)

    async def asked_for(self, connector: int, view: MeterView, *, aligned: bool = False) -> Measured:
        """What a backend hears of a meter that it asks about out of turn, as it is told.

        Args:
            connector: whose meter.
            view: what the meter told.
            aligned: as on the clock, not as a sample.
        """
        running, reading = self._ledger.running_session(connector), await self.now(connector, view, aligned=aligned)
        return await self.measured(Measured(session=None if running is None else running.session, connector=connector, readings=(reading,)))

    async def now(self, connector: int, view: MeterView, *, aligned: bool = False) -> Reading:
        """What a meter that a backend asks about tells, signed where that is wanted; see :meth:`asked_for`."""
        names, running = self._settings.get(ocpp.ALIGNED_DATA if aligned else ocpp.SAMPLED_DATA), self._ledger.running_session(connector)
        signed = None
        if running is not None and self.updates(aligned=aligned) and may_be_signed(names):
            signed = await self.sign(connector, running.session, "Trigger")
        return Reading(at=view.at, context="Trigger", quantities=quantities(view, names), signed=signed)

    async def told(self, fact: Measured) -> None:
        """Values were told out of turn: their key counts as told, too."""
        session = fact.session
        if session is not None and brings_key(fact):
            await self._ledger.key_was_told(session)

    # -- the key along ------------------------------------------------------------------------------------------------------------------

    async def ended(self, fact: TransactionEnded) -> TransactionEnded:
        """An end as it is told: with those records that it brings, no more samples than it may, and with the key where it goes along."""
        chosen = fact if self.ends else evolve(fact, signed=())
        most, most_signed = self._settings.get(ocpp.STOP_VALUES), self._settings.get(ocpp.STOP_SIGNED_VALUES)
        chosen = thinned(chosen, most=most, most_signed=most_signed)
        give = await self._giving(fact.session)
        signed = tuple(give(each) for each in chosen.signed)  # first: samples may be left out of an end, these never are
        return evolve(chosen, signed=signed, readings=_each(chosen.readings, give))

    async def measured(self, fact: Measured) -> Measured:
        """Values as they are told, with the key where it goes along."""
        if fact.session is None or not any(each.signed for each in fact.readings):
            return fact
        return evolve(fact, readings=_each(fact.readings, await self._giving(fact.session)))

    async def began(self, session: int, signed: SignedValue) -> SignedValue:
        """The signed begin as it is told, with the key where it goes along."""
        return (await self._giving(session))(signed)

    async def _giving(self, session: int) -> Callable[[SignedValue], SignedValue]:
        """Gives records the key, in the order in which they are given to it."""
        when, form = self._settings.get(ocpp.SIGNED_KEY), self._settings.get(ocpp.SIGNED_KEY_FORM)
        silent = when == "Never" or (when == "OncePerTransaction" and await self._ledger.has_key(session))

        def give(signed: SignedValue) -> SignedValue:
            nonlocal silent
            key = "" if silent else key_text(signed.public_key, form)
            silent = silent or (when == "OncePerTransaction" and key != "")
            return evolve(signed, key=key, method=signing_method(signed))

        return give


def key_text(der: str, form: str) -> str:
    """A public key as backends want it; empty without one.

    Args:
        der: the key, DER in hexadecimal.
        form: ``note``: base64 of ``oca:base16:asn1:`` and the key in hexadecimal (application note, 3.2.2); ``oca``: the same without
            base64; ``der``: base64 of the key itself.
    """
    if not der:
        return ""
    if form == "der":
        return base64.b64encode(bytes.fromhex(der)).decode("ascii")
    marked = f"oca:base16:asn1:{der}"
    return marked if form == "oca" else base64.b64encode(marked.encode()).decode("ascii")


def signing_method(signed: SignedValue) -> str:
    """How a record is signed (application note, table 12); empty where the record says so, or nobody does."""
    if not signed.format.startswith("EDL") or not signed.public_key:
        return ""
    try:
        return f"ECDSA-{PublicKey.from_text(signed.public_key).curve.value}-SHA256"
    except HalError:
        return ""


def brings_key(fact: Measured | TransactionEnded) -> bool:
    """Whether a fact, as it is told, has a public key in it."""
    signed = [each.signed for each in fact.readings if each.signed is not None]
    if isinstance(fact, TransactionEnded):
        signed += fact.signed
    return any(each.key for each in signed)


def may_be_signed(names: Sequence[str]) -> bool:
    """Whether the energy register is among measurands: meters sign nothing else. No measurands at all mean it."""
    return not names or DEFAULT in names


def _each(readings: Sequence[Reading], give: Callable[[SignedValue], SignedValue]) -> tuple[Reading, ...]:
    return tuple(each if each.signed is None else evolve(each, signed=give(each.signed)) for each in readings)
