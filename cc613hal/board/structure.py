"""From TOML values to frozen classes, with every mistake reported instead of the first one.

Classes are read by their annotations: unknown keys are mistakes, a missing key is one unless it has a default, nothing is converted
silently (``"9600"`` is no number, ``1`` is not ``true``; a whole number is accepted where a number is wanted), enumerations are written
by their values, and every attrs validator is asked. What this module does not know is left to cattrs, so a driver's options may use any
type cattrs can read from text or numbers.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import attrs
import cattrs

from cc613hal.board.problems import Problems, as_list, as_table, listed, near, plain
from cc613hal.board.toml_lines import KeyPath

__all__ = ["INVALID", "Invalid", "expected", "read_class", "read_value"]


class Invalid(enum.Enum):
    """Marks a value that could not be read; the reason is among the problems."""

    INVALID = "invalid"


INVALID = Invalid.INVALID

_SCALARS: dict[object, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    Decimal: ((int, float, str), "a number or a text with one"),
    Path: ((str,), "a path"),
    bytes: ((str,), "a text of hexadecimal digits"),
}
_LISTS: tuple[object, ...] = (list, tuple, set, frozenset, Sequence)
_TABLES: tuple[object, ...] = (dict, Mapping)


def read_value(value: Any, kind: Any, path: KeyPath, problems: Problems) -> Any:
    """The value as ``kind``, or :data:`INVALID` with the reason among the problems.

    Args:
        value: as tomllib gives it.
        kind: an annotation.
        path: the keys that lead to it.
        problems: where mistakes are collected.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return read_value(value, arguments[0], path, problems)
    if kind is Any or kind is object:
        return value
    if kind in _SCALARS:
        return _scalar(value, kind, path, problems)
    if origin in {Union, types.UnionType}:
        return _union(value, kind, path, problems)
    choices = _choices(kind)
    return _choice(value, choices, path, problems) if choices else _compound(value, kind, path, problems)


def _choices(kind: Any) -> dict[str, Any]:
    """What a Literal or an enumeration allows, by its text in the file; empty for other kinds."""
    if get_origin(kind) is Literal:
        return {plain(choice): choice for choice in get_args(kind)}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {plain(member.value): member for member in kind}
    return {}


def _compound(value: Any, kind: Any, path: KeyPath, problems: Problems) -> Any:
    origin = get_origin(kind)
    if isinstance(kind, type) and attrs.has(kind):
        return read_class(value, kind, path, problems)
    if (origin or kind) in _LISTS:
        return _list(value, kind, path, problems)
    if (origin or kind) in _TABLES:
        return _table(value, kind, path, problems)
    return _foreign(value, kind, path, problems)


def read_class(value: Any, cls: type[Any], path: KeyPath, problems: Problems) -> Any:
    """An instance of an attrs class from a table, or :data:`INVALID` with the reasons among the problems."""
    table = as_table(value)
    if table is None:
        problems.add(path, f"must be a table, not {plain(value)}")
        return INVALID
    hints = get_type_hints(cls, include_extras=True)
    known = {attribute.alias: attribute for attribute in attrs.fields(cls) if attribute.init}
    complete = True
    for key in table:
        if key not in known:
            problems.add((*path, key), "unknown key", near(key, known, f"known are {listed(known)}" if known else "there are no keys here"))
            complete = False
    values: dict[str, Any] = {}
    for alias, attribute in known.items():
        if alias in table:
            read = read_value(table[alias], hints[attribute.name], (*path, alias), problems)
            if read is INVALID:
                complete = False
            else:
                values[alias] = read
        elif attribute.default is attrs.NOTHING:
            problems.add(path, f"the key {alias} is missing", expected(hints[attribute.name]))
            complete = False
    if complete:
        return _construct(cls, values, path, problems)
    _ask_validators(cls, values, path, problems, instance=None)
    return INVALID


