"""How fast backends were: remembered by backend and workload, the newest counting most."""

import pytest

from qbatch.domain.batches import Throughput
from qbatch.store import Store


def test_what_was_measured_is_mixed_with_what_was_known(db):
    with Store(db) as store:
        assert store.throughputs.of("aer") == {}
        store.throughputs.note("aer", {"counts": Throughput(seconds=2.0, startup=1.0)})
        store.throughputs.note("other", {"counts": Throughput(seconds=9.0, startup=9.0)})
        assert store.throughputs.of("aer") == {"counts": Throughput(seconds=2.0, startup=1.0)}
        store.throughputs.note("aer", {"counts": Throughput(seconds=4.0, startup=3.0)})
        mixed = store.throughputs.of("aer")["counts"]
        assert 2.0 < mixed.seconds < 4.0
        assert 1.0 < mixed.startup < 3.0
        for _ in range(60):
            store.throughputs.note("aer", {"counts": Throughput(seconds=4.0, startup=3.0)})
        assert store.throughputs.of("aer")["counts"].seconds == pytest.approx(4.0)
        store.throughputs.note("aer", {})
        assert set(store.throughputs.of("aer")) == {"counts"}
