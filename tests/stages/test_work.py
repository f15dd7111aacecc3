"""What a worker writes down while it works."""

from qbatch.stages.work import compile_chunk, worked_on
from tests.stages.test_stage import ODD, TARGET, tasks


def test_where_it_is_can_be_read(tmp_path):
    note = tmp_path / "note"
    assert worked_on(note) is None
    note.write_bytes(b"half")
    assert worked_on(note) is None
    found = compile_chunk(ODD, TARGET, {}, tasks(3, n1="poisoned"), note)
    assert [one.mark[0] for one in found] == [0, 1, 2]
    assert worked_on(note)[0] == 2
    assert all(one.seconds >= 0 for one in found)
