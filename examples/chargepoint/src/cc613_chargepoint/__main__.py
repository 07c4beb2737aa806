"""``python -m cc613_chargepoint``."""

from __future__ import annotations

import sys

from cc613_chargepoint.cli import main

if __name__ == "__main__":
    sys.exit(main())
