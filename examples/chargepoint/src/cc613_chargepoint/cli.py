"""``cc613-chargepoint``: the way in."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    if argv is None:
        # while the program loads there is nothing to bring to a safe state: Ctrl-C ends it silently, also in the middle of an import
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from cc613_chargepoint import command  # noqa: PLC0415 - see above

    if argv is None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = command.main(argv)
    except KeyboardInterrupt:  # before the station began, or after it ended: nothing is energised
        code = command.EXIT_INTERRUPTED
    if argv is None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is safe and closed; nothing is left to interrupt
    return code


if __name__ == "__main__":
    sys.exit(main())
