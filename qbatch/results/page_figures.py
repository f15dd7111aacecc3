"""Pictures inside an HTML page: their points show their job on hover, their colours are the page's.

Each is there twice, for a wide place and for a narrow one, where the same letters are as large.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from xml.etree import ElementTree as Xml

from qbatch.results import figures
from qbatch.results.figure_style import MANY_CELLS, MANY_POINTS, TIPS
from qbatch.results.figures import Timeline
from qbatch.results.plot_data import (
    Cloud,
    Grid,
    HeatMap,
    Histograms,
    Line,
    LinePlot,
    Picture,
    printable,
)

_WIDE, _NARROW = 6.0, 3.6  # inches
_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_FONT = re.compile(r"font-family:[^;]*;?|(?<=px) '[^;]*")
_NEAR = "6"  # units around a point that count as on it

Tips = Sequence[tuple[str, int | None]]
"""What each point of a group says, and the number of its job where it is of one."""


def inline(
    shown: Picture | Timeline, note: str = "", linked: Collection[int] | None = None
) -> dict[str, object]:
    """What the page's template needs of a picture: two SVG elements, and what is said of them.

    Args:
        linked: the numbers of the jobs that the page has a row of; None: of all.

    Texts in the elements are escaped: they are XML.

    Raises:
        UsageError: matplotlib is not installed.
    """
    shown = shown if isinstance(shown, Timeline) else printable(shown)
    tips = {} if isinstance(shown, Timeline) else dict(_tips(shown))
    if linked is not None:
        tips = {
            group: [(text, number if number in linked else None) for text, number in said]
            for group, said in tips.items()
        }
    return {
        "wide": _page_element(figures.page_svg(shown, _WIDE), _alt(shown), tips),
        "narrow": _page_element(figures.page_svg(shown, _NARROW), _alt(shown), tips),
        "note": ". ".join(filter(None, (note, _unnamed(shown)))),
    }


def _alt(shown: Picture | Timeline) -> str:
    if isinstance(shown, Timeline):
        return f"When each of {len(shown.spans)} batches was under way"
    if isinstance(shown, Histograms):
        return f"Histograms of {len(shown.panels)} jobs"
    if isinstance(shown, HeatMap):
        labels = ", ".join(panel.label for panel in shown.panels)
        return f"{labels} over {shown.x_label} and {shown.y_label}"
    return f"{shown.y_label} against {shown.x_label}"


def _unnamed(shown: Picture | Timeline) -> str:
    """Where there are too many points for each to be an element of its own."""
    many = False
    if isinstance(shown, LinePlot):
        many = any(len(line.x) > MANY_POINTS for line in shown.lines)
    elif isinstance(shown, HeatMap):
        many = any(_num_places(panel) > MANY_CELLS for panel in shown.panels)
    return "Too many points for each to show its job" if many else ""


def _num_places(panel: Grid | Cloud) -> int:
    """How many cells, with or without a value, or points."""
    return len(panel.z) if isinstance(panel, Cloud) else len(panel.x) * len(panel.y)


# -- what points say ----------------------------------------------------------------


def _tips(shown: Picture) -> Iterator[tuple[str, Tips]]:
    """By group of points what each of them says."""
    if isinstance(shown, Histograms):
        for number, panel in enumerate(shown.panels):
            bars = zip(panel.outcomes, panel.shares, panel.errors, strict=True)
            for place, (outcome, share, error) in enumerate(bars):
                said = f"{panel.title}: {outcome} {_value(share, error)}"
                yield f"{TIPS}{number}-{place}", [(said, None)]
    elif isinstance(shown, LinePlot):
        for number, line in enumerate(shown.lines):
            yield f"{TIPS}{number}", list(_of_line(shown, line))
    else:
        for number, plane in enumerate(shown.panels):
            if isinstance(plane, Cloud):
                yield f"{TIPS}{number}", list(_of_cloud(shown, plane))
            else:
                yield f"{TIPS}{number}", list(_of_grid(shown, plane))


def _of_line(shown: LinePlot, line: Line) -> Iterator[tuple[str, int | None]]:
    errors = line.errors or [0.0] * len(line.x)
    jobs: Sequence[tuple[int, int] | None] = line.jobs or [None] * len(line.x)
    for x, y, error, job in zip(line.x, line.y, errors, jobs, strict=True):
        said = f"{shown.x_label} = {x:.6g}, {line.label or shown.y_label}: {_value(y, error)}"
        yield _told(job, said)


def _of_cloud(shown: HeatMap, plane: Cloud) -> Iterator[tuple[str, int | None]]:
    jobs: Sequence[tuple[int, int] | None] = plane.jobs or [None] * len(plane.x)
    for x, y, z, job in zip(plane.x, plane.y, plane.z, jobs, strict=True):
        yield _told(job, _at(shown, x, y, plane.label, z))


def _of_grid(shown: HeatMap, plane: Grid) -> Iterator[tuple[str, int | None]]:
    for row, y in enumerate(plane.y):
        for column, x in enumerate(plane.x):
            job = plane.jobs[row][column] if plane.jobs else None
            z = plane.z[row][column]
            yield ("", None) if z != z else _told(job, _at(shown, x, y, plane.label, z))


def _at(shown: HeatMap, x: float, y: float, label: str, z: float) -> str:
    return f"{shown.x_label} = {x:.6g}, {shown.y_label} = {y:.6g}, {label}: {z:.6g}"


def _value(value: float, error: float) -> str:
    return f"{value:.6g} ± {error:.2g}" if error else f"{value:.6g}"


def _told(job: tuple[int, int] | None, said: str) -> tuple[str, int | None]:
    if job is None:
        return said, None
    number, of = job
    more = f" and {of - 1} more" if of > 1 else ""
    return f"job {number}{more}: {said}", number


# -- an image as an element of the page -----------------------------------------------


def _page_element(image: bytes, alt: str, tips: Mapping[str, Tips]) -> str:
    """An SVG image as an element: no size, fonts or ids that would not be the page's."""
    Xml.register_namespace("", _SVG)
    root = Xml.fromstring(image)  # noqa: S314 - what matplotlib made of our own picture
    view = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update({"viewBox": view, "role": "img", "aria-label": alt})
    for child in list(root):
        if child.tag == f"{{{_SVG}}}metadata" or child.find(f"{{{_SVG}}}style") is not None:
            root.remove(child)
    for group in list(root.iter(f"{{{_SVG}}}g")):
        said = tips.get(group.get("id", ""))
        if said is not None:
            _tell(group, said)
    _make_its_own(root, f"f{zlib.crc32(image):08x}-")
    return Xml.tostring(root, encoding="unicode")


