"""The variational quantum eigensolver, beside diagonalising."""

import pytest

from qbatch.programs.builtin import vqe
from qbatch.programs.context import Context

ANSATZ = """OPENQASM 3.0; include "stdgates.inc";
input float a; input float b; input float c; input float d;
qubit[2] q;
ry(a) q[0]; ry(b) q[1]; cx q[0], q[1]; ry(c) q[0]; ry(d) q[1];
"""
# H2 at 0.735 angstrom in two qubits, as Qiskit Nature's tutorials give it: -1.857275 hartree.
H2 = """# hydrogen
-1.052373245772859*II
0.39793742484318045*IZ
-0.39793742484318045*ZI
-0.01128010425623538*ZZ
0.18093119978423156*XX
"""


@pytest.mark.parametrize(
    ("optimizer", "iterations", "error"),
    [("COBYLA", 200, 1e-4), ("BFGS", 60, 1e-6), ("SPSA", 150, 1e-3)],
)
def test_vqe_finds_the_energy_of_hydrogen(here, optimizer, iterations, error):
    found = vqe.solve(here, ANSATZ, H2, optimizer=optimizer, iterations=iterations)
    assert found["value"] == pytest.approx(-1.857275, abs=error + 1e-6)
    assert len(found["parameters"]) == 4
    assert found["evaluations"] > 10


def test_it_begins_where_it_is_told():
    class Asked(Exception):
        pass

    def ask(asking):
        assert asking.questions[0].values == (0.1, 0.2, 0.3, 0.4)
        raise Asked

    ctx = Context(ask, number=1, args={}, seed=3)
    with pytest.raises(Asked):
        vqe.solve(ctx, ANSATZ, H2, start=[0.1, 0.2, 0.3, 0.4])
