"""The five built-in programs in one run, under noise where they are about it, and a picture.

    python examples/programs/built_in.py DIRECTORY

Killed and started again, it goes on. Needs the extra ``plot``.
"""

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qbatch import JobGroup

HERE = Path(__file__).parent
ONE_QUBIT, TWO_QUBITS = 0.004, 0.02  # depolarizing error of a gate


def noisy(directory):
    """A configuration with a backend under depolarizing noise."""
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(ONE_QUBIT, 1), ["h", "s", "sdg", "x"])
    model.add_all_qubit_quantum_error(depolarizing_error(TWO_QUBITS, 2), ["cx"])
    (directory / "noise.json").write_text(json.dumps(model.to_dict(serializable=True)))
    config = directory / "config.toml"
    config.write_text('[backends.noisy]\ntype = "aer"\nnoise_model = "noise.json"\n')
    return config


def add(group):
    """One of each."""
    two, bell, one = (
        (HERE / name).read_text() for name in ("two_qubits.qasm3", "bell.qasm3", "one_angle.qasm3")
    )
    h2 = (HERE / "h2.txt").read_text()
    vqe = {"circuit": two, "hamiltonian": h2}
    group.add_program("builtin:vqe", name="vqe", arguments=vqe, seed=1)
    ring = {"edges": "0-1,1-2,2-3,3-0", "layers": 2}
    group.add_program("builtin:qaoa", name="qaoa", arguments=ring, seed=2)
    zne = {"circuit": bell, "hamiltonian": "XX", "factors": [1, 3, 5, 7], "fit": "exponential"}
    group.add_program("builtin:zne", name="zne", arguments=zne, seed=3, backend="noisy")
    group.add_program("builtin:rb", name="rb", arguments={}, seed=4, backend="noisy")
    scan = {"circuit": one, "hamiltonian": "Z" * 8, "parameter": "a", "low": 0.0, "high": 3.2}
    group.add_program("builtin:refine", name="refine", arguments=scan, seed=5)


def draw(group, path):
    """A panel for each."""
    found = {program.name: program for program in group.programs()}
    _, axes = plt.subplots(1, 5, figsize=(17, 3.2), layout="constrained")
    for axis, name, what in zip(axes, ("vqe", "qaoa"), ("energy", "mean cost"), strict=False):
        (line,) = group.convergence(f"p{found[name].number}").lines
        axis.plot(line.x, line.y)
        axis.set(title=name, xlabel="round", ylabel=f"best {what} so far")
    zne, rb, refine = (found[name].value for name in ("zne", "rb", "refine"))
    factors = [int(factor) for factor in zne["values"]]
    axes[2].errorbar(factors, zne["values"].values(), zne["errors"].values(), fmt="o")
    axes[2].errorbar([0], [zne["value"]], [zne["error"]], fmt="s", label="extrapolated")
    axes[2].set(title="zne", xlabel="noise factor", ylabel="<XX>")
    axes[2].legend()
    lengths = np.array(sorted(map(int, rb["survival"])))
    survival, spread = ([rb[what][str(x)] for x in lengths] for what in ("survival", "spread"))
    axes[3].errorbar(lengths, survival, spread, fmt="o")
    axes[3].plot(lengths, rb["a"] * rb["p"] ** lengths + rb["b"])
    axes[3].set(title=f"rb: error {rb['error']:.2%}", xlabel="Cliffords", ylabel="survival")
    axes[4].plot(refine["x"], refine["y"], ".-")
    axes[4].set(title=f"refine: {len(refine['x'])} points", xlabel="a", ylabel="<Z...Z>")
    plt.savefig(path, dpi=70)


def main():
    """Add them, or go on, and draw what they returned."""
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    group = JobGroup("built-in", db=directory / "q.db", config=noisy(directory))
    if not group.programs():
        add(group)
    group.run()
    draw(group, directory / "built-in.png")
    for program in group.programs():
        print(program.name, program.status, json.dumps(program.value))


if __name__ == "__main__":
    main()
