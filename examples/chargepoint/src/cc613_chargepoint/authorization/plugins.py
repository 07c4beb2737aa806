"""Rules that other packages bring: entry points of the group ``cc613_chargepoint.rules``, each a module with the hook below.

A package that cannot be loaded, or whose rule raises, is reported and left out; it never keeps anybody from charging by breaking.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import cast

import pluggy

from cc613_chargepoint.authorization.rule import Rule

__all__ = ["GROUP", "hookimpl", "rules_of_plugins"]

GROUP = "cc613_chargepoint.rules"
_log = logging.getLogger(__name__)
_hookspec = pluggy.HookspecMarker("cc613_chargepoint")
hookimpl = pluggy.HookimplMarker("cc613_chargepoint")
"""Marks ``cc613_chargepoint_rules`` in a plug-in's module."""


class _Hooks:
    @_hookspec
    def cc613_chargepoint_rules(self) -> Sequence[Rule]:
        """The rules this package brings, in the order in which they are asked; they come before lists and backend.

        Raises:
            NotImplementedError: never called; pluggy asks the plug-ins.
        """
        raise NotImplementedError


def rules_of_plugins(modules: Sequence[object] = ()) -> tuple[Rule, ...]:
    """The rules of every installed plug-in.

    Args:
        modules: plug-ins to ask besides the installed ones; for tests.
    """
    manager = pluggy.PluginManager("cc613_chargepoint")
    manager.add_hookspecs(_Hooks)
    for entry in entry_points(group=GROUP):
        try:
            manager.register(entry.load(), name=entry.name)
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything at import
            _log.error("the rules of %s cannot be used: %s: %s", entry.name, type(error).__name__, error)
    for module in modules:
        manager.register(module)
    found: list[Rule] = []
    for implementation in manager.hook.cc613_chargepoint_rules.get_hookimpls():
        try:
            rules = cast("Sequence[object]", implementation.function())
        except Exception as error:  # noqa: BLE001 - likewise when it is asked
            _log.error("the rules of %s cannot be used: %s: %s", implementation.plugin_name, type(error).__name__, error)
            continue
        for rule in rules:
            if isinstance(rule, Rule):
                found.append(rule)
            else:
                _log.error("%s brings a %s, which is no rule", implementation.plugin_name, type(rule).__name__)
    return tuple(found)
