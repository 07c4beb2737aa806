"""Whether this machine can emulate device nodes."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which

DEBIAN = Path("/usr/lib/python3/dist-packages")
PLACES = (DEBIAN,)
"""Where PyGObject may be besides our own environment: Debian's serves any CPython of the same version."""


def missing() -> str:
    """What keeps umockdev from being used, with the next step; empty if nothing does."""
    if which("umockdev-wrapper") is None:
        return "umockdev is not installed: apt install umockdev gir1.2-umockdev-1.0 python3-gi"
    suffix = f"cpython-{sys.version_info.major}{sys.version_info.minor}-"
    if find_spec("gi") is None and not any(any((place / "gi").glob(f"_gi.{suffix}*.so")) for place in PLACES):
        return f"PyGObject for Python {sys.version_info.major}.{sys.version_info.minor} is not installed: apt install python3-gi"
    typelib = "UMockdev-1.0.typelib"
    if not any(any(Path(root).glob(f"**/girepository-1.0/{typelib}")) for root in ("/usr/lib", "/usr/lib64") if Path(root).exists()):
        return "umockdev's description for Python is not installed: apt install gir1.2-umockdev-1.0"
    return ""
