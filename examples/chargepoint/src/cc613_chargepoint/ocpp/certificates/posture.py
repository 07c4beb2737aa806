"""The security profile of the connection: only upward, with what it needs, tried first, and back if that fails."""

from __future__ import annotations

from attrs import evolve, frozen

__all__ = ["Posture", "profile_refusal"]


@frozen(kw_only=True)
class Posture:
    """How the station connects. A value: each function returns the posture that is then; the caller keeps it.

    Attributes:
        profile: in use: 0 none, 1 password, 2 password and TLS, 3 TLS with a certificate of its own.
        working: the last one with which a connection was accepted.
        failures: connections in a row that failed since the profile was raised.
    """

    profile: int = 0
    working: int | None = None
    failures: int = 0

    @property
    def tried(self) -> bool:
        """It was raised, and has not worked yet."""
        return self.working is not None and self.working != self.profile

    def raised(self, profile: int) -> Posture:
        """The backend wants another one; see :func:`profile_refusal` first."""
        return evolve(self, profile=profile, failures=0)

    def worked(self) -> Posture:
        """A connection was accepted: there is no way back by itself any more."""
        return evolve(self, working=self.profile, failures=0)

    def failed(self, patience: int = 3) -> Posture:
        """A connection failed.

        Args:
            patience: failures in a row after which the last working profile is in use again.
        """
        failures = self.failures + 1
        if self.tried and failures >= patience and self.working is not None:
            return Posture(profile=self.working, working=self.working)
        return evolve(self, failures=failures)


def profile_refusal(wanted: int, present: int, *, has_password: bool, has_root: bool, has_certificate: bool) -> str | None:
    """Why the backend's wish for another security profile is refused; ``None`` if it is granted (whitepaper A05).

    Args:
        wanted: by the backend.
        present: in use.
        has_password: an authorization key is set.
        has_root: a root for the backend is installed.
        has_certificate: the station has a valid certificate of its own.
    """
    if not 0 <= wanted <= 3:
        return f"there is no security profile {wanted}"
    if wanted <= present:
        return f"security profile {wanted} is not higher than {present}"
    if wanted in {1, 2} and not has_password:
        return f"security profile {wanted} needs an authorization key"
    if wanted in {2, 3} and not has_root:
        return f"security profile {wanted} needs a root certificate of the backend"
    if wanted == 3 and not has_certificate:
        return "security profile 3 needs a certificate of the station"
    return None
