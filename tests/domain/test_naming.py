"""Names that a group can have."""

import shlex

import pytest

from qbatch.domain.naming import MAX_NAME, check_name, check_new_name, shell_quote
from qbatch.errors import UsageError


@pytest.mark.parametrize("name", ["g", "naïve group", "x" * MAX_NAME, "a.b-c", "a;b"])
def test_what_can_be_read_can_be_a_name(name):
    assert check_name(name) == check_new_name(name) == name
    assert shlex.split(shell_quote(name)) == [name]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * (MAX_NAME + 1), 7])
def test_what_nobody_can_write_is_refused(name):
    for check in (check_name, check_new_name):
        with pytest.raises(UsageError, match="name"):
            check(name)


@pytest.mark.parametrize("name", ["a/b", "sc*", "a?", "a,b", "a:b", "a@b", "-g"])
def test_what_means_something_else_is_kept_for_older_groups_only(name):
    assert check_name(name) == name
    with pytest.raises(UsageError, match="group name"):
        check_new_name(name)
