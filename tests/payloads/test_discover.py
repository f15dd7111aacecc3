"""Files that a path stands for."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from qbatch.domain.payloads import Payload
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.discover import find_files, load_file

from ..conftest import BELL


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.qasm", "a.QASM", "deep/c.qpy", "deep/notes.txt", "[1].qasm"):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(BELL)
    (tmp_path / "dir.qasm").mkdir()
    return tmp_path


def test_a_directory_is_searched_below_for_known_endings(tree):
    names = [name.removeprefix(f"{tree}/") for name in find_files([str(tree)])]
    assert names == ["[1].qasm", "a.QASM", "b.qasm", "deep/c.qpy"]


def test_each_file_once_in_the_order_given(tree):
    assert find_files(["b.qasm", "*.qasm", "-", "b.qasm"]) == ["b.qasm", "[1].qasm", "-"]


def test_a_file_that_exists_is_no_pattern(tree):
    assert find_files(["[1].qasm"]) == ["[1].qasm"]
    assert find_files(["**/c.*"]) == ["deep/c.qpy"]


@pytest.mark.parametrize("path", ["gone.qasm", "*.gone"])
def test_what_is_not_there_is_an_error_with_the_usual_reason(tree, path):
    with pytest.raises(UsageError, match="no such file or directory") as error:
        find_files([path])
    assert "takes the group's name, then files" in str(error.value.hint)


def test_the_directory_itself_is_no_part_of_the_names(tree, monkeypatch):
    (tree / "..qasm").write_text(BELL)
    (tree / ".qasm").write_text(BELL)
    monkeypatch.chdir(tree)
    inside = find_files(["."])
    assert inside == sorted(
        str(path) for path in Path().rglob("*") if path.suffix.lower() in (".qasm", ".qpy")
        and path.is_file()
    )  # fmt: skip
    assert find_files([".", *inside]) == find_files([*inside, "./"]) == inside
    assert find_files(["deep"]) == find_files(["deep/"]) == ["deep/c.qpy"]


def test_a_directory_without_circuits_says_what_is_looked_for(tree):
    with pytest.raises(UsageError, match="no circuit files") as error:
        find_files(["dir.qasm"])
    assert ".qasm" in str(error.value.hint)


def test_a_file_is_its_payloads_or_what_is_wrong_with_it(tree):
    (bell,) = load_file("b.qasm")
    assert isinstance(bell, Payload)
    assert bell.name == "b"
    (tree / "bad.qasm").write_text("OPENQASM 2.0; qreg q[")
    (wrong,) = load_file("bad.qasm")
    assert isinstance(wrong, InvalidCircuit)
    assert "bad.qasm" in str(wrong)
    (gone,) = load_file("gone.qasm")
    assert str(gone) == "gone.qasm: No such file or directory"


def test_standard_input_is_a_file_without_a_name(monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO(BELL.encode()))
    monkeypatch.setattr("qbatch.payloads.discover.sys.stdin", stdin)
    (bell,) = load_file("-")
    assert isinstance(bell, Payload)
    assert bell.origin == "stdin"


def test_numbers_in_names_are_in_their_order(tmp_path):
    names = ["c10", "c9", "c1", "p=0.012", "p=0.003", "p=0.1", "b", "c09"]
    for name in names:
        (tmp_path / f"{name}.qasm").write_text("x")
    found = [Path(file).stem for file in find_files([str(tmp_path)])]
    assert found == ["b", "c1", "c09", "c9", "c10", "p=0.003", "p=0.012", "p=0.1"]
    assert [Path(file).stem for file in find_files([str(tmp_path / "c*.qasm")])] == [
        "c1", "c09", "c9", "c10"
    ]  # fmt: skip