def _tell(group: Xml.Element, said: Tips) -> None:
    """Give each mark of a group what it says, and a link to its job."""
    marks = [
        (parent, child)
        for parent in group.iter()
        if parent.tag != f"{{{_SVG}}}defs"
        for child in parent
        if child.tag == f"{{{_SVG}}}use" or (child.tag == f"{{{_SVG}}}path" and _is_filled(child))
    ]
    if len(marks) != len(said):
        return  # one image of many, or none
    for (parent, mark), (text, number) in zip(marks, said, strict=True):
        if not text:
            continue
        place = list(parent).index(mark)
        parent.remove(mark)
        parent.insert(place, _point(mark, text, number))


def _is_filled(path: Xml.Element) -> bool:
    """Whether a path is a cell or a bar, also one without a value; not a line."""
    return "clip-path" in path.attrib and "stroke-linecap" not in path.get("style", "")


def _point(mark: Xml.Element, text: str, number: int | None) -> Xml.Element:
    point = Xml.Element(f"{{{_SVG}}}{'g' if number is None else 'a'}", {"class": "point"})
    if number is not None:
        point.attrib |= {"href": f"#job-{number}", "tabindex": "-1"}
    Xml.SubElement(point, f"{{{_SVG}}}title").text = text
    point.append(mark)
    if mark.tag == f"{{{_SVG}}}use":  # a small mark is easier to hit
        around = {"cx": mark.get("x", "0"), "cy": mark.get("y", "0"), "r": _NEAR}
        Xml.SubElement(point, f"{{{_SVG}}}circle", {**around, "class": "near"})
    return point


def _make_its_own(root: Xml.Element, key: str) -> None:
    """Ids that no other picture of the page has, its letters and lines in the page's colour."""
    for element in root.iter():
        if (link := element.attrib.pop(_LINK, None)) is not None:
            element.set("href", link.replace("#", f"#{key}") if link.startswith("#") else link)
        if (clip := element.get("clip-path")) is not None:
            element.set("clip-path", clip.replace("#", f"#{key}"))
        if (own := element.get("id")) is not None:
            element.set("id", key + own)
        if (style := element.get("style")) is not None:
            style = _FONT.sub("", style).replace("font: ", "font-size: ")
            element.set("style", style.replace("#000000", "currentColor"))
