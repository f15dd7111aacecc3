"""The picture of a run in the README: ``python -m benchmarks.terminal``.

The commands are run in a directory of their own, with a terminal of so many columns; what they
print becomes an SVG without anything from the network.
"""

import fcntl
import io
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

TOP = Path(__file__).parents[1]
COLUMNS = 92
_SIZE = ("TERM", "COLUMNS", "LINES")
COMMANDS = (
    "qbatch add scan examples/ansatz.qasm3 --param theta=0:pi:50 --param phi=0 --shots 2000",
    "qbatch plan scan",
    "qbatch run scan",
    "qbatch results scan/24-26",
    "qbatch plot scan --outcome 00",
)


def transcript(words: Sequence[str], place: Path, env: Mapping[str, str], columns: int) -> bytes:
    """All that a command writes to a terminal of 24 lines.

    Args:
        words: what follows ``qbatch``.
    """
    own, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    size = {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "24"}
    process = subprocess.Popen(
        [sys.executable, "-m", "qbatch", *words], cwd=place, env={**size, **env},
        stdin=its, stdout=its, stderr=its,
    )  # fmt: skip
    os.close(its)
    data = b""
    while True:
        try:
            part = os.read(own, 65536)
        except OSError:  # it has ended
            break
        if not part:
            break
        data += part
    os.close(own)
    assert process.wait() == 0, data
    return data


def printed(line: str, place: Path) -> str:
    """What a command writes, but for what it wipes out again."""
    own = {"QBATCH_DB": str(place / "q.db"), "XDG_CONFIG_HOME": str(place)}
    env = {name: text for name, text in os.environ.items() if name not in _SIZE}
    data = transcript(line.split()[1:], place, {**env, **own}, COLUMNS)
    lines = data.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(line.rpartition("\r")[2].rpartition("\x1b[2K")[2] for line in lines)


def main() -> None:
    """Draw it."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        shutil.copytree(TOP / "examples", place / "examples")
        for line in COMMANDS:
            console.print(Text("$ ", style="bold green") + Text(line, style="bold"))
            console.print(Text.from_ansi(printed(line, place).rstrip("\n")))
            console.print()
    form = CONSOLE_SVG_FORMAT
    while "@font-face" in form:  # its fonts would come from the network
        begin = form.index("@font-face")
        form = form[:begin] + form[form.index("}}", begin) + 2 :]
    svg = console.export_svg(title="qbatch", code_format=form, unique_id="run")
    (TOP / "docs" / "pictures" / "run.svg").write_text(svg + "\n")


if __name__ == "__main__":
    main()
