"""The error tree: what a program can catch, what a person reads, and what survives a process border."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from cc613hal import errors
from cc613hal.errors import (
    BoardFileError,
    BusBusy,
    BusMissing,
    BusTimeout,
    CommandFailed,
    ConnectFailed,
    DeviceRefused,
    HalError,
    NoAnswer,
    PluginError,
    SafetyRefused,
    WrongIdentity,
)

SPECIAL: dict[str, dict[str, Any]] = {
    "BoardFileError": {"problems": ["a.toml:3: bus: unknown"]},
    "ConnectFailed": {"failures": {"meter1": BusTimeout("silent")}},
}


def all_classes() -> list[type[HalError]]:
    def below(base: type[HalError]) -> list[type[HalError]]:
        return [base, *(found for derived in base.__subclasses__() if derived.__module__ == errors.__name__ for found in below(derived))]

    return below(HalError)


def make(kind: type[HalError]) -> HalError:
    error = kind("did not work", hint="try harder", **SPECIAL.get(kind.__name__, {}))
    error.device = "meter1"
    return error


def drawn_tree() -> dict[str, tuple[str, set[str]]]:
    """Class name to (parent, builtins in brackets), as the module docstring draws it."""
    path: list[str] = []
    tree: dict[str, tuple[str, set[str]]] = {}
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    (?P<indent>[│├└─ ]*)(?P<name>[A-Z]\w+)(?: \((?P<builtins>[\w, ]+)\))?", line)
        if match is None:
            continue
        depth = len(match["indent"]) // 4
        path[depth:] = [match["name"]]
        tree[match["name"]] = (path[depth - 1] if depth else "", set((match["builtins"] or "").split(", ")) - {""})
    return tree


def test_the_drawn_tree_is_the_real_one() -> None:
    real = {
        kind.__name__: (
            next((base.__name__ for base in kind.__bases__ if issubclass(base, HalError)), ""),
            {base.__name__ for base in kind.__bases__ if not issubclass(base, HalError)} - {"Exception"},
        )
        for kind in all_classes()
    }
    assert drawn_tree() == real


def test_everything_in_the_tree_is_public_and_nothing_else() -> None:
    assert sorted(errors.__all__) == sorted(kind.__name__ for kind in all_classes())


def test_kinds_are_unique_words() -> None:
    kinds = [kind.kind for kind in all_classes()]
    assert len(set(kinds)) == len(kinds)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", kind) for kind in kinds)


@pytest.mark.parametrize("kind", all_classes())
def test_a_message_says_who_what_and_what_next(kind: type[HalError]) -> None:
    assert str(make(kind)).splitlines()[0] == "meter1: did not work (try harder)"


@pytest.mark.parametrize("kind", all_classes())
def test_errors_are_plain_data_for_json(kind: type[HalError]) -> None:
    data = make(kind).as_dict()
    assert data["kind"] == kind.kind
    assert (data["device"], data["message"], data["hint"]) == ("meter1", "did not work", "try harder")
    assert data["transient"] is kind.default_transient


@pytest.mark.parametrize("kind", all_classes())
def test_errors_cross_process_borders_with_all_they_know(kind: type[HalError]) -> None:
    error = make(kind)
    error.transient = not kind.default_transient
    error.add_note("seen on the bench")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert copy.as_dict() == error.as_dict()
    assert copy.__notes__ == ["seen on the bench"]


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (BusTimeout("x"), TimeoutError),
        (BusMissing("x"), FileNotFoundError),
        (BusBusy("x"), OSError),
        (NoAnswer("x"), ConnectionError),
        (PluginError("x"), ImportError),
        (PluginError("x"), ValueError),
        (SafetyRefused("x"), PermissionError),
    ],
)
def test_scripts_may_catch_the_builtin(error: HalError, builtin: type[Exception]) -> None:
    with pytest.raises(builtin, match=r"^x$"):
        raise error


def test_trying_again_is_worth_it_only_where_the_error_says_so() -> None:
    assert BusTimeout("silent").transient
    assert not BusMissing("no such node").transient
    assert not WrongIdentity("an LM75 answers").transient
    assert BusMissing("the adapter is being plugged in", transient=True).transient


def test_a_refusal_keeps_the_device_s_own_number() -> None:
    assert DeviceRefused("illegal data address", code=2).code == 2
    assert pickle.loads(pickle.dumps(DeviceRefused("no", code=2))).code == 2


def test_a_failed_command_carries_what_was_sensed_instead() -> None:
    assert CommandFailed("did not lock", evidence={"position": 0.4}).evidence == {"position": 0.4}


def test_a_board_file_error_lists_every_mistake() -> None:
    error = BoardFileError("2 mistakes", problems=["a.toml:3: bus", "a.toml:9: device"])
    assert str(error).splitlines() == ["2 mistakes", "a.toml:3: bus", "a.toml:9: device"]
    assert error.as_dict()["problems"] == ["a.toml:3: bus", "a.toml:9: device"]


def test_a_failed_connection_draws_a_tree_of_causes() -> None:
    error = ConnectFailed(
        "2 of 9 devices did not connect",
        failures={
            "meter1": BusTimeout("unit 1 did not answer", device="meter1", hint="check its supply"),
            "bay": RuntimeError("first line\nsecond line"),
            "tilt": RuntimeError(),
        },
    )
    assert str(error).splitlines() == [
        "2 of 9 devices did not connect",
        "  ├── meter1: unit 1 did not answer (check its supply)",
        "  ├── bay: RuntimeError: first line",
        "  │   second line",
        "  └── tilt: RuntimeError",
    ]


def test_a_tree_of_trees_stays_readable() -> None:
    inner = ConnectFailed("1 part", failures={"adc": NoAnswer("nobody at 0x48")})
    error = ConnectFailed("1 of 2", failures={"pilot1": inner, "lock1": NoAnswer("nobody at 0x20")})
    assert str(error).splitlines() == [
        "1 of 2",
        "  ├── pilot1: 1 part",
        "  │     └── adc: nobody at 0x48",
        "  └── lock1: nobody at 0x20",
    ]


def test_foreign_exceptions_in_the_tree_are_named_in_json() -> None:
    data = ConnectFailed("1 of 1", failures={"bay": ZeroDivisionError("division by zero")}).as_dict()
    assert data["failures"] == {"bay": {"kind": "ZeroDivisionError", "message": "division by zero"}}
