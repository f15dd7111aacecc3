"""Two CNOTs of Perceval's catalog, Knill's and Ralph's, side by side: a script for its job groups.

As it would be written for `perceval.runtime.JobGroup`; only the import is qbatch's.
"""

import perceval as pcvl
from perceval.algorithm import Sampler

from qbatch import JobGroup

NAME = "compare_knill_and_ralph_cnot"


def processor(name: str) -> pcvl.Processor:
    """A CNOT of the catalog, with both qubits 1 at its input."""
    found = pcvl.Processor("SLOS", pcvl.catalog[name].build_experiment())
    found.min_detected_photons_filter(2)
    found.with_input(pcvl.BasicState([0, 1, 0, 1]))
    return found


def main() -> None:
    """Add both, run them, run again what failed, and compare."""
    group = JobGroup(NAME)
    for name in ("klm cnot", "postprocessed cnot"):
        sampler = Sampler(processor(name))
        group.add(sampler.sample_count, max_samples=10_000)

    group.run_parallel()  # or run_sequential(delay=1)
    group.rerun_failed_parallel()

    knill, ralph = group.get_results()
    print(f"Knill: {knill['global_perf']:.4f} {dict(knill['results'])}")
    print(f"Ralph: {ralph['global_perf']:.4f} {dict(ralph['results'])}")
    print(group.progress())


if __name__ == "__main__":
    main()
