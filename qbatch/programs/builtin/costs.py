"""Diagonal costs: of a graph's cut, or any sum of strings of I and Z."""

from __future__ import annotations

import math

from qbatch.errors import UsageError
from qbatch.programs.builtin.inputs import read_sum


def cut(edges: str) -> dict[str, float]:
    """Minus the weight of a cut: each edge contributes -w (1 - Z Z) / 2."""
    pairs: list[tuple[int, int, float]] = []
    for text in edges.split(","):
        ends, _, share = text.partition(":")
        try:
            one, other = map(int, ends.split("-"))
            pairs.append((one, other, float(share or 1)))
        except ValueError:
            raise UsageError(f"edge {text!r}: write 0-1, or 0-1:0.5 with a weight") from None
        if one == other:
            raise UsageError(f"edge {text!r} leads back to where it begins")
    width = 1 + max(max(one, other) for one, other, _ in pairs)
    terms: dict[str, float] = {"I" * width: 0.0}
    for one, other, weight in pairs:
        letters = ["Z" if place in (one, other) else "I" for place in range(width)]
        string = "".join(reversed(letters))
        terms[string] = terms.get(string, 0.0) + weight / 2
        terms["I" * width] -= weight / 2
    return terms


def diagonal(cost: str) -> dict[str, float]:
    """A sum of strings of I and Z from its text."""
    from qbatch.rules.pauli import parse_observable

    terms = dict(parse_observable(read_sum(cost)))
    if any(set(string) - set("IZ") for string in terms):
        raise UsageError("the cost of QAOA is a sum of strings of I and Z")
    return terms


def text_of(terms: dict[str, float]) -> str:
    """A sum as the text of an observable."""
    joined = " + ".join(f"{factor!r}*{string}" for string, factor in terms.items())
    return joined.replace("+ -", "- ")


def cost_of(terms: dict[str, float], outcome: str) -> float:
    """The cost of an outcome: each Z is -1 where its qubit is 1."""
    return sum(
        factor * math.prod(-1 for z, bit in zip(string, outcome, strict=True) if z + bit == "Z1")
        for string, factor in terms.items()
    )
