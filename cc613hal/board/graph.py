"""In which order devices come, given which others they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["order"]


def order(uses: Mapping[str, Iterable[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Names in an order in which each comes after those it uses; otherwise the given order is kept.

    Args:
        uses: name to the names it uses; names that are no keys are left out.

    Returns:
        The order, and the cycles that were found, each from its first name round to the same name again. With a cycle the order still
        holds every name once.
    """
    ordered: list[str] = []
    cycles: list[tuple[str, ...]] = []
    done: set[str] = set()
    trail: list[str] = []

    def visit(name: str) -> None:
        if name in trail:
            cycles.append((*trail[trail.index(name) :], name))
            return
        if name in done:
            return
        trail.append(name)
        for other in uses[name]:
            if other in uses:
                visit(other)
        trail.pop()
        done.add(name)
        ordered.append(name)

    for name in uses:
        visit(name)
    return ordered, cycles
