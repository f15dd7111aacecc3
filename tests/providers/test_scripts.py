"""Scripts of others' packages over durable primitives: killed, and run again.

Each is run where its package is installed; `.ci/provider NAME` makes an environment for one.
"""

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qbatch.api.database import verify

EXAMPLES = Path(__file__).parents[2] / "examples" / "programs"
SCRIPTS = {
    "qiskit-algorithms": ("qiskit_algorithms", "qiskit_algorithms_vqe.py", []),
    "mitiq": ("mitiq", "mitiq_zne.py", ["zne", "noisy"]),
    "divi": ("divi", "divi_vqe.py", []),
}
EXPECTED = {
    "qiskit-algorithms": ["energy -1.857275", "cut"],
    "mitiq": ["noisy", "mitigated"],
    "divi": ["energy -1."],
}


class Script:
    """A script with a database of its own."""

    def __init__(self, name, folder):
        module, file, self.arguments = SCRIPTS[name]
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
        folder.mkdir()
        self.file, self.db = EXAMPLES / file, folder / "q.db"
        noise = folder / "noise.json"
        noise.write_text(json.dumps(_noise()))
        config = folder / "config.toml"
        config.write_text(f'[backends.noisy]\ntype = "aer"\nnoise_model = "{noise}"\n')
        self.env = {**os.environ, "QBATCH_DB": str(self.db), "QBATCH_CONFIG": str(config)}

    def start(self):
        command = [sys.executable, str(self.file), *self.arguments]
        return subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, text=True)

    def finish(self):
        with self.start() as process:
            said, _ = process.communicate(timeout=300)
            assert process.returncode == 0
        return said

    def count(self, sql):
        if not self.db.exists():
            return 0
        connection = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchone()[0]
        except sqlite3.OperationalError:
            return 0
        finally:
            connection.close()


def _noise():
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.01, 2), ["cx"])
    return model.to_dict(serializable=True)


@pytest.mark.parametrize("name", SCRIPTS)
def test_killed_and_run_again_only_the_missing_calls_are_made(name, tmp_path):
    calm = Script(name, tmp_path / "calm")
    said = calm.finish()
    for words in EXPECTED[name]:
        assert words in said
    calls = calm.count("SELECT count(*) FROM steps")
    script = Script(name, tmp_path / "killed")
    with script.start() as process:
        while script.count("SELECT count(*) FROM steps") < calls // 2:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.001)
        process.kill()
    stored = script.count("SELECT count(*) FROM steps")
    assert 0 < stored <= calls
    if name == "qiskit-algorithms":  # the draws of the others have seeds of their own groups
        assert script.finish() == said
    again = script.finish()
    assert script.finish() == again
    assert script.count("SELECT count(*) FROM steps") == calls
    twice = (
        "SELECT count(*) FROM (SELECT job_id FROM attempts WHERE status = 'done'"
        " GROUP BY job_id HAVING count(*) > 1)"
    )
    assert script.count(twice) == 0
    lost = "SELECT count(DISTINCT batch_id) FROM attempts WHERE status != 'done'"
    assert script.count(lost) <= 1  # the batch that was under way
    assert verify(script.db) == []
