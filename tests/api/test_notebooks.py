"""What notebooks show of groups and results."""

import pytest

from qbatch import JobGroup
from qbatch.domain.html import table

from ..conftest import ANSATZ, BELL


@pytest.fixture
def group(db):
    with JobGroup("a <b>", db=db) as found:
        found.add(BELL, shots=10, name="<script>")
        found.run()
        yield found


def test_a_table_is_escaped():
    found = table("<i>", ["a&b"], [["<x>", None], [1, 2.5]])
    assert "<i>" not in found
    assert "&lt;x&gt;" in found
    assert "<td></td>" in found
    assert found.count("<tr>") == 3


def test_a_group_shows_how_its_jobs_stand(group):
    found = group._repr_html_()
    assert "a &lt;b&gt;: 1 jobs, open" in found
    assert "<th>done</th>" in found
    assert "<td>1</td>" in found
    assert "unsent" not in found


def test_results_show_the_first(group):
    found = group.results()._repr_html_()
    assert "&lt;script&gt;" in found
    assert "<script>" not in found
    assert "the first" not in found
    group.add(ANSATZ, parameters={"theta": [0.01 * n for n in range(30)], "phi": 0.0}, shots=5)
    found = group.results()._repr_html_()
    assert "the first 20" in found
    assert found.count("<tr>") == 21
    assert "theta=0.01" in found


def test_a_plan_shows_what_goes_where(group):
    group.add(BELL, shots=30)
    found = group.plan()._repr_html_()
    assert "1 jobs to send" in found
    assert "<td>aer</td><td>1</td><td>1</td><td>1</td><td>30</td>" in found
