"""How large local batches are."""

from qbatch.domain.batches import Throughput
from qbatch.rules.sizing import Sizer


def test_a_busy_machine_does_not_teach_batches_of_one_job():
    slow = Sizer({"counts": Throughput(seconds=500.0, startup=1.0)})
    slow.expect("counts", 0.001)
    assert slow.size() >= 50
    learning = Sizer({})
    learning.expect("counts", 0.001)
    for _ in range(20):
        learning.learn(10, 30.0)  # three seconds a job, where one of them was estimated as 1 ms
    assert learning.size() >= 50


def test_what_was_measured_decides_otherwise():
    sizer = Sizer({"counts": Throughput(seconds=2.0, startup=1.0)})
    sizer.expect("counts", 0.001)
    assert sizer.size() == 500
    learning = Sizer({})
    learning.expect("counts", 0.001)
    learning.learn(100, 0.5)
    assert learning.size() == 200


def test_a_batch_that_takes_far_too_long_ends_the_faith_in_what_was_measured():
    sizer = Sizer({"counts": Throughput(seconds=2.0, startup=1.0)})
    sizer.expect("counts", 0.001)
    sizer.learn(100, 4.9)  # long, and still believed
    assert sizer.size() == 500
    sizer.learn(100, 5.5)
    assert sizer.size() != 500
