"""The rules the station brings: identity, master cards, reservations, free charging, lists, cache, backend."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from attrs import define, field, frozen

from cc613_chargepoint.authorization.rule import Answer, Opinion, Request, Rule, accept, nothing, refuse
from cc613_chargepoint.domain.known_token import ACCEPTED, KnownToken
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613hal.errors import HalError

__all__ = [
    "Accepting",
    "Backend",
    "BackendRule",
    "CacheRule",
    "Directory",
    "EveryCard",
    "Free",
    "Identity",
    "InstallersList",
    "LocalList",
    "MasterCards",
    "Reservation",
    "Reservations",
    "Sources",
    "Unaccepted",
    "UnknownOffline",
]

_log = logging.getLogger(__name__)


def _folded(cards: Collection[str]) -> frozenset[str]:
    return frozenset(card.casefold() for card in cards)


class Directory(Protocol):
    """What the station remembers of tokens: the local list a backend sent, and the cache of what it answered."""

    @abstractmethod
    async def listed(self, identifier: str) -> KnownToken | None:
        """The local list's entry."""

    @abstractmethod
    async def cached(self, identifier: str) -> KnownToken | None:
        """What was last heard."""

    @abstractmethod
    async def remember(self, token: KnownToken) -> None:
        """Keep what was heard."""


class Backend(Protocol):
    """Who is asked for tokens that are not known here; OCPP offers it."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether it can be asked now."""

    @abstractmethod
    async def authorize(self, token: Token) -> KnownToken:
        """Ask.

        Raises:
            HalError: it could not be asked, or did not answer in time.
        """


@runtime_checkable
class Accepting(Protocol):
    """A backend that has to accept the station before its customers are served."""

    @property
    @abstractmethod
    def may_charge(self) -> bool:
        """Whether its customers may charge here now."""


def _of(known: KnownToken, at: datetime, where: str) -> Opinion:
    if known.valid_at(at):
        return accept(where, parent=known.parent)
    status = "expired" if known.status == "Accepted" else known.status.lower()
    return refuse(f"{where}: {status}", parent=known.parent)


@frozen
class Identity:
    """Refuses what identifies nobody."""

    name = "identity"

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        if request.random:
            return refuse("its identifier is random and changes with every read: no identity")
        return nothing() if request.token.id.strip() else refuse("it has no identifier")


@frozen
class MasterCards:
    """Cards of the operator that end every charge.

    Attributes:
        cards: their identifiers, casefolded.
    """

    name = "master-cards"
    cards: frozenset[str] = field(converter=_folded)

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        return accept("a master card", master=True) if request.token.id.casefold() in self.cards else nothing()


@frozen
class Unaccepted:
    """Refuses everybody while the backend has never accepted the station (OCPP 1.6, 4.2.1).

    Attributes:
        backend: who would have to.
    """

    name = "unaccepted"
    backend: Accepting

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        del request
        return nothing() if self.backend.may_charge else refuse("the backend has never accepted this station")


@frozen(kw_only=True)
class Reservation:
    """A connector that is kept for somebody.

    Attributes:
        number: the reservation's own, as a backend counts them.
        connector: which; 0 for any one of the station.
        token: for whom.
        parent: for everybody of this group too.
        until: when it ends, UTC.
    """

    number: int
    connector: int
    token: str
    until: datetime
    parent: str | None = None

    def is_for(self, identifier: str, parent: str | None) -> bool:
        """Whether it is for a token, or for its group."""
        return identifier.casefold() == self.token.casefold() or (self.parent is not None and parent == self.parent)


