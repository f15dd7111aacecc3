"""The documentation's threshold, as it stands there."""

import json
import subprocess
import sys

import pytest

from tests.blocks import run_section

pytest.importorskip("pymatching")


def test_more_distance_helps_below_the_threshold_and_harms_above(tmp_path):
    run_section("photons_pulses_codes.md", "A threshold", tmp_path)
    assert (tmp_path / "threshold.png").stat().st_size > 10_000
    told = subprocess.run(
        [sys.executable, "-m", "qbatch", "--db", str(tmp_path / "q.db"), "results", "code",
         "--format", "json"], text=True, capture_output=True, check=True,
    ).stdout  # fmt: skip
    rates = {
        (int(job["tags"]["d"]), float(job["tags"]["p"])): job["counts"].get("1", 0) / 20_000
        for job in json.loads(told)["results"]
    }
    assert len(rates) == 12
    assert rates[7, 0.003] < rates[5, 0.003] < rates[3, 0.003]
    assert rates[3, 0.012] < rates[5, 0.012] < rates[7, 0.012]
