// Teleportation of ry(1.0)|0>, with a gate of its own, two registers and corrections.
OPENQASM 2.0;
include "qelib1.inc";
gate pair a, b { h a; cx a, b; }
qreg q[3];
creg sent[2];
creg received[1];
ry(1.0) q[0];
pair q[1], q[2];
cx q[0], q[1];
h q[0];
measure q[0] -> sent[0];
measure q[1] -> sent[1];
if (sent == 1) z q[2];
if (sent == 2) x q[2];
if (sent == 3) y q[2];
measure q[2] -> received[0];
