"""Work that is named."""

import pickle
import subprocess
import sys
from functools import partial

import pytest

from qbatch.execution import by_name

MODULE = "qbatch.backends.aer.worker"


def test_a_module_runs_a_batch(monkeypatch):
    import qbatch.backends.aer.worker as worker

    monkeypatch.setattr(worker, "timed_run", lambda batch, options: ([batch], options))
    work = pickle.loads(pickle.dumps(partial(by_name.run, MODULE)))
    assert work("batch", 2.0) == (["batch"], 2.0)


def test_it_is_imported_with_the_call():
    script = (
        "import sys; from qbatch.execution import by_name\n"
        f"assert {MODULE!r} not in sys.modules and 'numpy' not in sys.modules\n"
        f"by_name.load({MODULE!r}); assert {MODULE!r} in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_module_that_is_not_there_is_an_error():
    with pytest.raises(ImportError):
        by_name.load("qbatch.nowhere")
