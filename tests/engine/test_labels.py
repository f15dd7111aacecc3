"""Labels tell batches apart."""

from qbatch.engine import labels


def test_labels_carry_the_mark_of_their_batch():
    ours, other = labels.label("a", 3), labels.label("b", 3)
    assert labels.item(ours) == labels.item(other) == "3"
    assert ours != other
    assert not labels.are_foreign("a", [ours, other])
    assert labels.are_foreign("a", [other])


def test_labels_without_a_mark_say_nothing():
    assert labels.item("12") == "12"
    assert not labels.are_foreign("a", ["0", "1"])
    assert not labels.are_foreign("a", [])
