"""Which rules a station has, and in which order: from its settings."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

from attrs import field, frozen, validators

from cc613_chargepoint.authorization.rule import Rule
from cc613_chargepoint.authorization.rules import (
    Accepting,
    Backend,
    BackendRule,
    CacheRule,
    Directory,
    EveryCard,
    Free,
    InstallersList,
    LocalList,
    MasterCards,
    Sources,
    Unaccepted,
    UnknownOffline,
)
from cc613_chargepoint.domain.token import TokenSource

__all__ = ["AuthorizationSettings", "FreeMode", "Mode", "rules_for"]


class Mode(enum.Enum):
    """Who may charge."""

    EVERY_CARD = "every-card"
    LIST = "list"
    BACKEND = "backend"
    """Local list, cache and backend, as OCPP describes it."""
    FREE = "free"
    """Everybody, without identifying; a session begins with the plug."""


class FreeMode(enum.Enum):
    """What free charging asks."""

    ACCEPT = "accept"
    """Nobody: whoever plugs in charges."""
    AUTHORIZE = "authorize"
    """Whoever plugs in charges if the fixed identifier may: list, cache and backend are asked for it as for a card."""


@frozen(kw_only=True)
class AuthorizationSettings:
    """Who may charge.

    Attributes:
        mode: the principle.
        cards: the station's own list; in mode ``backend`` they are accepted before anybody is asked.
        master_cards: cards that end every charge.
        pre_authorize: list and cache count although the backend could be asked (OCPP ``LocalPreAuthorize``).
        offline: list and cache count while it cannot be asked (OCPP ``LocalAuthorizeOffline``).
        unknown_offline: unknown tokens are accepted while it cannot be asked (OCPP ``AllowOfflineTxForUnknownId``).
        local_list: the local list of the backend counts (OCPP ``LocalAuthListEnabled``).
        late_card: in mode ``backend``, a card begins a charge although the plug has waited for longer than a customer may take to identify.
        cache: answers are kept (OCPP ``AuthorizationCacheEnabled``).
        cache_size: how many.
        cache_lifetime_s: how long they count, s; 0 for as long as they say themselves.
        backend_timeout_s: how long a customer waits for the backend, s.
        free_mode: what free charging asks.
        autocharge: vehicles may identify by their own address (``VID:`` …).
        contracts: contract certificates are taken.
        secure_only: cards have to prove themselves by cryptography.
        repeat_s: the same card again within this time is the same presentation, s.
        free_id: the identifier of a session that nobody identified for.
        key_switch: digital input that lets charge while it is active; empty for none.
    """

    mode: Mode = Mode.EVERY_CARD
    cards: tuple[str, ...] = ()
    master_cards: tuple[str, ...] = ()
    pre_authorize: bool = False
    offline: bool = True
    unknown_offline: bool = False
    local_list: bool = True
    late_card: bool = False
    cache: bool = True
    cache_size: int = field(default=1000, validator=validators.ge(0))
    cache_lifetime_s: float = field(default=0.0, validator=validators.ge(0.0))
    backend_timeout_s: float = field(default=30.0, validator=validators.gt(0.0))
    free_mode: FreeMode = FreeMode.ACCEPT
    autocharge: bool = False
    contracts: bool = True
    secure_only: bool = False
    repeat_s: float = field(default=3.0, validator=validators.ge(0.0))
    free_id: str = field(default="FREE", validator=validators.min_len(1))
    key_switch: str = ""


def rules_for(
    settings: AuthorizationSettings, directory: Directory, backend: Backend | None, plugins: Sequence[Rule] = ()
) -> tuple[Rule, ...]:
    """The rules in the order in which they are asked.

    Args:
        settings: who may charge.
        directory: what the station remembers of tokens.
        backend: who is asked for what it does not know; ``None`` without one.
        plugins: the rules of other packages.
    """
    sources = Sources(autocharge=settings.autocharge, contracts=settings.contracts, secure_only=settings.secure_only)
    asks = settings.mode is Mode.FREE and settings.free_mode is FreeMode.AUTHORIZE
    free = Free(Free().sources - {TokenSource.FREE}) if asks else Free()
    first: tuple[Rule, ...] = (sources, MasterCards(settings.master_cards), free, *plugins)
    if settings.mode is Mode.LIST:
        return (*first, InstallersList(settings.cards))
    if settings.mode is Mode.BACKEND or asks:
        unaccepted = _unless_accepted(backend)
        return (sources, MasterCards(settings.master_cards), *unaccepted, free, *plugins, *_with_backend(settings, directory, backend))
    return (*first, EveryCard())


def _unless_accepted(backend: object) -> tuple[Rule, ...]:
    """Backends of other kinds have nothing to accept."""
    return (Unaccepted(backend),) if isinstance(backend, Accepting) else ()


def _with_backend(settings: AuthorizationSettings, directory: Directory, backend: Backend | None) -> tuple[Rule, ...]:
    local: dict[str, Any] = {"backend": backend, "pre_authorize": settings.pre_authorize, "offline": settings.offline}
    rules: list[Rule] = [InstallersList(settings.cards, final=False)] if settings.cards else []
    if settings.local_list:
        rules.append(LocalList(directory, **local))
    if settings.cache:
        rules.append(CacheRule(directory, **local, lifetime_s=settings.cache_lifetime_s or None))
    if backend is not None:
        keeps = directory if settings.cache else None
        rules.append(BackendRule(backend, keeps, timeout_s=settings.backend_timeout_s, alone=_without_backend(settings, directory)))
        if settings.unknown_offline:
            rules.append(_unknown(settings, directory, backend))
    return tuple(rules)


def _without_backend(settings: AuthorizationSettings, directory: Directory) -> tuple[Rule, ...]:
    """What counts once it has turned out that the backend cannot be asked."""
    rules: list[Rule] = []
    if settings.local_list and settings.offline:
        rules.append(LocalList(directory))
    if settings.cache and settings.offline:
        rules.append(CacheRule(directory, lifetime_s=settings.cache_lifetime_s or None))
    if settings.unknown_offline:
        rules.append(_unknown(settings, directory, None))
    return tuple(rules)


def _unknown(settings: AuthorizationSettings, directory: Directory, backend: Backend | None) -> UnknownOffline:
    return UnknownOffline(backend, lists=directory if settings.local_list else None, caches=directory if settings.cache else None)
