"""OpenQASM texts that differ only in the numbers that their gates are given.

Programs write circuits by the thousand from one pattern, and parsing them one by one
costs more than simulating them. Where the numbers cannot change what a text means, one
text is parsed for all of the same shape.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qbatch.models import CircuitSource

# A number that is a whole argument: after "(" or ",", before "," or ")". Integers may be
# sizes and indices; they stay part of the shape.
_NUMBER = re.compile(
    rb"(?<=[(,])(\s*)([-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?)(?=\s*[,)])"
)
# Where a number may decide about more than an angle, or is computed with.
_MEANINGFUL = re.compile(
    rb"\b(?:sin|cos|tan|exp|ln|log|sqrt|arcsin|arccos|arctan|asin|acos|atan|pow|mod|floor"
    rb"|ceiling|popcount|rotl|rotr|float|int|uint|bool|angle|complex|duration|stretch"
    rb"|if|for|while|switch|def|defcal|cal|box|extern|array|const|let|input|output|pragma)\b"
)
_INCLUDE = re.compile(rb'\binclude\s*["\']([^"\']+)["\']')
_OWN_INCLUDES = {b"qelib1.inc", b"stdgates.inc"}


@dataclass(frozen=True, slots=True)
class Shape:
    """A text without its numbers: the pieces between them."""

    pieces: tuple[bytes, ...]

    def filled(self, numbers: Sequence[float]) -> bytes:
        """A text of this shape with other numbers."""
        words = [self.pieces[0]]
        for number, piece in zip(numbers, self.pieces[1:], strict=True):
            words += [repr(number).encode(), piece]
        return b"".join(words)


def shape_of(body: bytes) -> tuple[Shape, tuple[float, ...]] | None:
    """The shape of a text and its numbers; None where they might change what it means."""
    if _MEANINGFUL.search(body) or set(_INCLUDE.findall(body)) - _OWN_INCLUDES:
        return None
    parts = _NUMBER.split(body)  # text, space, number, text, space, number, …, text
    if len(parts) == 1:
        return None
    numbers = tuple(map(float, parts[2::3]))
    if not all(map(math.isfinite, numbers)):
        return None
    texts = [before + space for before, space in zip(parts[:-1:3], parts[1::3], strict=True)]
    return Shape((*texts, parts[-1])), numbers


def shared_shapes(
    sources: Mapping[str, CircuitSource],
) -> dict[str, tuple[Shape, tuple[float, ...]]]:
    """Shape and numbers of those of the texts that are not alone in their shape, by name."""
    found = {
        name: shaped
        for name, source in sources.items()
        if source.format != "qpy" and (shaped := shape_of(source.body)) is not None
    }
    often = Counter(shape for shape, _ in found.values())
    # A shape is read twice, to be certain of it: two texts of their own cost as much.
    return {name: shaped for name, shaped in found.items() if often[shaped[0]] > 2}
