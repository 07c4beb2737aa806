"""Who may do what: four roles, each of which may do all that the ones before it may."""

from __future__ import annotations

import enum
import functools

__all__ = ["Role"]


@functools.total_ordering
class Role(enum.Enum):
    """Roles as charging stations have them, from the least to the most."""

    USER = "user"
    OPERATOR = "operator"
    INSTALLER = "installer"
    MANUFACTURER = "manufacturer"

    def __lt__(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) < order.index(other)
