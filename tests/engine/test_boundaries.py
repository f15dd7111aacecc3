"""The short form of ``python -m benchmarks.boundaries``: every sixth boundary."""

import subprocess
import sys
from pathlib import Path


def test_a_process_that_ends_at_a_boundary_loses_nothing():
    # In a process of its own: it puts what it watches in the place of the real.
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.boundaries", "--every", "6", "--share", "1"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "wrong                               0" in done.stdout
