"""A bar in notebooks: in a real kernel, as Jupyter would run the cells."""

import re

import pytest

from qbatch.api import progress
from qbatch.engine.report import RunState

from ..conftest import ANSATZ

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """The outputs of a notebook's cells: a run, tracking it, the group itself."""
    place = tmp_path_factory.mktemp("notebook")
    sources = [
        "from qbatch import JobGroup\n"
        f"group = JobGroup('scan', db={str(place / 'q.db')!r})\n"
        f"group.add({ANSATZ!r}, parameters={{'theta': [0.1 * n for n in range(40)], 'phi': 0.0}})\n"
        "report = group.run_parallel()",
        "group.track_progress()",
        "group",
        "report = group.run_parallel()",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QBATCH_CONFIG", str(place / "none.toml"))
        (place / "none.toml").touch()
        patch.setenv("IPYTHONDIR", str(place))
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        nbclient.NotebookClient(
            book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(place)}}
        ).execute()
    return [cell.outputs for cell in book.cells]


def html(outputs):
    return [o["data"]["text/html"] for o in outputs if "text/html" in o.get("data", {})]


def test_a_run_has_one_bar_that_ends_full(cells):
    (shown,) = html(cells[0])
    assert re.match(r'<progress style="width: 24em" max="40" value="40"></progress> 40/40 jobs in '
                    r"[\d.]+ s, 1 batch$", shown)  # fmt: skip
    assert [o for o in cells[0] if o["output_type"] == "stream"] == []


def test_tracking_shows_how_the_jobs_stand(cells):
    shown = html(cells[1])[0]
    assert 'max="40" value="40"' in shown


def test_a_group_is_a_table(cells):
    assert "scan: 40 jobs" in html(cells[2])[0]


def test_nothing_to_do_shows_no_bar(cells):
    assert cells[3] == []


def test_here_is_no_notebook():
    assert not progress.in_notebook()


def test_an_open_end_has_no_length():
    bar = progress.NotebookBar()
    bar._state = RunState(total=3, done=1, programs=2, programs_ended=0)
    assert "max=" not in bar._html()
    bar._state = RunState(compiled=2, to_compile=5)
    assert 'max="5" value="2"' in bar._html()
    assert "2/5 circuits" in bar._html()
