"""The benchmarks of programs: how long they take, beside Divi's and beside a straggler."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks import timing
from benchmarks.rows import PEERS, Row, Settings, figure, has, printed, ratios
from benchmarks.timing import Side

ROUNDS, DIVI_ROUNDS = 30, "13"
"""Evaluations of a program, and the iterations in which Divi comes to as many circuits."""


def programs(settings: Settings) -> list[Row]:
    """50 VQE programs of 30 evaluations each: five qubits, ten parameters, COBYLA, exact values."""
    number = settings.some(50)
    source = settings.work / "vqe.py"
    source.write_text((PEERS / "vqe.py").read_text())
    added = timing.qbatch(
        *("--db", str(settings.work / "q.db"), "add", "g", f"{source}:solve", "--seed", "7"),
        *("--param", f"r=0.5:2.5:{number}", "--arg", f"evaluations={ROUNDS}", "-q"),
    )
    subprocess.run(added, check=True)

    def run(place: Path) -> list[list[str]]:
        shutil.copy(settings.work / "q.db", place / "q.db")
        return [timing.qbatch("--db", str(place / "q.db"), "run", "g", "-q")]

    def peer(kind: str, pairs: int | None = None) -> Side:
        command = [sys.executable, str(PEERS / "divi_programs.py"), str(number), DIVI_ROUNDS, kind]
        return Side(f"Divi, {kind}", lambda _: [command], pairs=pairs)

    sides = [Side("qbatch run", run), Side("qbatch add", lambda place: [_again(added, place)])]
    if has("divi", "maestro"):
        sides += [peer("maestro"), peer("qiskit")]
    rows = ratios(
        timing.in_turn(sides, settings.work, settings.pairs),
        {"Divi, maestro": "1", "Divi, qiskit": "5"},
    )
    return [*rows, *_rounds(settings), *_stragglers(settings)]


def _again(command: list[str], place: Path) -> list[str]:
    """The same command on a database of its own."""
    where = command.index("--db") + 1
    return [*command[:where], str(place / "q.db"), *command[where + 1 :]]


def _rounds(settings: Settings) -> list[Row]:
    """What a round takes beyond simulation and user code, of 50 programs and of 1,000."""
    script, rows = Path(__file__).parent / "programs_alone.py", []
    for number, rounds, goal in ((50, 100, "10"), (settings.some(1_000), 30, "")):
        side = Side(
            f"{number} programs of {rounds} rounds, answered at once",
            lambda _, number=number, rounds=rounds: [
                [sys.executable, str(script), str(number), str(rounds)]
            ],
        )
        (memory,) = timing.in_turn([side], settings.work, 1)
        figures = [
            printed(script, f"{number} {rounds}", settings.work) for _ in range(settings.pairs)
        ]
        row = figure(f"ms a round of {number} programs", figures, goal)
        rows.append(replace(row, note=f"{row.note}; {memory.memory_mb:.0f} MB at most"))
    return rows


def _stragglers(settings: Settings) -> list[Row]:
    """Eight programs, one of which computes half a second a round: what the others lose."""
    script = Path(__file__).parent / "straggler_alone.py"
    rows = []
    for way in ("computes", "sleeps"):
        figures = [printed(script, way, settings.work) for _ in range(settings.pairs)]
        what = f"of their time without it, the others beside one that {way}"
        rows.append(Row(what, None, statistics.median(figures), "1.2 at most", f"{figures}"))
    return rows
