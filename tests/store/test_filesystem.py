"""Which file system a path lies on, from a table of mounts."""

from pathlib import Path

import pytest

from qbatch.store.filesystem import filesystem_type, is_network

MOUNTS = """\
21 1 8:1 / / rw - ext4 /dev/sda1 rw
22 21 0:40 / /home rw shared:1 - nfs4 server:/home rw
23 22 8:2 / /home/a\\040b rw - xfs /dev/sdb rw
24 21 0:41 / /over rw - tmpfs tmpfs rw
broken off before its end
25 21 0:42 / /over rw - cifs //server/share rw
nonsense
26 21 - short
"""


@pytest.fixture
def mounts(tmp_path):
    (tmp_path / "mountinfo").write_text(MOUNTS)
    return tmp_path / "mountinfo"


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [("/x", "ext4", False), ("/home/x", "nfs4", True), ("/homes", "ext4", False),
     ("/home/a b/x", "xfs", False), ("/over/x", "cifs", True)],
)  # fmt: skip
def test_the_deepest_and_last_mount_holds(mounts, path, kind, network):
    assert filesystem_type(Path(path), mounts) == kind
    assert is_network(Path(path), mounts) is network


def test_where_there_is_no_table_nobody_knows(tmp_path):
    assert filesystem_type(tmp_path, tmp_path / "gone") is None
    assert not is_network(tmp_path, tmp_path / "gone")
