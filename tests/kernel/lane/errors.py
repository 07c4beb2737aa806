"""The two ways in which the lane can end without an answer from the tests."""


class CannotRunHereError(Exception):
    """This machine lacks something the lane needs. Not a failure of the project: reported with status 77, and what to do next.

    Args:
        reason: What is missing, as a sentence without a full stop.
        next_step: What the person at the keyboard can do about it, as a sentence without a full stop.
    """

    def __init__(self, reason: str, next_step: str) -> None:
        super().__init__(f"{reason}. {next_step[:1].upper()}{next_step[1:]}.")
        self.reason = reason
        self.next_step = next_step


class LaneBrokenError(Exception):
    """The lane itself failed: a build error, a kernel that did not come up, tests that never ended. Counts as a failed test run."""
