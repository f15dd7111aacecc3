"""What this process may run itself: only what is known to end soon."""

from dataclasses import replace

import pytest

from qbatch.backends.aer.bounds import is_bounded

from ...builders import item_of, payload_of, submission_of

HEAD2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
HEAD3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
SMALL = HEAD2 + "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0], q[1];\nmeasure q -> c;\n"
RESET = HEAD2 + "qreg q[1];\ncreg c[1];\nh q[0];\nreset q[0];\nh q[0];\nmeasure q -> c;\n"
WIDE = HEAD2 + "qreg q[17];\ncreg c[17];\nh q[0];\nmeasure q -> c;\n"
LOOP = HEAD3 + "qubit q;\nbit c;\nfor int i in [0:9] { x q; }\nc = measure q;\n"
WHILE = HEAD3 + "qubit q;\nbit c;\nc = measure q;\nwhile (c) { x q; c = measure q; }\n"
NESTED = (
    HEAD2
    + "gate a0 x0 { x x0; x x0; }\n"
    + "".join(f"gate a{i} x0 {{ a{i - 1} x0; a{i - 1} x0; }}\n" for i in range(1, 20))
    + "qreg q[1];\ncreg c[1];\na19 q[0];\nmeasure q -> c;\n"
)


def batch(text, shots=1000, count=1):
    payload = payload_of(text)
    return submission_of(*[(payload, item_of(payload, str(i), shots=shots)) for i in range(count)])


@pytest.mark.parametrize("text", [SMALL, RESET])
def test_little_work_is_bounded(text):
    assert is_bounded(batch(text), noisy=False)


@pytest.mark.parametrize("text", [WIDE, LOOP, WHILE, NESTED])
def test_what_is_not_known_to_be_little_is_not(text):
    assert not is_bounded(batch(text), noisy=False)


def test_every_shot_counts_where_each_is_a_simulation():
    assert is_bounded(batch(SMALL, shots=10**9), noisy=False)
    assert not is_bounded(batch(SMALL, shots=10**9), noisy=True)
    assert not is_bounded(batch(RESET, shots=10**9), noisy=False)


def test_a_circuit_that_cannot_be_read_fails_at_once():
    sound = batch(SMALL)
    (name,) = sound.payloads
    broken = type(sound.payloads[name])(format="qasm2", body=b"OPENQASM 2.0; nonsense;")
    assert is_bounded(replace(sound, payloads={name: broken}), noisy=False)