def expected(kind: Any) -> str:
    """What an annotation accepts, in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return expected(arguments[0])
    if kind in _SCALARS:
        return _SCALARS[kind][1]
    if origin in {Union, types.UnionType}:
        return " or ".join(expected(argument) for argument in arguments if argument is not types.NoneType)
    if _choices(kind):
        return f"one of {listed(_choices(kind))}"
    if (origin or kind) in _LISTS:
        return "a list"
    if (origin or kind) in _TABLES or (isinstance(kind, type) and attrs.has(kind)):
        return "a table"
    return f"a value for {getattr(kind, '__name__', kind)}"


def _scalar(value: Any, kind: Any, path: KeyPath, problems: Problems) -> Any:
    accepted, words = _SCALARS[kind]
    if isinstance(value, accepted) and (kind is bool or not isinstance(value, bool)):
        try:
            return _converted(value, kind)
        except (ValueError, ArithmeticError):
            pass
    problems.add(path, f"must be {words}, not {plain(value)}")
    return INVALID


def _converted(value: Any, kind: Any) -> Any:
    if kind is float:
        return float(value)
    if kind is Decimal:
        return Decimal(str(value))
    if kind is Path:
        return Path(value)
    return bytes.fromhex(value) if kind is bytes else value


def _union(value: Any, kind: Any, path: KeyPath, problems: Problems) -> Any:
    members = [member for member in get_args(kind) if member is not types.NoneType]
    trials: list[Problems] = []
    for member in members:
        trial = problems.trial()
        read = read_value(value, member, path, trial)
        if not trial.found:
            return read
        trials.append(trial)
    fitting = [trial for member, trial in zip(members, trials, strict=True) if _same_shape(value, member)]
    if len(members) == 1 or len(fitting) == 1:
        problems.found.extend((fitting or trials)[0].found)
    else:
        problems.add(path, f"must be {expected(kind)}, not {plain(value)}")
    return INVALID


def _same_shape(value: Any, kind: Any) -> bool:
    return (expected(kind) == "a table") == isinstance(value, Mapping) and (expected(kind) == "a list") == isinstance(value, list)


def _choice(value: Any, choices: Mapping[str, Any], path: KeyPath, problems: Problems) -> Any:
    if plain(value) in choices:
        return choices[plain(value)]
    words = [name.strip('"') for name in choices]
    problems.add(path, f"must be one of {listed(choices)}, not {plain(value)}", near(value, words) if isinstance(value, str) else "")
    return INVALID


def _list(value: Any, kind: Any, path: KeyPath, problems: Problems) -> Any:
    entries = as_list(value)
    if entries is None:
        problems.add(path, f"must be a list, not {plain(value)}")
        return INVALID
    container: Any = get_origin(kind) or kind
    arguments = get_args(kind)
    kinds = (
        list(arguments)
        if container is tuple and arguments and arguments[-1] is not Ellipsis
        else [arguments[0] if arguments else Any] * len(entries)
    )
    if len(kinds) != len(entries):
        problems.add(path, f"must have {len(kinds)} entries, not {len(entries)}")
        return INVALID
    read = [read_value(entry, kinds[index], (*path, index), problems) for index, entry in enumerate(entries)]
    if any(entry is INVALID for entry in read):
        return INVALID
    make: Callable[[list[Any]], Any] = cast("Any", tuple if container is Sequence else container)
    return make(read)


def _table(value: Any, kind: Any, path: KeyPath, problems: Problems) -> Any:
    table = as_table(value)
    if table is None:
        problems.add(path, f"must be a table, not {plain(value)}")
        return INVALID
    arguments = get_args(kind)
    entries: dict[Any, Any] = {}
    for key, entry in table.items():
        read = read_value(entry, arguments[1] if arguments else Any, (*path, key), problems)
        name = _key(key, arguments[0] if arguments else str, (*path, key), problems)
        entries[name] = read
    return INVALID if INVALID in entries or any(entry is INVALID for entry in entries.values()) else entries


def _key(key: str, kind: Any, path: KeyPath, problems: Problems) -> Any:
    """TOML keys are always texts; a table keyed by whole numbers or enumerations is read from their text form."""
    if kind is int:
        try:
            return int(key, 0)
        except ValueError:
            problems.add(path, f'the key must be a whole number, not "{key}"')
            return INVALID
    return read_value(key, kind, path, problems)


def _foreign(value: Any, kind: Any, path: KeyPath, problems: Problems) -> Any:
    try:
        return cattrs.structure(value, kind)
    except Exception as error:  # noqa: BLE001  # a driver's own type may refuse in any way; it is one more mistake in the file
        problems.add(path, f"must be {expected(kind)}, not {plain(value)}: {error}")
        return INVALID


def _construct(cls: type[Any], values: Mapping[str, Any], path: KeyPath, problems: Problems) -> Any:
    try:
        return cls(**values)
    except Exception as error:  # noqa: BLE001  # validators and converters of a driver's options may raise anything
        before = len(problems.found)
        with attrs.validators.disabled():
            try:
                instance = cls(**values)
            except Exception:  # noqa: BLE001  # then the first error is all there is to tell
                instance = None
        _ask_validators(cls, values, path, problems, instance=instance)
        if len(problems.found) == before:
            problems.add(path, _said(error))
        return INVALID


def _ask_validators(cls: type[Any], values: Mapping[str, Any], path: KeyPath, problems: Problems, *, instance: Any) -> None:
    """Every validator of every value that was read, each on its own. Without an instance, those that need one stay unasked."""
    for attribute in attrs.fields(cls):
        if attribute.validator is None or attribute.alias not in values:
            continue
        value = values[attribute.alias] if instance is None else getattr(instance, attribute.name)
        try:
            attribute.validator(instance, attribute, value)
        except AttributeError as error:
            if instance is not None:
                problems.add((*path, attribute.alias), _said(error))
        except Exception as error:  # noqa: BLE001  # see _construct
            problems.add((*path, attribute.alias), _said(error))


def _said(error: Exception) -> str:
    """What a validator says; attrs puts the sentence first and objects after it."""
    return str(error.args[0]) if error.args else type(error).__name__
