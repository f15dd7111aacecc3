"""The short form of ``python -m benchmarks.fuzz``."""

import subprocess
import sys
from pathlib import Path


def test_mutated_input_is_taken_or_refused(tmp_path):
    # In a process of its own: a parser in Rust may print what no Python code can catch.
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fuzz", "--cases", "200", "--seed", "7"],
        cwd=Path(__file__).parents[2],
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout
    assert "wrong           0" in done.stdout
