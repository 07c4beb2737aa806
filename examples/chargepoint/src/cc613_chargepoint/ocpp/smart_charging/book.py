"""The installed profiles as a value: what replaces what, what is cleared by which criteria."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from cc613_chargepoint.ocpp.smart_charging.model import Installed, Profile, Purpose

__all__ = ["Criteria", "ProfileBook", "replaced_by"]


@frozen(kw_only=True)
class Criteria:
    """Which profiles are meant. With an ``id`` the others are ignored; else all given ones must fit; none given means every profile.

    Attributes:
        id: of the profile.
        connector: 0 for those of the station.
        purpose: what it limits.
        stack_level: its level.
    """

    id: int | None = None
    connector: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None

    def fit(self, installed: Installed) -> bool:
        """Whether a profile is meant."""
        if self.id is not None:
            return installed.profile.id == self.id
        return (
            self.connector in {None, installed.connector}
            and self.purpose in {None, installed.profile.purpose}
            and self.stack_level in {None, installed.profile.stack_level}
        )


def replaced_by(present: Installed, profile: Profile, connector: int, *, by_level: bool = True) -> bool:
    """Whether a new profile takes the place of a present one: same id, or same purpose, level and connector.

    Args:
        present: what is installed.
        profile: what comes.
        connector: where it comes.
        by_level: the second rule counts (1.6); without it only the id does (2.0.1).
    """
    old = present.profile
    if old.id == profile.id:
        return True
    return by_level and (old.purpose, old.stack_level, present.connector) == (profile.purpose, profile.stack_level, connector)


@frozen
class ProfileBook:
    """The installed profiles. It never changes: each function returns the book that is then.

    Attributes:
        installed: every profile, in the order in which they came.
    """

    installed: tuple[Installed, ...] = ()

    def __iter__(self) -> Iterator[Installed]:
        return iter(self.installed)

    def __len__(self) -> int:
        return len(self.installed)

    def select(self, criteria: Criteria) -> tuple[Installed, ...]:
        """The profiles that are meant."""
        return tuple(each for each in self.installed if criteria.fit(each))

    def with_profile(self, profile: Profile, connector: int, *, by_level: bool = True) -> ProfileBook:
        """One more, in the place of what it replaces; see :func:`replaced_by`."""
        kept = (each for each in self.installed if not replaced_by(each, profile, connector, by_level=by_level))
        return ProfileBook((*kept, Installed(connector=connector, profile=profile)))

    def without(self, gone: Iterable[Installed]) -> ProfileBook:
        """Without some."""
        leaving = set(gone)
        return ProfileBook(tuple(each for each in self.installed if each not in leaving))
