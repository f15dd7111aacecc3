"""The documentation's code blocks and the command line, run in processes of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[1]
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def run_section(file, heading, place):
    """Write a section's files and run its commands there; what each printed, by its line."""
    text = (TOP / "docs" / file).read_text("utf-8").split(f"\n## {heading}\n")[1]
    said = {}
    for language, body in _BLOCK.findall(text.split("\n## ")[0]):
        if language == "python":
            name = re.match(r"# (\S+\.py)\n", body)
            assert name is not None, body
            (place / name[1]).write_text(body)
        elif language == "sh":
            for line in body.splitlines():
                said[line.partition("  #")[0].strip()] = _run(line, place)
    return said


def programs(place):
    """A directory with the commands ``qbatch`` and ``python`` that are tried."""
    directory = place / "bin"
    directory.mkdir(exist_ok=True)
    for name, command in (("qbatch", "-m qbatch"), ("python", "")):
        script = directory / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore {command} "$@"\n')
        script.chmod(0o755)
    return directory


def _run(line, place):
    empty = place / "none.toml"
    empty.touch()
    environment = {
        **os.environ,
        "PATH": f"{programs(place)}:{os.environ['PATH']}",
        "QBATCH_DB": str(place / "q.db"),
        "QBATCH_CONFIG": str(empty),
    }
    done = subprocess.run(
        ["/bin/bash", "-c", line], cwd=place, env=environment, text=True, check=False,
        capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout


def without(packages, db, config, *words):
    """Run a command, and make sure that it imports none of some packages."""
    script = (
        "import sys; from qbatch.__main__ import main\n"
        f"sys.argv = ['qbatch', '--db', {str(db)!r}, '--config', {str(config)!r}, *{words!r}]\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end\n"
        f"assert not set({list(packages)!r}) & sys.modules.keys()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
