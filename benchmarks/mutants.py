"""Small faults put into engine, store and rules, and how many of them the rooms' own tests kill.

``python -m benchmarks.mutants --seed 1 --count 100``: places are drawn by the seed, one mutation
of cosmic-ray's each; what cannot change anything that runs (annotations) is never drawn, and what
was looked at and found to be equivalent is in `EQUIVALENT`, with the reason. Each mutant lives in
a copy of the tree; the tests of its room run on it until the first one fails.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

TOP = Path(__file__).parents[1]
ROOMS = ("engine", "rules", "store")
_PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
_LONGEST = 240  # seconds: a mutant that hangs is seen, too

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "qbatch/store/database.py",
        "self.path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=256",
        "core/NumberReplacer",
    ): "a cache of one statement more or less only takes other time",
    (
        "qbatch/store/queries.py",
        "with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:",
        "core/NumberReplacer",
    ): "a second more or less of patience",
    (
        "qbatch/store/resolving.py",
        "(state, remote_id, action is Resolution.ADOPT, time.time(), batch_id),",
        "core/ReplaceComparisonOperator_Is_LtE",
    ): "of the words of Resolution none stands before adopt",
    (
        "qbatch/engine/backend_queue.py",
        "cancelled_at: float = 0.0",
        "core/NumberReplacer",
    ): "it is read only where cancelled_for is set, and both are set together",
}
"""By file, source line and operator: why no test could tell."""

_SAME = (
    # Members of enums and None are each one object: to be it is to equal it.
    "core/ReplaceComparisonOperator_Is_Eq",
    "core/ReplaceComparisonOperator_IsNot_NotEq",
)


class Mutant(NamedTuple):
    """A place and what is done there."""

    file: str
    line: int
    operator: str
    occurrence: int
    text: str

    @property
    def room(self) -> str:
        """The room that it is in."""
        return Path(self.file).parts[1]


def mutants(file: Path) -> Iterator[Mutant]:
    """Every mutant of a file but those that change nothing that runs."""
    source = file.read_text("utf-8")
    lines, dead = source.splitlines(), _dead_lines(source)
    tree = get_ast(source)
    for name in sorted(plugins.operator_names()):
        operator = plugins.get_operator(name)
        if getattr(operator, "arguments", lambda: ())():
            continue
        occurrence = 0
        for node in ast_nodes(tree):
            for (line, column), _ in operator().mutation_positions(node):
                if (line, column) not in dead:
                    text = lines[line - 1].strip()
                    yield Mutant(str(file.relative_to(TOP)), line, name, occurrence, text)
                occurrence += 1


class _Dead(set[tuple[int, int]]):
    """Places in annotations, which are never evaluated, and in blocks for type checkers."""

    def __init__(self, nodes: list[ast.expr | ast.stmt]) -> None:
        self._spans = [
            ((n.lineno, n.col_offset), (n.end_lineno or 0, n.end_col_offset or 0)) for n in nodes
        ]

    def __contains__(self, place: object) -> bool:
        return any(start <= place <= end for start, end in self._spans)  # type: ignore[operator]


def _dead_lines(source: str) -> _Dead:
    found: list[ast.expr | ast.stmt] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]
            found += [a.annotation for a in arguments if a.annotation is not None]
            found += [node.returns] if node.returns is not None else []
        elif isinstance(node, ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found.append(node)
    return _Dead(found)


def drawn(seed: int, count: int) -> list[Mutant]:
    """Mutants of as many places, drawn by a seed: first the place, then what is done there."""
    places: dict[tuple[str, int], list[Mutant]] = {}
    for room in ROOMS:
        for file in sorted((TOP / "qbatch" / room).glob("*.py")):
            for mutant in mutants(file):
                places.setdefault((mutant.file, mutant.line), []).append(mutant)
    chance = random.Random(seed)
    chosen: list[Mutant] = []
    for place in chance.sample(sorted(places), len(places)):
        mutant = chance.choice(places[place])
        if (mutant.file, mutant.text, mutant.operator) in EQUIVALENT:
            print(f"left out: {mutant.file}:{mutant.line} {mutant.operator}")
        elif mutant.operator not in _SAME and _is_python(mutant):
            chosen.append(mutant)
        if len(chosen) == count:
            break
    return chosen


def _is_python(mutant: Mutant) -> bool:
    """Whether it is a program at all: one that is not would be killed by nothing but its parser."""
    try:
        compile(_changed(mutant, (TOP / mutant.file).read_text("utf-8")), mutant.file, "exec")
    except SyntaxError:
        return False
    return True


def _changed(mutant: Mutant, source: str) -> str:
    operator = plugins.get_operator(mutant.operator)()
    return mutate_code(source, operator, mutant.occurrence) or source


def survives(mutant: Mutant, tree: Path) -> bool:
    """Whether the tests of its room pass on a mutant, in a tree of its own."""
    place = tree / mutant.file
    before = place.read_text("utf-8")
    place.write_text(_changed(mutant, before), "utf-8")
    tests = tree / "tests" / mutant.room
    beside = sorted(tests.glob(f"test_{place.stem}*.py"))
    try:  # those beside the module first: they are the quickest to tell
        return all(_pass(tree, chosen) for chosen in (beside, [tests]) if chosen)
    finally:
        place.write_text(before, "utf-8")


def _pass(tree: Path, tests: list[Path]) -> bool:
    try:
        done = subprocess.run(
            [*_PYTEST, *map(str, tests)],
            cwd=tree, capture_output=True, timeout=_LONGEST, check=False,
            # what the tests start is of this tree, wherever it is started
            env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> int:
    """Draw, run, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--trees", type=int, default=2)
    wanted = parser.parse_args()
    chosen = drawn(wanted.seed, wanted.count)
    started, ended = time.monotonic(), Counter[tuple[str, bool]]()
    with tempfile.TemporaryDirectory() as folder:
        trees: Queue[Path] = Queue()
        for number in range(wanted.trees):
            tree = Path(folder) / str(number)
            shutil.copytree(TOP, tree, ignore=shutil.ignore_patterns(".git", "__pycache__"))
            trees.put(tree)

        def tried(mutant: Mutant) -> tuple[Mutant, bool]:
            tree = trees.get()
            try:
                return mutant, survives(mutant, tree)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(wanted.trees) as pool:
            for mutant, survived in pool.map(tried, chosen):
                ended[mutant.room, survived] += 1
                if survived:
                    where = f"{mutant.file}:{mutant.line}"
                    print(f"survives: {where} {mutant.operator} {mutant.text}", flush=True)
    killed = sum(number for (_, survived), number in ended.items() if not survived)
    for room in ROOMS:
        print(f"{room}: {ended[room, False]} of {ended[room, False] + ended[room, True]} killed")
    share, seconds = killed / max(1, len(chosen)), time.monotonic() - started
    print(f"{killed} of {len(chosen)} killed ({share:.0%}) in {seconds:.0f} s, seed {wanted.seed}")
    return 0 if share >= 0.85 else 1


if __name__ == "__main__":
    sys.exit(main())
