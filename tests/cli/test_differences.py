"""What is said below a table of differences."""

from types import SimpleNamespace
from typing import Any

import pytest

from qbatch.cli import differences
from qbatch.cli.differences import Seen


def pair(**comparison: Any) -> Any:
    base = {"tvd": None, "delta": None, "exact": False, "p_value": None}
    sample = SimpleNamespace()
    return SimpleNamespace(
        first=sample, second=sample, comparison=SimpleNamespace(**{**base, **comparison})
    )


@pytest.fixture
def nothing_differs(monkeypatch):
    monkeypatch.setattr(differences, "told", lambda _: [])


@pytest.mark.parametrize(
    ("number", "comparison", "said"),
    [
        (1, {"tvd": 0.1, "p_value": 5e-4}, "more than noise"),
        (1, {"tvd": 0.1, "p_value": 0.2}, "only noise"),
        (4000, {"tvd": 0.1, "p_value": 5e-4}, "only noise"),  # one of so many may be so rare
        (4000, {"tvd": 0.1, "p_value": 1e-7}, "only noise"),
        (4000, {"tvd": 0.1, "p_value": 1e-8}, "more than noise"),
        (1, {"exact": True, "delta": 1e-12}, "only noise"),
        (1, {"exact": True, "delta": 1e-3}, "more than noise"),
    ],
)
def test_when_noise_is_a_reason(nothing_differs, capsys, number, comparison, said):
    if comparison.get("p_value") == 1e-7:
        comparison = {**comparison, "p_value": 3e-7}
    seen = Seen(number)
    assert seen.note(pair(**comparison))
    seen.tell({"first": "a", "second": "b"})
    assert f"{said}" in capsys.readouterr().out


def test_who_has_no_counterpart(capsys):
    seen = Seen(2)
    alone: Any = SimpleNamespace(first=None, second=SimpleNamespace(), comparison=None)
    unfinished: Any = SimpleNamespace(first=1, second=1, comparison=None)
    assert not seen.note(alone)
    assert not seen.note(unfinished)
    seen.tell({"first": "a", "second": "b"})
    told = capsys.readouterr().err
    assert "only in b: 1 job" in told
    assert "without a result on one side: 1 job" in told
