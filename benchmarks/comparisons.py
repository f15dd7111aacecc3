"""The benchmarks: each a function that measures, checks, and gives the rows of its table."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks import inputs, timing
from benchmarks.adding_alone import TEXT
from benchmarks.of_programs import programs
from benchmarks.rows import PEERS, Row, Settings, figure, has, printed, ratios
from benchmarks.timing import Side

SHOTS = "1000"
FORMS = ("jsonl", "csv", "parquet", "npz")


def _peer(script: str, name: str, source: Path, *more: str, pairs: int | None = None) -> Side:
    return Side(
        name,
        lambda place: [
            [
                sys.executable,
                str(PEERS / script),
                str(source),
                str(place / "out.json"),
                SHOTS,
                *more,
            ]
        ],
        lambda place: json.loads((place / "out.json").read_text()),
        pairs=pairs,
    )


def _qbatch(*add: str, asks: tuple[str, ...] = ("--shots", SHOTS)) -> Side:
    return Side(
        "qbatch add, run, results",
        lambda place: [
            [*timing.qbatch("--db", str(place / "q.db"), "add", "g"), *add, *asks, "-q"],
            timing.qbatch("--db", str(place / "q.db"), "run", "g", "-q"),
            timing.qbatch("--db", str(place / "q.db"), "results", "g", "-o", "out.json"),
        ],
        lambda place: timing.results_of_qbatch(place / "out.json"),
    )


def _qbatch_at_once(source: Path) -> Side:
    return Side(
        "qbatch run --add, results",
        lambda place: [
            [
                *timing.qbatch("--db", str(place / "q.db"), "run", "g", "--add", str(source)),
                *("--shots", SHOTS, "-q"),
            ],
            timing.qbatch("--db", str(place / "q.db"), "results", "g", "-o", "out.json"),
        ],
        lambda place: timing.results_of_qbatch(place / "out.json"),
    )


def sweep(settings: Settings) -> list[Row]:
    """A sweep of 10,000 points of one parametrised 5-qubit circuit, 1000 shots."""
    source = inputs.sweep(settings.work / "input", settings.some(10_000))
    sides = [
        _qbatch(str(source / "ansatz.qasm3"), "--params", str(source / "points.csv")),
        _peer("aer_list.py", "Aer by hand", source),
        _peer("aer_binds.py", "Aer by hand, parameter_binds", source),
        _peer("aer_exact.py", "Aer by hand, the exact law", source),
        _peer("aer_sampler.py", "Aer by hand, SamplerV2", source),
        _peer("kernel_floor.py", "qbatch's kernel, nothing stored", source),
    ]
    if has("qulacs"):
        sides.append(_peer("qulacs_floor.py", "qulacs by hand, nothing read", source))
    goals = {"Aer by hand": "7", "Aer by hand, parameter_binds": "2.8"}
    return ratios(timing.in_turn(sides, settings.work, settings.pairs), goals)


def values(settings: Settings) -> list[Row]:
    """Exact values of two observables over 10,000 points of one 5-qubit circuit."""
    source = inputs.sweep(settings.work / "input", settings.some(10_000))
    asked = ("ZZIII", "XIIIX")
    add = [str(source / "ansatz.qasm3"), "--params", str(source / "points.csv")]
    estimator = [sys.executable, str(PEERS / "aer_estimator.py"), str(source), "out.json", *asked]
    words = (word for observable in asked for word in ("--observable", observable))
    sides = [
        replace(_qbatch(*add, asks=tuple(words)), counts=None),
        Side("Aer by hand, EstimatorV2", lambda _: [estimator]),
    ]
    found = timing.in_turn(sides, settings.work, settings.pairs)
    ours, theirs = (timing.place(settings.work, side, 0) / "out.json" for side in sides)
    timing.same_values(ours, theirs)
    return ratios(found, {})


def exports(settings: Settings) -> list[Row]:
    """1,000,000 jobs of three outcomes each as files and as a picture: CPU and memory."""
    commands = {
        **{form: ["results", "g", "-o", f"g.{form}"] for form in FORMS},
        "plot": ["plot", "g", "-o", "g.png"],
    }
    goals = {"jsonl": "15 s CPU, ", "csv": "25 s CPU, ", "parquet": "25 s CPU, "}
    return _over_many(settings, commands, goals)


def compared(settings: Settings) -> list[Row]:
    """1,000,000 jobs held against a baseline and against themselves: CPU and memory."""
    saved = str(settings.work / "g.json")
    commands = {
        "check --save": ["check", "g", "--save", saved],
        "check": ["check", "g", "--baseline", saved, "--junit", "g.xml"],
        "diff": ["diff", "g", "g"],
    }
    return _over_many(settings, commands, {})


def _over_many(
    settings: Settings, commands: Mapping[str, list[str]], goals: Mapping[str, str]
) -> list[Row]:
    """Each command once, over a million finished jobs."""
    db, jobs = settings.work / "q.db", settings.some(1_000_000)
    subprocess.run([sys.executable, "-m", "benchmarks.finished", str(db), str(jobs)], check=True)
    rows = []
    for name, command in commands.items():
        said = timing.qbatch("--db", str(db), *command)
        side = Side(name, lambda _, said=said: [said])
        (found,) = timing.in_turn([side], settings.work, 1)
        note = f"{found.memory_mb:.0f} MB at most"
        goal = f"{goals.get(name, '')}400 MB"
        rows.append(Row(f"{name} of {jobs} jobs", found, None, goal, note))
    return rows


def files(settings: Settings) -> list[Row]:
    """5,000 distinct 5-qubit circuits from files, layers of ry and cx, 1000 shots."""
    return _files(settings, inputs.same_shape, "2", "1")


def shapes(settings: Settings) -> list[Row]:
    """The same, and no two circuits of the same shape."""
    return _files(settings, inputs.any_shape, "3", "2")


def _files(
    settings: Settings, make: Callable[[Path, int], Path], goal: str, against_divi: str
) -> list[Row]:
    source = make(settings.work / "input", settings.some(5_000))
    sides = [
        _qbatch_at_once(source),
        _qbatch(str(source)),
        _peer("aer_list.py", "Aer by hand", source),
        _peer("kernel_floor.py", "qbatch's kernel, nothing stored", source),
    ]
    if has("divi", "maestro"):
        sides += [
            _peer("divi_merged.py", "Divi merged, Maestro", source, "maestro"),
            _peer("divi_merged.py", "Divi merged, Qiskit", source, "qiskit", pairs=1),
        ]
    goals = {"Aer by hand": goal, "Divi merged, Maestro": against_divi}
    return ratios(timing.in_turn(sides, settings.work, settings.pairs), goals)


def large(settings: Settings) -> list[Row]:
    """Three circuits of 25 qubits, 1000 shots."""
    qubits = 25 if settings.scale == 1 else 20
    source = inputs.same_shape(settings.work / "input", 3, qubits)
    sides = [_qbatch(str(source)), _peer("aer_list.py", "Aer by hand", source)]
    rows = timing.in_turn(sides, settings.work, settings.pairs)
    return ratios(rows, {"Aer by hand": "0.95"})


def engine(settings: Settings) -> list[Row]:
    """Engine and store over a backend that answers at once, durable."""
    script = Path(__file__).parent / "engine_alone.py"
    jobs = settings.some(20_000)
    ours = [printed(script, str(jobs), settings.work) for _ in range(settings.pairs)]
    rows = [figure("µs a job, qbatch", ours, "35")]
    if has("divi"):
        theirs = [
            printed(PEERS / "divi_coordinator.py", str(settings.some(2_000)), settings.work)
            for _ in range(settings.pairs)
        ]
        rows.append(figure("µs a program, Divi's coordinator, nothing stored", theirs, ""))
    return rows


def adding(settings: Settings) -> list[Row]:
    """Adding the jobs of a sweep, and Perceval's JobGroup."""
    script = Path(__file__).parent / "adding_alone.py"
    rows = []
    for jobs in (1_000, 10_000, 100_000, 1_000_000):
        number = settings.some(jobs)
        repeats = settings.pairs if jobs < 1_000_000 else 2
        rates = [printed(script, str(number), settings.work) for _ in range(repeats)]
        rows.append(figure(f"jobs/s, {number} jobs", rates, "100,000"))
    if has("perceval"):
        number = settings.some(1_000)
        name = f"bench-{time.time_ns()}"
        for action in ("add", "load"):
            command = [sys.executable, str(PEERS / "perceval_group.py"), action]
            seconds, _ = timing.run([*command, name, str(number)], {}, settings.work)
            rows.append(Row(f"s, Perceval JobGroup, {action} {number} jobs", None, seconds, ""))
    return rows


