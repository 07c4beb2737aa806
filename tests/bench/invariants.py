"""A hundred thousand random steps of vehicles, cards, faults, weather and power cuts: how many broke an invariant.

The steps and the invariants are those of ``examples/chargepoint/tests/test_invariants.py``.
"""

from __future__ import annotations

import importlib.util
import logging
import random
import sys
import time
from pathlib import Path
from types import ModuleType

from cc613hal.clock import run_virtual

STEPS = 100_000
_TEST = Path(__file__).parents[2] / "examples/chargepoint/tests/test_invariants.py"


def _rules() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cc613_invariants", _TEST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    rules, dice = _rules(), random.Random(613)
    done, broken, charges, started_s = 0, 0, 0, time.perf_counter()
    logging.disable(logging.CRITICAL)  # tens of thousands of faults are told there
    try:
        while done < STEPS:
            steps = [(dice.choice(rules.ACTIONS), dice.random()) for _ in range(dice.randint(20, 120))]
            try:
                charges += len(run_virtual(rules.live(steps)).begun)
            except AssertionError as error:
                broken += 1
                sys.stderr.write(f"{error}\n  {steps}\n")
            done += len(steps)
    finally:
        logging.disable(logging.NOTSET)
    took_s = time.perf_counter() - started_s
    return [
        (
            "random steps of a station's life that broke an invariant",
            f"{broken} of {done} ({charges} charges, {took_s:.0f} s)",
            "0",
            not broken,
        )
    ]
