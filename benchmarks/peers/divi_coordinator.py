"""Divi's batch coordinator over a backend that answers at once: python … PROGRAMS.

Prints the microseconds that a program of one circuit takes.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

WORKERS = 32


def main(programs):
    """Do it."""
    from divi.backends import CircuitRunner, ExecutionResult
    from divi.qprog._batch_coordinator import _BatchCoordinator, _ProxyBackend

    class Instant(CircuitRunner):
        supports_expval = False
        is_async = False

        def submit_circuits(self, payloads, **_):
            labels = payloads if isinstance(payloads, dict) else dict(enumerate(payloads))
            return ExecutionResult(results=[{"label": x, "results": {"00": 100}} for x in labels])

    backend = Instant(shots=100)
    coordinator = _BatchCoordinator(backend, n_workers=WORKERS)
    text = 'OPENQASM 2.0;include "qelib1.inc";qreg q[2];creg c[2];measure q->c;'
    for number in range(programs):
        coordinator.register_program(number)

    def run(number):
        proxy = _ProxyBackend(backend, coordinator, number)
        proxy.submit_circuits({"0": text})
        coordinator.deregister_program(number)

    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(run, range(programs)))
    print((time.perf_counter() - started) / programs * 1e6)


if __name__ == "__main__":
    main(int(sys.argv[1]))