@define
class Reservations:
    """Keeps connectors for those who reserved them; judged last, because only then a group is known.

    Attributes:
        connectors: of the station: a reservation for any of them only bites when no other is free.
        free: those of them with nobody and nothing there; all of them if it is not said.
        changed: is told what stands after every change, for whoever keeps it over a restart.
    """

    name = "reservations"
    connectors: Collection[int] = (1,)
    changed: Callable[[Sequence[Reservation]], None] = field(default=lambda _: None, kw_only=True)
    free: Callable[[], Collection[int]] | None = field(default=None, kw_only=True)
    _kept: dict[int, Reservation] = field(factory=dict, init=False)

    def keep(self, reservation: Reservation) -> None:
        """Reserve; the same number again replaces it."""
        self._kept[reservation.number] = reservation
        self.changed(tuple(self._kept.values()))

    def restore(self, reservations: Iterable[Reservation]) -> None:
        """Those that stood before the station was started; what was reserved since counts more."""
        self._kept = {**{each.number: each for each in reservations}, **self._kept}

    def cancel(self, number: int) -> bool:
        """End a reservation; whether there was one."""
        stood = self._kept.pop(number, None) is not None
        if stood:
            self.changed(tuple(self._kept.values()))
        return stood

    def valid(self, at: datetime) -> Mapping[int, Reservation]:
        """The reservations that stand, by number; those that ended are forgotten."""
        self._kept = {number: each for number, each in self._kept.items() if at < each.until}
        return dict(self._kept)

    def used(self, token: Token, parent: str | None, connector: int, at: datetime) -> Reservation | None:
        """Somebody begins to charge: their reservation is used up."""
        for number, each in self.valid(at).items():
            if each.is_for(token.id, parent) and each.connector in {0, connector}:
                used = self._kept.pop(number)
                self.changed(tuple(self._kept.values()))
                return used
        return None

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`; groups are looked at by :meth:`objection`."""
        reason = self.objection(request, None)
        return refuse(reason) if reason else nothing()

    def objection(self, request: Request, parent: str | None) -> str:
        """Why a reservation speaks against a request; empty if none does."""
        valid = self.valid(request.at).values()
        if any(each.is_for(request.token.id, parent) and each.connector in {0, request.connector} for each in valid):
            return ""
        here = [each for each in valid if each.connector == request.connector]
        anywhere = [each for each in valid if each.connector == 0]
        free = set(self.connectors if self.free is None else self.free())
        left = free - {request.connector} - {each.connector for each in valid}
        if here or len(anywhere) > len(left):
            return f"connector {request.connector} is reserved for somebody else"
        return ""


@frozen
class Free:
    """Accepts tokens of sources that need no permission: free charging, a key switch, an operator at the station."""

    name = "free"
    sources: frozenset[TokenSource] = frozenset({TokenSource.FREE, TokenSource.KEY_SWITCH, TokenSource.LOCAL})

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        source = request.token.source
        return accept(f"needs no permission ({source.value})") if source in self.sources else nothing()


@frozen(kw_only=True)
class Sources:
    """Refuses ways to identify that are not wanted here.

    Attributes:
        autocharge: a vehicle may identify by its own address alone; anybody can copy that.
        contracts: contract certificates of Plug & Charge are taken.
        secure_only: a card has to prove itself by cryptography; a number alone is refused.
    """

    name = "sources"
    autocharge: bool = False
    contracts: bool = True
    secure_only: bool = False

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        source = request.token.source
        if source is TokenSource.MAC and not self.autocharge:
            return refuse("vehicles that identify by their address alone are not served here")
        if source is TokenSource.CONTRACT and not self.contracts:
            return refuse("contracts are not served here")
        if source is TokenSource.CARD and self.secure_only:
            return refuse(f"the card proves nothing ({request.token.security or 'unknown'}): only cards with cryptography are served here")
        return nothing()


@frozen
class EveryCard:
    """Accepts every token that has an identity."""

    name = "every-card"

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        del request
        return accept("every card is accepted by configuration")


@frozen
class InstallersList:
    """The cards of the settings.

    Attributes:
        cards: their identifiers, casefolded.
        final: a card that is not on the list is refused; otherwise the next rule is asked.
    """

    name = "list"
    cards: frozenset[str] = field(converter=_folded)
    final: bool = True

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        if request.token.id.casefold() in self.cards:
            return accept("on the local list")
        return refuse("not on the local list") if self.final else nothing("not on the station's own list")


@frozen
class LocalList:
    """The local authorization list of a backend.

    Attributes:
        directory: what the station remembers.
        backend: who is asked next; ``None`` without one.
        pre_authorize: an entry counts although the backend could be asked (OCPP ``LocalPreAuthorize``).
        offline: an entry counts while it cannot be asked (OCPP ``LocalAuthorizeOffline``).
    """

    name = "local-list"
    directory: Directory
    backend: Backend | None = None
    pre_authorize: bool = True
    offline: bool = True

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        if not _counts(self.backend, self.pre_authorize, self.offline):
            return nothing()
        known = await self.directory.listed(request.token.id)
        if known is None:
            return nothing("not on the local list")
        opinion = _of(known, request.at, "on the local list")
        if opinion.answer.value == "refuse" and self.backend is not None and self.backend.connected:
            return nothing(
                f"{opinion.reason}; the backend is asked"
            )  # an entry that does not accept is no last word online (OCPP 1.6, 3.5.3)
        return opinion


@frozen
class CacheRule:
    """What the backend answered before; attributes as for :class:`LocalList`.

    Attributes:
        lifetime_s: how long an answer counts, s; ``None`` for as long as it says itself.
    """

    name = "cache"
    directory: Directory
    backend: Backend | None = None
    pre_authorize: bool = True
    offline: bool = True
    lifetime_s: float | None = None

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        if not _counts(self.backend, self.pre_authorize, self.offline):
            return nothing()
        known = await self.directory.cached(request.token.id)
        if known is None:
            return nothing("not in the cache")
        too_old = self.lifetime_s is not None and known.heard is not None and (request.at - known.heard).total_seconds() > self.lifetime_s
        if too_old:
            return nothing("what the cache knows is too old")
        if not known.valid_at(request.at):
            return nothing(f"in the cache: {known.status.lower()}")
        return accept("in the cache", parent=known.parent)


@frozen
class BackendRule:
    """Asks the backend.

    Attributes:
        backend: who is asked.
        directory: where the answer is kept; ``None`` keeps nothing.
        timeout_s: how long a customer waits, s.
        alone: what counts where the connection goes with the question: the customer is judged as if it had gone before.
    """

    name = "backend"
    backend: Backend
    directory: Directory | None = None
    timeout_s: float = 30.0
    alone: tuple[Rule, ...] = ()

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        if not self.backend.connected:
            return nothing("the backend is not connected")
        try:
            async with asyncio.timeout(self.timeout_s):
                known = await self.backend.authorize(request.token)
        except HalError as error:
            reason = f"the backend could not be asked: {error.message}"
            return await self._alone(request, reason) if isinstance(error, ConnectionError) else nothing(reason)
        except TimeoutError:
            return nothing(f"the backend did not answer within {self.timeout_s:g} s")
        if self.directory is not None:
            try:
                await self.directory.remember(known)
            except HalError as error:  # the answer counts all the same
                _log.warning("the answer of the backend is not kept: %s", error)
        return _of(known, request.at, "the backend knows it")

    async def _alone(self, request: Request, reason: str) -> Opinion:
        for rule in self.alone:
            opinion = await rule.judge(request)
            if opinion.answer is not Answer.NOTHING:
                return opinion
        return nothing(reason)


@frozen
class UnknownOffline:
    """Accepts whom nobody knows while the backend cannot be asked (OCPP ``AllowOfflineTxForUnknownId``).

    Whom the local list does not accept is known, and so is whose acceptance has run out meanwhile (OCPP 1.6, 3.5.4): also where list and
    cache accept nobody offline.

    Attributes:
        backend: who would be asked; ``None`` where it is known that nobody can be.
        lists: where the local list is; ``None`` without one.
        caches: where the cache is; ``None`` without one.
    """

    name = "unknown-offline"
    backend: Backend | None
    lists: Directory | None = None
    caches: Directory | None = None

    async def judge(self, request: Request) -> Opinion:
        """See :class:`~cc613_chargepoint.authorization.rule.Rule`."""
        if self.backend is not None and self.backend.connected:
            return nothing()
        listed = None if self.lists is None else await self.lists.listed(request.token.id)
        if listed is not None and not listed.valid_at(request.at):
            return _of(listed, request.at, "on the local list")
        cached = None if self.caches is None else await self.caches.cached(request.token.id)
        if cached is not None and cached.status == ACCEPTED and not cached.valid_at(request.at):
            return _of(cached, request.at, "in the cache")
        return accept("unknown, and accepted while the backend cannot be asked")


def _counts(backend: Backend | None, pre_authorize: bool, offline: bool) -> bool:
    """Whether what the station knows by itself counts now."""
    if backend is None:
        return True
    return pre_authorize if backend.connected else offline
