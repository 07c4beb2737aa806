"""Ends of transactions that would bring too much: begin and end stay, and of what is between evenly spread values do. Pure.

OCPP 1.6 errata, 3.14, says so; over 2.0.1 it is the station's choice.
"""

from __future__ import annotations

from attrs import evolve

from cc613_chargepoint.ocpp.engine.owed.facts import TransactionEnded

__all__ = ["spread", "thinned"]

_ENDS = frozenset({"Transaction.Begin", "Transaction.End"})


def spread(count: int, room: int) -> frozenset[int]:
    """Which of so many stay where there is room for fewer: the first, the last, and evenly spread ones between."""
    if count <= room:
        return frozenset(range(count))
    return frozenset(round(index * (count - 1) / max(1, room - 1)) for index in range(room))


def thinned(fact: TransactionEnded, *, most: int, most_signed: int) -> TransactionEnded:
    """An end with no more than it may bring.

    Args:
        fact: the end.
        most: values; each signed record counts as one.
        most_signed: samples that keep their signature: one takes about six times the room of the value itself. Signed begin and end
            do not count.
    """
    middle = [index for index, each in enumerate(fact.readings) if each.context not in _ENDS]
    room = max(0, most - (len(fact.readings) - len(middle)) - len(fact.signed))
    kept = [middle[each] for each in sorted(spread(len(middle), room))]
    signed = [each for each in kept if fact.readings[each].signed is not None]
    still = {signed[each] for each in spread(len(signed), most_signed)}
    gone = set(middle) - set(kept)
    readings = tuple(
        each if index in still or each.signed is None or index not in signed else evolve(each, signed=None)
        for index, each in enumerate(fact.readings)
        if index not in gone
    )
    return evolve(fact, readings=readings)
