"""Whether one version is slower than another: ``python -m benchmarks.versions OTHER_PYTHON``.

Both are installed, each in an environment of its own; whole commands take turns. Of each row
the ratio of this version's time to the other's is told with its 95 % interval (Student's t
of the logarithms): a row is slower where all of the interval is above 1.05.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scipy import stats

from benchmarks import inputs
from benchmarks.timing import run
from benchmarks.truth.texts import qasm2_text, qasm3_text

_SLOWER = 1.05


@dataclass(frozen=True)
class Row:
    """Commands of one row: those of ``before`` are not timed."""

    name: str
    commands: Sequence[Sequence[str]]
    before: Sequence[Sequence[str]] = ()
    more: Mapping[str, str] = field(default_factory=dict)  # of the environment


def rows(place: Path, scale: float) -> list[Row]:
    """What is timed."""
    import random

    def number(most: int) -> int:
        return max(3, round(most * scale))

    sweep = inputs.sweep(place / "sweep", number(10_000))
    same = inputs.same_shape(place / "same", number(2000))
    wide = inputs.same_shape(place / "wide", number(30), 14)
    distinct = inputs.any_shape(place / "distinct", number(2000))
    three = inputs.same_shape(place / "three", 3)
    rng = random.Random(5)
    dynamic = _texts(place / "dynamic", number(400), lambda: _forced(rng))
    own = _texts(place / "own", number(1000), lambda: qasm2_text(rng, dynamic=0))
    modern = _texts(place / "modern", number(300), lambda: qasm3_text(rng, inputs=0))
    noise = _noise(place)
    ansatz = ["g", str(sweep / "ansatz.qasm3"), "--params", str(sweep / "points.csv")]
    point = ["g", str(sweep / "ansatz.qasm3"), *(f"--param=t{i}=0.{i + 1}" for i in range(5))]
    one = str(three / "000000.qasm")
    execute = ["run", "g", "-q"]
    skip = "--skip-invalid"
    noisily = ["--config", noise, *execute, "--backend", "noisy"]
    return [
        Row("add, three plain files", [["add", "g", str(three)]]),
        Row("run --add, one file", [["run", "g", "--add", one]]),
        Row("status", [["status"]], [["add", "g", one]]),
        Row("TAB", [["status", ""]], [["add", "g", one]], {"_QBATCH_COMPLETE": "bash"}),
        Row("--help", [["--help"]]),
        Row("run --help", [["run", "--help"]]),
        Row("add, 2,000 files of one shape", [["add", "g", str(same)]]),
        Row("add, 2,000 distinct files", [["add", "g", str(distinct)]]),
        Row("sweep of 10,000 points", [["add", *ansatz], execute]),
        Row("2,000 files of one shape", [["add", "g", str(same)], execute]),
        Row("2,000 distinct files", [["add", "g", str(distinct)], execute]),
        Row("30 files of 14 qubits", [["add", "g", str(wide)], execute]),
        Row("1,000 files with gates of their own", [["add", "g", str(own), skip], execute]),
        Row("300 files of OpenQASM 3", [["add", "g", str(modern), skip], execute]),
        Row("400 dynamic files", [["add", "g", str(dynamic), skip], execute]),
        Row("exact values of 10,000 points",
            [["add", *ansatz, "--observable", "ZZIII + 0.5*IXXII"], execute]),
        Row("estimates of one point",
            [["add", *point, "--observable", "ZZIII + 0.5*IXXII", "--shots", "1000"], execute]),
        Row("noisy sweep of rotations (10,000 points, 10 shots)",
            [["add", *ansatz, "--shots", "10"], noisily]),
        Row("results as JSON", [["results", "g", "-o", "out.json"]], [["add", *ansatz], execute]),
        Row("check", [["check", "g", "--baseline", "b.json"]],
            [["add", *ansatz], execute, ["check", "g", "--save", "b.json"]]),
    ]  # fmt: skip


def _texts(folder: Path, number: int, make: Callable[[], str]) -> Path:
    folder.mkdir(parents=True)
    for index in range(number):
        text = make()
        ending = "qasm3" if "stdgates" in text else "qasm"
        (folder / f"{index:05}.{ending}").write_text(text)
    return folder


def _forced(rng: object) -> str:
    while True:
        text = qasm2_text(rng, dynamic=0.4)  # type: ignore[arg-type]
        if "if (" in text or "reset" in text:
            return text


def _noise(place: Path) -> str:
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.01, 1), ["ry"])
    file = place / "noise.json"
    file.write_text(json.dumps(model.to_dict(serializable=True)))
    config = place / "config.toml"
    config.write_text(f'[backends.noisy]\ntype = "aer"\nnoise_model = "{file}"\n')
    return str(config)


_FORMERLY = {("check", "g", "--save", "b.json"): ["baseline", "g", "-o", "b.json"]}
"""Commands that an older version has under another name."""


def _prepare(python: str, command: list[str], env: dict[str, str], place: Path) -> None:
    try:
        run([python, "-m", "qbatch", *command], env, place)
    except Exception:
        if tuple(command) not in _FORMERLY:
            raise
        run([python, "-m", "qbatch", *_FORMERLY[tuple(command)]], env, place)


def time_once(python: str, row: Row) -> float:
    """Seconds of a row's commands in a fresh data directory."""
    with tempfile.TemporaryDirectory() as place:
        env = {"QBATCH_DB": f"{place}/x.db", "XDG_CONFIG_HOME": place, "PYTHONPATH": ""}
        for command in row.before:
            _prepare(python, command, env, Path(place))
        commands = ([python, "-m", "qbatch", *command] for command in row.commands)
        env |= row.more
        return sum(run(command, env, Path(place))[0] for command in commands)


def main() -> int:
    """Time all rows; exit code 1 where one is slower."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", help="The other environment's python.")
    parser.add_argument("rows", nargs="*", help="Only rows with one of these words in the name.")
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    slower = 0
    with tempfile.TemporaryDirectory() as place:
        for row in rows(Path(place), options.scale):
            if options.rows and not any(word in row.name for word in options.rows):
                continue
            sides = (sys.executable, options.other)
            for python in sides:  # once each, so that files are in the cache
                time_once(python, row)
            taken: tuple[list[float], list[float]] = ([], [])
            for turn in range(options.turns):
                for side in (0, 1) if turn % 2 else (1, 0):
                    taken[side].append(time_once(sides[side], row))
            logs = [math.log(a / b) for a, b in zip(*taken, strict=True)]
            mean = statistics.fmean(logs)
            reach = stats.t.ppf(0.975, len(logs) - 1) * statistics.stdev(logs) / len(logs) ** 0.5
            low, high = math.exp(mean - reach), math.exp(mean + reach)
            slow = low > _SLOWER
            slower += slow
            this, other = (statistics.median(side) for side in taken)
            print(
                f"| {row.name} | {this:.2f} s | {other:.2f} s | × {math.exp(mean):.2f}"
                f" ({low:.2f}-{high:.2f}){' SLOWER' if slow else ''} |",
                flush=True,
            )
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
