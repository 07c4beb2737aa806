"""What an installer decides about a station with two controllers."""

from __future__ import annotations

import enum
from typing import Self

from attrs import field, frozen, validators

from cc613_chargepoint.settings import Settings
from cc613_chargepoint.settings import pairing as table
from cc613_chargepoint.settings.table import INSTALLED_CURRENT_A

__all__ = ["LostPolicy", "PairingRole", "PairingSettings"]


class PairingRole(enum.Enum):
    """What this controller is in its station."""

    NONE = "none"
    """The only one."""
    MASTER = "master"
    """The one that speaks to the outside."""
    SLAVE = "slave"
    """The one that speaks to the master alone."""


class LostPolicy(enum.Enum):
    """What a slave does while it does not hear its master; its current is the safe one in any case."""

    CONTINUE = "continue"
    """Customers are judged by its own rules."""
    REFUSE = "refuse"
    """A charge goes on, none begins."""
    STOP = "stop"
    """None begins, and one that runs is ended after a while."""


@frozen(kw_only=True)
class PairingSettings:
    """Both controllers read the same parameters; each obeys its own.

    Attributes:
        role: of this controller.
        listen: address that the master listens on.
        port: of the link.
        master: address of the master, for the slave.
        connector: number of the slave's connector at the station.
        supply_a: what both may take together, A per phase.
        safe_a: what the slave may offer without its master, A per phase.
        lease_s: how long the slave obeys what it last heard, s.
        policy: what the slave does without its master.
        lost_after_s: when ``stop`` ends a charge, s after the lease.
    """

    role: PairingRole = PairingRole.NONE
    listen: str = "127.0.0.1"
    port: int = 4613
    master: str = ""
    connector: int = 2
    supply_a: float = field(default=16.0, validator=validators.gt(0.0))
    safe_a: float = field(default=6.0, validator=validators.ge(0.0))
    lease_s: float = field(default=10.0, validator=validators.gt(0.0))
    policy: LostPolicy = LostPolicy.REFUSE
    lost_after_s: float = field(default=300.0, validator=validators.ge(0.0))

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the parameter table says."""
        supply_a = settings.get(table.SUPPLY_CURRENT_A)
        return cls(
            role=PairingRole(settings.get(table.ROLE)),
            listen=settings.get(table.LISTEN),
            port=settings.get(table.PORT),
            master=settings.get(table.MASTER),
            connector=settings.get(table.CONNECTOR),
            supply_a=settings.get(INSTALLED_CURRENT_A) if supply_a is None else supply_a,
            safe_a=settings.get(table.SAFE_CURRENT_A),
            lease_s=settings.get(table.LEASE_S),
            policy=LostPolicy(settings.get(table.LOST_POLICY)),
            lost_after_s=settings.get(table.LOST_AFTER_S),
        )
