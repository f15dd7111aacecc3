"""The studies of docs/gallery.md, as they stand: ``python -m benchmarks.gallery -o PICTURES``.

Each is run in a directory of its own with the files of ``examples``; its picture is copied, and
drawn once more as SVG, which `benchmarks.look` reads. One whose package is not here is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import look

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs" / "gallery.md"
NEEDS = {
    "Hong-Ou-Mandel": "perceval",
    "A pulse sweep": "pulser_simulation",
    "A surface code": "stim",
}
# Whose values are computed without shots: there is no error to draw.
EXACT = ("An energy landscape", "QAOA", "VQE")
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_MOST_COMMANDS = 5


class Study(NamedTuple):
    """A section of the gallery: its files by name, its commands, and its picture."""

    name: str
    files: dict[str, str]
    commands: list[str]
    picture: str

    @property
    def is_possible(self) -> bool:
        """Whether its package is here."""
        module = NEEDS.get(self.name)
        return module is None or importlib.util.find_spec(module) is not None


def studies() -> Iterator[Study]:
    """Those of the page."""
    for section in PAGE.read_text("utf-8").split("\n## ")[1:]:
        files, commands = dict[str, str](), list[str]()
        for language, body in _BLOCK.findall(section):
            if language == "python":
                files[body.splitlines()[0].removeprefix("# ")] = body
            elif language == "sh":
                commands += body.splitlines()
        (picture,) = re.findall(r"\]\(pictures/(\S+)\)", section)
        yield Study(section.splitlines()[0], files, commands, picture)


def _introduction() -> str:
    """What the page says before its first study."""
    return PAGE.read_text("utf-8").split("\n## ")[0]


def run(study: Study, place: Path) -> dict[str, str]:
    """What each of its commands printed.

    Raises:
        AssertionError: one failed, or there are too many.
    """
    assert len(study.commands) <= _MOST_COMMANDS, study.name
    shutil.copytree(TOP / "examples", place, dirs_exist_ok=True)
    for name, body in study.files.items():
        (place / name).write_text(body)
    (script,) = [body for language, body in _BLOCK.findall(_introduction()) if language == "python"]
    subprocess.run([sys.executable, "-c", script], cwd=place, check=True)
    (table,) = [body for language, body in _BLOCK.findall(_introduction()) if language == "toml"]
    config = place / "config.toml"
    config.write_text(table)
    programs = place / "bin"
    programs.mkdir()
    for name, words in (("qbatch", "-m qbatch"), ("python", "")):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore {words} "$@"\n')
        script.chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{programs}:{os.environ['PATH']}",
        "QBATCH_DB": str(place / "q.db"), "QBATCH_CONFIG": str(config),
    }  # fmt: skip
    said = {}
    for line in study.commands:
        done = subprocess.run(
            ["/bin/bash", "-c", line], cwd=place, env=environment, text=True, check=False,
            capture_output=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, (study.name, line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, (study.name, line, done.stderr)
        said[line] = done.stdout
    assert (place / study.picture).stat().st_size > 5_000, study.name
    _look_at(study, place, environment)
    return said


def _look_at(study: Study, place: Path, environment: dict[str, str]) -> None:
    """Draw its picture as SVG, and see that nothing is wrong with it.

    Raises:
        AssertionError: something is.
    """
    drawing = place / study.picture.replace(".png", ".svg")
    (line,) = [line for line in study.commands if study.picture in line]
    again = line.replace(study.picture, drawing.name)
    subprocess.run(
        ["/bin/bash", "-c", again], cwd=place, env=environment, check=True, capture_output=True
    )
    wrong = look.faults(drawing.read_text("utf-8"), exact=study.name in EXACT)
    assert not wrong, (study.name, wrong)


def main() -> int:
    """Run them all; exit code 1 where one was left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", "-o", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    left_out = 0
    for study in studies():
        if options.names and study.name not in options.names:
            continue
        if not study.is_possible:
            print(f"{study.name}: left out, {NEEDS[study.name]} is not here")
            left_out += 1
            continue
        with tempfile.TemporaryDirectory() as name:
            place = Path(name) / "study"
            place.mkdir()
            run(study, place)
            if options.output is not None:
                options.output.mkdir(parents=True, exist_ok=True)
                shutil.copy(place / study.picture, options.output)
        print(f"{study.name}: {len(study.commands)} commands, {study.picture}", flush=True)
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
