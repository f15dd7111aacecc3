"""``python -m benchmarks [NAME …]``: qbatch and its peers on the same work, in one run."""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.comparisons import BENCHMARKS
from benchmarks.rows import Row, Settings, has
from benchmarks.timing import WrongResult, machine


def main() -> int:
    """Run them, print a table each, and say by the exit code whether results agreed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--pairs", type=int, default=5, help="repetitions, taking turns")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the work: a quick look")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(
            f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    if not has("divi", "maestro", "perceval"):
        print(
            "Divi or Perceval are missing: pip install -e '.[bench]' installs them\n",
            file=sys.stderr,
        )
    print(", ".join(f"{name} {value}" for name, value in machine().items()), flush=True)
    found, wrong = {}, 0
    for name in options.names or BENCHMARKS:
        measure = BENCHMARKS[name]
        print(f"\n{name}: {(measure.__doc__ or '').splitlines()[0]}", flush=True)
        with tempfile.TemporaryDirectory() as work:
            try:
                rows = measure(Settings(Path(work), options.pairs, options.scale))
            except WrongResult as error:
                print(f"  WRONG: {error}")
                wrong += 1
                continue
        print_table(rows)
        found[name] = [dataclasses.asdict(row) for row in rows]
    if options.json:
        document = {"machine": machine(), "scale": options.scale, "benchmarks": found}
        Path(options.json).write_text(json.dumps(document, indent=1))
    return 1 if wrong else 0


def print_table(rows: list[Row]) -> None:
    """A line a row; ratios are the median of the turns' ratios."""
    for row in rows:
        cells = [f"  {row.what:<52}"]
        if row.seconds is not None:
            times = row.seconds.seconds
            cells.append(f"{row.seconds.median:8.2f} s ({min(times):.2f}-{max(times):.2f})")
            cells.append(f"{statistics.median(row.seconds.cpu):6.2f} s CPU")
        if row.ratio is not None:
            cells.append(f"{'×' if row.seconds else ''}{row.ratio:,.2f}")
        if row.to_reach:
            cells.append(f"[to reach {row.to_reach}]")
        print("  ".join([*cells, row.note]).rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
