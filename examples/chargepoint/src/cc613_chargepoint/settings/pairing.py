"""The parameters of a station with two controllers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.settings.parameter import Group, Kind, Parameter

__all__ = ["PAIRING", "PAIRING_RULES"]

_AT_START: dict[str, Any] = {"group": Group.PAIRING, "restart": True, "change": Role.INSTALLER}

ROLE: Parameter[str] = Parameter(
    key="pairing.role", kind=Kind.CHOICE, default="none", choices=("none", "master", "slave"),
    en="Whether this controller shares its station with another one: the master speaks to the outside, the slave to the master alone.",
    de="Ob diese Steuerung ihre Station mit einer zweiten teilt: der Master spricht nach außen, der Slave nur mit dem Master.", **_AT_START,
)  # fmt: skip
LISTEN: Parameter[str] = Parameter(
    key="pairing.listen", kind=Kind.TEXT, default="0.0.0.0", minimum=1, maximum=64,  # noqa: S104 - for the paired slave alone
    pattern=r"[0-9A-Za-z.:%-]{1,64}",
    en="Master: the address it waits for its slave at.", de="Master: die Adresse, an der er auf seinen Slave wartet.", **_AT_START,
)  # fmt: skip
PORT: Parameter[int] = Parameter(
    key="pairing.port", kind=Kind.INT, default=4613, minimum=1, maximum=65_535,
    en="TCP port of the link; the same on both.", de="TCP-Port der Verbindung; auf beiden derselbe.", **_AT_START,
)  # fmt: skip
MASTER: Parameter[str] = Parameter(
    key="pairing.master", kind=Kind.TEXT, default="", maximum=253, pattern=r"[0-9A-Za-z.:%_-]{0,253}",
    en="Slave: address or name of its master.", de="Slave: Adresse oder Name seines Masters.", **_AT_START,
)  # fmt: skip
CONNECTOR: Parameter[int] = Parameter(
    key="pairing.connector", kind=Kind.INT, default=2, minimum=2, maximum=99,
    en="Master: the number that the slave's connector has at this station.",
    de="Master: die Nummer, die der Ladepunkt des Slaves an dieser Station hat.", **_AT_START,
)  # fmt: skip
SUPPLY_CURRENT_A: Parameter[float | None] = Parameter(
    key="pairing.supply_current_a", kind=Kind.FLOAT, default=None, unit="A", minimum=6.0, maximum=160.0, none=True,
    en="Master: what both controllers together may take per phase; none is as much as installation.current_a.",
    de="Master: was beide Steuerungen zusammen je Phase nehmen dürfen; none ist so viel wie installation.current_a.", **_AT_START,
)  # fmt: skip
SAFE_CURRENT_A: Parameter[float] = Parameter(
    key="pairing.safe_current_a", kind=Kind.FLOAT, default=6.0, unit="A", minimum=0.0, maximum=80.0,
    en="Master: what its slave may offer without it, per phase; always kept free for the slave. Below 6 A is a pause.",
    de="Master: was sein Slave ohne ihn je Phase anbieten darf; bleibt immer für den Slave frei. Unter 6 A ist eine Pause.", **_AT_START,
)  # fmt: skip
LEASE_S: Parameter[float] = Parameter(
    key="pairing.lease_s", kind=Kind.FLOAT, default=10.0, unit="s", minimum=2.0, maximum=60.0,
    en="Master: how long the slave obeys what it last heard; then it falls to its safe current.",
    de="Master: wie lange der Slave dem zuletzt Gehörten folgt; dann fällt er auf seinen sicheren Strom.", **_AT_START,
)  # fmt: skip
LOST_POLICY: Parameter[str] = Parameter(
    key="pairing.lost_policy", kind=Kind.CHOICE, default="refuse", choices=("continue", "refuse", "stop"),
    en="Slave without its master: continue judges customers by its own rules; refuse lets a charge go on and none begin; "
    "stop also ends the charge after pairing.lost_after_s.",
    de="Slave ohne Master: continue beurteilt Kunden nach eigenen Regeln; refuse lässt eine Ladung laufen und keine beginnen; "
    "stop beendet sie zudem nach pairing.lost_after_s.", **_AT_START,
)  # fmt: skip
LOST_AFTER_S: Parameter[float] = Parameter(
    key="pairing.lost_after_s", kind=Kind.FLOAT, default=300.0, unit="s", minimum=0.0, maximum=86_400.0,
    en="Slave: how long a charge goes on at the safe current before the policy stop ends it.",
    de="Slave: wie lange eine Ladung mit sicherem Strom weiterläuft, bevor die Regel stop sie beendet.", **_AT_START,
)  # fmt: skip

PAIRING: tuple[Parameter[Any], ...] = (
    ROLE, LISTEN, PORT, MASTER, CONNECTOR, SUPPLY_CURRENT_A, SAFE_CURRENT_A, LEASE_S, LOST_POLICY, LOST_AFTER_S,
)  # fmt: skip
"""In the order of forms and documentation."""


def _slave_has_a_master(values: Mapping[str, Any]) -> str | None:
    if values[ROLE.key] == "slave" and not values[MASTER.key]:
        return f"{ROLE.key} is slave, and {MASTER.key} is empty: it would never find its master"
    return None


def _safe_fits(values: Mapping[str, Any]) -> str | None:
    supply = values[SUPPLY_CURRENT_A.key]
    if supply is not None and values[SAFE_CURRENT_A.key] > supply:
        return f"{SAFE_CURRENT_A.key} is more than {SUPPLY_CURRENT_A.key}"
    return None


PAIRING_RULES: tuple[Callable[[Mapping[str, Any]], str | None], ...] = (_slave_has_a_master, _safe_fits)
"""What must hold between them."""