def startup(settings: Settings) -> list[Row]:
    """Commands that only look, on a store of 1,000,000 jobs, and a bare process with Typer."""
    db, jobs = settings.work / "q.db", settings.some(1_000_000)
    fill = [sys.executable, "-m", "benchmarks.fill", str(db), str(jobs)]
    subprocess.run(fill, check=True)

    def side(name: str, command: list[str], **env: str) -> Side:
        return Side(name, lambda _: [command], env=env)

    sides = [
        side("python that imports typer", [sys.executable, "-c", "import typer"]),
        side("qbatch status", timing.qbatch("--db", str(db), "status")),
        side("qbatch --help", timing.qbatch("--help")),
        side(
            "a completion", timing.qbatch("status", ""), _QBATCH_COMPLETE="bash", QBATCH_DB=str(db)
        ),
    ]
    timings = timing.in_turn(sides, settings.work, 4 * settings.pairs)
    goals = {"qbatch status": "2", "qbatch --help": "2", "a completion": "1"}
    return ratios(timings, {name: f"at most {goal}" for name, goal in goals.items()})


def memory(settings: Settings) -> list[Row]:
    """A run over 1,000,000 jobs, over a backend that answers at once."""
    command = [sys.executable, "-m", "benchmarks.memory_alone", str(settings.some(1_000_000))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [Row("MB at most", None, float(done.stdout.split()[-1]), "400")]


def remote(settings: Settings) -> list[Row]:
    """1,000 jobs over a loopback service that takes 100 ms a request."""
    from qbatch import JobGroup
    from qbatch.testing import FakeServer

    rows = []
    jobs = settings.some(1_000)
    for batching, ideal in (("merged", 3), ("off", 3 * settings.some(20))):
        with FakeServer(latency=0.1) as server:
            config = settings.work / f"{batching}.toml"
            config.write_text(server.configuration(lookup_seconds=0))
            group = JobGroup("g", db=settings.work / f"{batching}.db", config=config)
            number = jobs if batching == "merged" else ideal // 3
            angles = [i / number for i in range(number)]
            group.add(TEXT, parameters={"a": angles}, shots=100)
            started = time.perf_counter()
            report = group.run_parallel(backend="fake", merge=batching == "merged")
            seconds = time.perf_counter() - started
            assert report.done == number
            requests = server.audit()["requests"]
        note = f"{seconds:.1f} s, {requests} requests, at least {ideal}"
        goal = "1.2" if batching == "merged" else ""
        rows.append(
            Row(f"round trips, {number} jobs, {batching}", None, requests / ideal, goal, note)
        )
    return rows


def compiling(settings: Settings) -> list[Row]:
    """5,000 circuits of 5 to 10 qubits compiled for 27 in a heavy hex, on both cores."""
    source = inputs.to_compile(settings.work / "input", settings.some(5_000))
    edges = [list(e) for a, b in inputs.HEAVY_HEX for e in ((a, b), (b, a))]
    gates = {"basis_gates": ["rz", "sx", "x", "cx"], "coupling_map": edges}
    device = settings.work / "device.json"
    device.write_text(json.dumps(gates))
    rows: list[Row] = []
    for level in (2, 3):
        config = settings.work / f"level{level}.toml"
        target = ", ".join(f"{name} = {json.dumps(value)}" for name, value in gates.items())
        config.write_text(
            f'[backends.device]\ntype = "aer"\ncompile = {{ level = {level}, {target} }}\n'
        )
        sides = [_compiled(source, config, level), _transpiled(source, device, level)]
        timings = timing.in_turn(sides, settings.work, settings.pairs)
        rows += ratios(timings, {sides[1].name: "1.5"})
    return rows


def _compiled(source: Path, config: Path, level: int) -> Side:
    def commands(place: Path) -> list[list[str]]:
        qbatch = timing.qbatch("--db", str(place / "q.db"), "--config", str(config))
        return [
            [*qbatch, "add", "g", str(source), "-q"],
            [*qbatch, "compile", "g", "--for", "device", "-q"],
        ]

    return Side(f"qbatch add, compile, level {level}", commands)


def _transpiled(source: Path, device: Path, level: int) -> Side:
    script = str(PEERS / "transpile_list.py")
    return Side(
        f"one call of transpile, level {level}",
        lambda place: [
            [sys.executable, script, str(source), str(place / "out.qpy"), str(level), str(device)]
        ],
        env={"RAYON_NUM_THREADS": "1"},  # "without its own parallelism"
    )


BENCHMARKS: dict[str, Callable[[Settings], list[Row]]] = {
    "sweep": sweep,
    "values": values,
    "files": files,
    "shapes": shapes,
    "large": large,
    "engine": engine,
    "programs": programs,
    "adding": adding,
    "startup": startup,
    "memory": memory,
    "exports": exports,
    "compared": compared,
    "remote": remote,
    "compiling": compiling,
}
