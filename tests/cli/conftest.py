"""Running the command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import frozen

from cc613hal.cli.main import main

SIM = ("--board", "bender.cc613", "--sim")


@frozen
class Outcome:
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cc613hal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    monkeypatch.delenv("CC613HAL_BOARD", raising=False)

    def run(*argv: str, sim: bool = False) -> Outcome:
        status = main([*argv, *(SIM if sim else ())])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run
