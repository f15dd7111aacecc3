"""The picture of a run in the README: ``python docs/pictures/make_terminal.py``.

The commands are run in a directory of their own, with a terminal of so many columns; what they
print becomes an SVG without anything from the network.
"""

import io
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

TOP = Path(__file__).parents[2]
COLUMNS = 92
COMMANDS = (
    "qbatch add scan examples/ansatz.qasm3 --param theta=0:pi:50 --param phi=0 --shots 2000",
    "qbatch plan scan",
    "qbatch run scan",
    "qbatch results scan/24-26",
    "qbatch plot scan --outcome 00",
)


def printed(line: str, place: Path) -> str:
    """What a command writes to a terminal, but for what it wipes out again."""
    own, its = pty.openpty()
    subprocess.run(["stty", "rows", "24", "cols", str(COLUMNS)], stdin=its, check=True)
    environment = {
        **os.environ, "QBATCH_DB": str(place / "q.db"), "XDG_CONFIG_HOME": str(place),
        "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "24",
    }  # fmt: skip
    words = [sys.executable, "-m", "qbatch", *line.split()[1:]]
    process = subprocess.Popen(words, cwd=place, env=environment, stdout=its, stderr=its, stdin=its)
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
    assert process.wait() == 0, data
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
    Path(__file__).with_name("run.svg").write_text(svg + "\n")


if __name__ == "__main__":
    main()
