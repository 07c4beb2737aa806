from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import cc613hal_test_parts as parts

from cc613hal.plugins.manager import Plugins


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    found = Plugins.discover(only=[], extra=[parts.Package()])
    assert not found.problems
    return found


@pytest.fixture(autouse=True)
def fresh_parts() -> None:
    parts.Switch.story.clear()
    parts.Switch.broken.clear()
    parts.Switch.slow.clear()
