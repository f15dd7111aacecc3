"""Where a program's code is, and what is kept of it."""

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from qbatch.domain.programs import Source
from qbatch.errors import NotFound, UsageError
from qbatch.programs import source


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("vqe.py:solve", True),
        ("dir/vqe.py:solve", True),
        ("package.module:solve", True),
        ("builtin:vqe", True),
        ("bell.qasm", False),
        ("vqe.py", False),
        ("vqe.py:", False),
        ("a b:c", False),
        ("C:\\x.qasm", False),
        ("-", False),
    ],
)
def test_references_are_told_from_files(text, named):
    assert source.is_reference(text) is named


def test_a_file_of_that_very_name_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:b").write_text("")
    assert not source.is_reference("a:b")


def test_a_file_is_found_where_it_lies(tmp_path, monkeypatch):
    (tmp_path / "vqe.py").write_text("def solve(ctx): return 1")
    monkeypatch.chdir(tmp_path)
    assert source.absolute("vqe.py:solve") == ("vqe.py:solve", str(tmp_path))
    assert source.absolute("builtin:vqe") == ("builtin:vqe", "")
    with pytest.raises(NotFound, match=r"none\.py"):
        source.absolute("none.py:solve")
    with pytest.raises(UsageError, match="names no program"):
        source.absolute("nonsense")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A program with a module beside it."""
    (tmp_path / "own_helper_module.py").write_text("FACTOR = 2")
    (tmp_path / "own_program_module.py").write_text(
        "import own_helper_module\ndef solve(ctx, a, b=1): return own_helper_module.FACTOR\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("own_helper_module", "own_program_module"):
        sys.modules.pop(name, None)


def test_a_program_is_loaded_with_the_modules_beside_it(own):
    function = source.load("own_program_module.py:solve", str(own))
    assert function(None, 1) == 2
    found = source.read(str(own), source.files_of(function, str(own)))
    assert set(found.files) == {"own_helper_module.py", "own_program_module.py"}
    assert source.current(found) == found


def test_a_change_of_any_file_is_seen(own):
    function = source.load("own_program_module.py:solve", str(own))
    before = source.read(str(own), source.files_of(function, str(own)))
    (own / "own_helper_module.py").write_text("FACTOR = 3")
    now = source.current(before)
    assert now is not None
    assert now != before
    said = source.difference(before, now)
    assert "-FACTOR = 2" in said
    assert "+FACTOR = 3" in said
    (own / "own_helper_module.py").unlink()
    assert source.current(before) is None


def test_arguments_are_held_against_the_function(own):
    function = source.load("own_program_module.py:solve", str(own))
    source.check_arguments(function, "x", {"a": 1})
    for wrong in ({}, {"a": 1, "c": 2}):
        with pytest.raises(UsageError, match="cannot be called"):
            source.check_arguments(function, "x", wrong)


@pytest.mark.parametrize(
    "reference",
    ["own_program_module.py:none", "no.such.module:f", "builtin:none", "own_program_module:f.g"],
)
def test_what_is_not_there_is_told(own, reference):
    with pytest.raises(UsageError):
        source.load(reference, str(own))


def test_a_module_by_name_and_a_built_in():
    import json

    assert source.load("json:dumps", "") is json.dumps
    assert source.load("builtin:rb", "").__module__ == "qbatch.programs.builtin.rb"


def test_two_files_of_one_name_are_two_modules(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    for folder, number in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same_named_program.py").write_text(f"def f(ctx): return {number}")
    found = [
        source.load("same_named_program.py:f", str(tmp_path / folder))(None)
        for folder in ("one", "two")
    ]
    assert found == [1, 2]


def test_a_text_is_unpacked_in_its_place_and_nowhere_else(tmp_path):
    source.unpack(Source(directory="", files={"a/b.py": "x = 1"}), tmp_path)
    assert (tmp_path / "a" / "b.py").read_text() == "x = 1"
    with pytest.raises(UsageError, match="outside"):
        source.unpack(Source(directory="", files={"../c.py": "x"}), tmp_path / "a")


def test_what_came_in_an_archive_lies_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("x = 1")
    assert source.current(Source(directory="", files={"a.py": "x = 1"})) is None


def test_the_environment_names_what_numbers_depend_on():
    found = source.environment()
    assert {"python", "numpy", "qiskit"} <= found.keys()


def test_what_is_imported_when_it_is_called_counts_too(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_lazy_module.py").write_text(
        "import json\ndef solve(ctx):\n    import own_late_module\n    from own_late import deep\n"
    )
    (tmp_path / "own_late_module.py").write_text("from own_late.inner import thing")
    (tmp_path / "own_late").mkdir()
    for name in ("__init__", "inner", "deep"):
        (tmp_path / "own_late" / f"{name}.py").write_text("from . import inner; thing = 1")
    (tmp_path / "not_imported.py").write_text("")
    function = source.load("own_lazy_module.py:solve", str(tmp_path))
    files = source.read(str(tmp_path), source.files_of(function, str(tmp_path))).files
    assert sorted(files) == [
        "own_late/__init__.py", "own_late/deep.py", "own_late/inner.py", "own_late_module.py",
        "own_lazy_module.py",
    ]  # fmt: skip
    sys.modules.pop("own_lazy_module")


def test_the_standard_library_is_not_the_users_own():
    import json

    directory = str(Path(json.__file__).parents[1])
    assert source.files_of(json.dumps, directory) == []


def test_a_file_that_lay_elsewhere_is_not_written(tmp_path):
    text = Source(directory="", files={"/elsewhere/x.py": "1", "in.py": "2"})
    source.unpack(text, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["in.py"]


def test_what_was_once_compiled_is_not_taken_for_the_text(tmp_path):
    """Texts of one length, changed within a second, as Python's own cache tells them apart."""
    script = (
        "import sys\n"
        "from qbatch.programs import source\n"
        f"found = source.load('main.py:solve', {str(tmp_path)!r})\n"
        "print(found(None))\n"
    )
    (tmp_path / "package").mkdir()
    files = ("main.py", "beside.py", "package/inner.py")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def written(value):
        (tmp_path / "main.py").write_text(
            "import beside\nfrom package import inner\n"
            f"A = {value}\ndef solve(ctx): return A, beside.A, inner.A\n"
        )
        for name in files[1:]:
            (tmp_path / name).write_text(f"A = {value}\n")
        for name in files:
            os.utime(tmp_path / name, (1_000_000_000, 1_000_000_000))

    written(1)
    for name in files:
        py_compile.compile(str(tmp_path / name), doraise=True)
    written(2)
    plain = subprocess.run(
        [sys.executable, "-c", "import main; print(main.solve(None))"], cwd=tmp_path,
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert plain.stdout == "(1, 1, 1)\n"  # what Python makes of it
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "(2, 2, 2)\n"
