"""Texts of Stim's circuits, to the last bit."""

import pytest

from qbatch.payloads.stim import text

stim = pytest.importorskip("stim")

EVERYTHING = """
X_ERROR(0.123456789123) 0
DEPOLARIZE1(1e-7) 1
MPP !X0*Z1 Z2
CX rec[-1] 1
REPEAT[x] 3 {
    H[a\\Cb] 0
    MXX(0.01) 0 !1
    SHIFT_COORDS(0, 0, 1)
    DETECTOR(1, 2.5, 0) rec[-1]
    REPEAT 2 {
        TICK
    }
}
OBSERVABLE_INCLUDE(0) rec[-1] X3
E(0.1) X1 Z2
ELSE_CORRELATED_ERROR(0.25) Y1
M !0
"""


def test_every_instruction_comes_back_as_it_was():
    circuit = stim.Circuit(EVERYTHING)
    assert stim.Circuit(text.exact(circuit)) == circuit


@pytest.mark.parametrize("task", ["rotated_memory_z", "unrotated_memory_x"])
def test_generated_codes_come_back_as_they_were(task):
    circuit = stim.Circuit.generated(
        f"surface_code:{task}", distance=3, rounds=4, after_clifford_depolarization=1 / 3
    )
    assert stim.Circuit(text.exact(circuit)) == circuit


def test_loops_are_unrolled_when_operations_are_counted():
    assert text.operations(stim.Circuit("H 0 1\nREPEAT 1000 {\nREPEAT 10 {\nCX 0 1\n}\n}")) == 20002


def test_every_gate_of_stims_is_a_word():
    assert stim.gate_data().keys() <= text.INSTRUCTIONS


def test_a_comment_ends_a_line_and_a_tag_does_not():
    assert text.plain("H[a#b] 0 # c\n\n  # d\nM 0") == "H[a#b] 0\nM 0\n"
