"""Whether the code of programs may run."""

import pytest

from qbatch import JobGroup, UsageError
from qbatch.api.program_code import checked


@pytest.fixture
def group(db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("def solve(ctx): return 1\n")
    with JobGroup("g", db=db) as group:
        group.add_program("own.py:solve")
        yield group


def check(group, *, changes=False, code=False):
    checked(group._stored.store, group.programs(), changes=changes, code=code)()


def test_code_that_is_what_it_was_may_run(group):
    check(group)


def test_changed_code_is_shown_and_refused(group, tmp_path):
    (tmp_path / "own.py").write_text("def solve(ctx): return 2\n")
    with pytest.raises(UsageError, match=r"(?s)-def solve\(ctx\): return 1.*return 2") as told:
        check(group)
    assert "--accept-changes" in (told.value.hint or "")
    check(group, changes=True)
    check(group)  # it is accepted now


def test_a_long_change_is_cut(group, tmp_path):
    (tmp_path / "own.py").write_text("def solve(ctx): return 1\n" + "x = 1\n" * 500)
    with pytest.raises(UsageError, match="more lines"):
        check(group)


def test_foreign_code_is_refused_until_it_is_accepted(group):
    store = group._stored.store
    store.database.execute("UPDATE programs SET accepted = 0")
    with pytest.raises(UsageError, match="its code is foreign") as told:
        check(group)
    assert "--source" in (told.value.hint or "")
    check(group, code=True)
    check(group)
