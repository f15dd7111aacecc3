"""What built-in programs are given."""

import pytest

from qbatch import InvalidCircuit, UsageError
from qbatch.programs.builtin import inputs


def test_texts_of_circuits_and_sums():
    assert inputs.read_sum(" ZZ \n# a remark\n -0.5*XX\n") == "ZZ - 0.5*XX"
    with pytest.raises(UsageError, match="no terms"):
        inputs.read_sum("# nothing")
    for reader in (inputs.read_circuit, inputs.num_parameters):
        with pytest.raises(InvalidCircuit):
            reader("nonsense")
    text = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; rx(a) q[0];'
    assert inputs.num_parameters(text) == inputs.read_circuit(text).num_parameters == 1
