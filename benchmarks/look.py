"""What is wrong with a picture of qbatch's, told from its SVG: ``python -m benchmarks.look FILE…``.

It knows nothing of how the picture was made: it reads the elements that a browser shows. Letters
have at least 8 points and a contrast of 4.5:1 to white, marks and lines one of 3:1 (WCAG 2.2, 1.4.3
and 1.4.11); both axes say what they show, with a unit unless it has none; what was measured has
error bars; several series have a legend, which lies over none of them.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
_SMALLEST = 8.0  # points, of which the SVG's units are
_UNIT = re.compile(r"\([^()]+\)$")  # "theta (rad)", and "P(00)" which has none
# Numbers and shares of something, which have no unit.
_PURE = re.compile(
    r"^(P\(.+\)|expectation value|share of shots|outcome|round|best value so far|.* rate)$"
)


def faults(text: str, *, exact: bool = False) -> list[str]:
    """What is wrong with a picture, a line each; nothing where all is well.

    Args:
        exact: its values have no errors to draw.
    """
    root = Xml.fromstring(text)
    parents = {child: parent for parent in root.iter() for child in parent}
    letters = [
        element for element in root.iter(f"{SVG}text") if "".join(element.itertext()).strip()
    ]
    is_map = _has_scale(root)
    found = [*_letters(letters), *_axes(root), *([] if is_map else _marks(root, parents))]
    series = [group for group in root.iter(f"{SVG}g") if group.get("id", "").startswith("tips-")]
    if not series:
        found.append("there is nothing on it")
    legends = [group for group in root.iter(f"{SVG}g") if _is(group, "legend")]
    keys = {group for legend in legends for group in legend.iter()}
    bars = [
        group
        for group in root.iter(f"{SVG}g")
        if _is(group, "LineCollection") and group not in keys
    ]
    if not (exact or is_map or any(_has_length(group) for group in bars)):
        found.append("it has no error bars")
    lines = [group for group in series if group.get("id", "").count("-") == 1]
    if len(lines) > 1 and not is_map and not legends:
        found.append(f"{len(lines)} series have no legend")
    return [*found, *_over(legends, lines)]


def _is(group: Xml.Element, kind: str) -> bool:
    return group.get("id", "").startswith(f"{kind}_")


def _style(element: Xml.Element, name: str) -> str | None:
    found = re.search(rf"(?:^|; ?|\s){name}: ?([^;]+)", element.get("style", ""))
    return found[1].strip() if found else element.get(name)


def _letters(letters: list[Xml.Element]) -> Iterator[str]:
    if not letters:
        yield "it has no letters"
    for element in letters:
        said = "".join(element.itertext()).strip()
        size = re.search(r"([\d.]+)px", element.get("style", ""))
        if size is None or float(size[1]) < _SMALLEST:
            yield f"{said!r} has letters of {size[1] if size else 'no known number of'} points"
        colour = _style(element, "fill") or "#000000"
        if contrast(colour) < 4.5:
            yield f"{said!r} is {colour}, too pale for letters"


def _axes(root: Xml.Element) -> Iterator[str]:
    """Whether what an axis shows is said, and its unit."""
    axes = [group for group in root.iter(f"{SVG}g") if _is(group, "matplotlib.axis")]
    for number, axis in enumerate(axes):
        label = [
            "".join(text.itertext()).strip()
            for group in axis
            if _is(group, "text")
            for text in group.iter(f"{SVG}text")
            if "".join(text.itertext()).strip()
        ]
        ticks = [group for group in axis if _is(group, "xtick") or _is(group, "ytick")]
        if not ticks and (label or number < 2):
            yield f"axis {number + 1} has no ticks"
        if not label and number < 2:
            yield f"axis {number + 1} does not say what it shows"
        for said in label:
            if not (_PURE.match(said) or _UNIT.search(said)):
                yield f"axis {said!r} has no unit"


def _marks(root: Xml.Element, parents: dict[Xml.Element, Xml.Element]) -> Iterator[str]:
    """Whether marks, lines and bars stand out from the page; a heat map's colours are values."""
    seen = set()
    for element in root.iter():
        group: Xml.Element | None = element
        while group is not None and not group.get("id", "").startswith(("tips-", "LineCollection")):
            group = parents.get(group)
        if group is None:
            continue
        for name in ("fill", "stroke"):
            colour = _style(element, name)
            if colour is not None and colour.startswith("#"):
                seen.add(colour)
    for colour in sorted(seen):
        if contrast(colour) < 3:
            yield f"{colour} is too pale for a line or a mark"


def _has_scale(root: Xml.Element) -> bool:
    """Whether it is a heat map: a bar of colours has ticks along one of its sides alone."""
    for group in root.iter(f"{SVG}g"):
        if _is(group, "axes"):
            axes = [child for child in group if _is(child, "matplotlib.axis")]
            ticks = [
                any(_is(tick, "xtick") or _is(tick, "ytick") for tick in axis) for axis in axes
            ]
            if ticks == [False, True]:
                return True
    return False


def _has_length(group: Xml.Element) -> bool:
    """Whether one of its strokes is longer than nothing."""
    for path in group.iter(f"{SVG}path"):
        ys = [float(y) for _, y in _places(path)]
        if ys and max(ys) - min(ys) > 0.05:
            return True
    return False


def _places(path: Xml.Element) -> list[tuple[str, str]]:
    return re.findall(r"[ML] (-?[\d.]+) (-?[\d.]+)", path.get("d", ""))


def _over(legends: list[Xml.Element], series: list[Xml.Element]) -> Iterator[str]:
    """Whether a mark lies where a legend's entries do."""
    for legend in legends:
        ys = [float(text.get("y", "nan")) for text in legend.iter(f"{SVG}text")]
        xs = [float(text.get("x", "nan")) for text in legend.iter(f"{SVG}text")]
        for group in series:
            for mark in group.iter(f"{SVG}use"):
                x, y = float(mark.get("x", "nan")), float(mark.get("y", "nan"))
                if min(ys) - 9 <= y <= max(ys) + 3 and min(xs) - 30 <= x:
                    yield f"a point of {group.get('id')} lies where the legend is"
                    break


def contrast(colour: str, page: str = "#ffffff") -> float:
    """WCAG 2.2's, of two ``#rrggbb``."""
    shades = [[int(own[i : i + 2], 16) / 255 for i in (1, 3, 5)] for own in (colour, page)]
    low, high = sorted(map(luminance, shades))
    return (high + 0.05) / (low + 0.05)


def luminance(rgb: Sequence[float]) -> float:
    """WCAG 2.2's relative luminance of red, green and blue, each from 0 to 1."""
    parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def main() -> int:
    """Exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--exact", action="store_true")
    options = parser.parse_args()
    wrong = 0
    for file in options.files:
        for fault in faults(file.read_text("utf-8"), exact=options.exact):
            print(f"{file}: {fault}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
