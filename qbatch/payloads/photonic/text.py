"""Perceval's texts, as far as they can be read without the package.

A text is ``:PCVL:KIND:BODY``, or ``:PCVL:zip:`` and the same in zlib and base64. States, counts and
distributions are plain in it; experiments are Perceval's own.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import zlib
from collections import Counter
from collections.abc import Mapping

MARK = ":PCVL:"
_ZIP = ":PCVL:zip:"
_MOST_BYTES = 1 << 28
STATE = re.compile(r"\|\d+(?:,\d+)*>")


def plain(text: str) -> str:
    """A text that is not compressed.

    Raises:
        ValueError: it is none of Perceval's.
    """
    text = text.strip().strip('"')
    if not text.startswith(MARK):
        raise ValueError("a text of Perceval's begins with :PCVL:")
    if not text.startswith(_ZIP):
        return text
    try:
        packed = base64.b64decode(text.removeprefix(_ZIP), validate=True)
        unpacker = zlib.decompressobj()
        found = unpacker.decompress(packed, _MOST_BYTES)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"a text of Perceval's that is damaged: {error}") from None
    if not unpacker.eof:
        raise ValueError("a text of Perceval's that is cut off, or absurdly large")
    return plain(found.decode())


def state(text: str) -> str:
    """A Fock state as a text of Perceval's."""
    return f"{MARK}BasicState:{text}"


def counts(text: str) -> dict[str, int]:
    """Counts, or samples, which are counted.

    Raises:
        ValueError: it holds something else.
    """
    kind, body = _parts(text)
    if kind == "BSCount":
        return {name: int(number) for name, number in _pairs(body)}
    if kind != "BSSamples":
        raise ValueError(f"{kind} where counts were asked for")
    names, _, places = body.partition("/")
    states = names.split(";") if names else []
    found = Counter(states[int(place)] for place in places.split(";") if place)
    return {_checked(name): number for name, number in found.items()}


def probabilities(text: str) -> dict[str, float]:
    """A distribution.

    Raises:
        ValueError: it holds something else.
    """
    kind, body = _parts(text)
    if kind != "BSDistribution":
        raise ValueError(f"{kind} where a distribution was asked for")
    found = {name: float(number) for name, number in _pairs(body)}
    if not all(map(math.isfinite, found.values())):
        raise ValueError("a probability that is no number")
    return found


def is_distribution(text: str) -> bool:
    """Whether a text holds one."""
    return _parts(text)[0] == "BSDistribution"


def performances(found: Mapping[str, object]) -> dict[str, float]:
    """Of an answer: the shares of shots that passed the filters, by name."""
    return {
        name: float(value)
        for name, value in found.items()
        if name.endswith("_perf") and isinstance(value, int | float)
    }


def _parts(text: str) -> tuple[str, str]:
    kind, _, body = plain(text).removeprefix(MARK).partition(":")
    return kind, body


def _pairs(body: str) -> list[tuple[str, str]]:
    if not (body.startswith("{") and body.endswith("}")):
        raise ValueError("states and numbers are not in braces")
    pairs = [entry.rpartition("=") for entry in body[1:-1].split(";") if entry]
    return [(_checked(name), number) for name, _, number in pairs]


def _checked(name: str) -> str:
    if not STATE.fullmatch(name):
        raise ValueError(f"the state {name[:60]!r}")
    return name
