"""Random circuits as texts of both languages, over every gate and feature."""

from __future__ import annotations

import random
from collections.abc import Sequence

from qbatch.payloads.circuit.gates import QASM2_BUILTIN, QASM2_INCLUDED, QASM3_INCLUDED, Spec

# Names of Aer's gates that the includes do not define: a text's own gates may be called so.
AERS_NAMES = ("r", "ecr", "ryy", "rzx", "mcx", "mcp", "pauli", "unitary", "diagonal", "initialize",
              "multiplexer", "save_state", "kraus", "iswap", "dcx", "xx_plus_yy")  # fmt: skip


def number(rng: random.Random, names: Sequence[str] = (), *, language: str = "qasm2") -> str:
    """An angle: a number, something of pi, arithmetic, names."""
    kind = rng.random()
    if names and kind < 0.5:
        name = rng.choice(list(names))
        other = rng.choice([*names, "0.5", "pi", "2"])
        return rng.choice(
            [name, f"-{name}", f"{name}/2", f"2*{name}", f"{name}-{other}", f"{name}+{other}",
             f"({name}-{other})*0.5", f"0.25*({name}+{other})", f"-({name}+1.0)/3"]
        )  # fmt: skip
    if kind < 0.75:
        return repr(round(rng.uniform(-3.2, 3.2), rng.randint(1, 16)))
    whole = rng.randint(1, 7)
    plain = [f"pi/{whole}", f"-pi/{whole}", f"{whole}*pi/4", f"pi*(0.5+1.0/{whole})", f"{whole}e-1"]
    plain += ["pi", "0", "-(-0.25)", f"{whole}", f".{whole}", f"1.5-{whole}/2.0"]
    if language == "qasm2":
        plain += ["1/2", f"({whole})/(3)", "3.", "sin(0.3)", "2^0.5", "+0.5", "cos(pi/3)"]
    return rng.choice(plain)


def call(rng: random.Random, name: str, spec: Spec, qubits: Sequence[str], **more: object) -> str:
    """A gate on some of the qubits."""
    on = ", ".join(rng.sample(list(qubits), spec.num_qubits))
    angles = ",".join(number(rng, **more) for _ in range(spec.num_angles))
    return f"{name}({angles}) {on};" if spec.num_angles else f"{name} {on};"


def _fitting(rng: random.Random, gates: dict[str, Spec], most: int) -> tuple[str, Spec]:
    return rng.choice([(n, s) for n, s in gates.items() if s.num_qubits <= most])


def own_gates(rng: random.Random, gates: dict[str, Spec]) -> tuple[list[str], dict[str, Spec]]:
    """Definitions with arithmetic, nested, some called like gates of Aer's."""
    lines: list[str] = []
    own: dict[str, Spec] = {}
    for _ in range(rng.choice((0, 0, 1, 2, 3))):
        name = rng.choice([*AERS_NAMES, f"mine{rng.randint(0, 9)}", f"g{rng.randint(0, 9)}"])
        if name in own or name in gates:
            continue
        angles = rng.sample(["a", "b", "theta", "t", "r"], rng.randint(0, 3))
        qubits = rng.sample(["u1q", "v", "w", "x", "q"], rng.randint(1, 3))
        known = gates | own
        body = []
        for _ in range(rng.randint(0, 4)):
            if rng.random() < 0.1:
                body.append(f"barrier {', '.join(qubits)};")
                continue
            used, spec = _fitting(rng, known, len(qubits))
            body.append(call(rng, used, spec, qubits, names=angles))
        head = f"gate {name}" + (f"({', '.join(angles)})" if angles else "")
        lines.append(f"{head} {', '.join(qubits)} {{ {' '.join(body)} }}")
        own[name] = Spec(name, len(angles), len(qubits))
    return lines, own


def registers(rng: random.Random, number: int, stem: str) -> list[tuple[str, int]]:
    """Bits in one, two or three registers."""
    parts = min(number, rng.choice((1, 1, 2, 3)))
    cuts = sorted(rng.sample(range(1, number), parts - 1))
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, number], strict=True)]
    return [(f"{stem}{i}" if parts > 1 else stem, size) for i, size in enumerate(sizes)]


def qasm2_text(
    rng: random.Random, *, dynamic: float = 0.1, most: int = 4, measure: bool = True
) -> str:
    """A text of OpenQASM 2.

    Args:
        dynamic: how often something is measured, reset or branched on in the middle.
        most: qubits at the most.
        measure: measure at the end.
    """
    included = rng.random() < 0.95
    gates = dict(QASM2_INCLUDED if included else QASM2_BUILTIN)
    lines = ["OPENQASM 2.0;"] if rng.random() < 0.9 else []
    lines += ['include "qelib1.inc";'] if included else []
    defined, own = own_gates(rng, gates)
    lines += defined
    size = rng.randint(1, most)
    qregs, cregs = registers(rng, size, "q"), registers(rng, size, "c")
    lines += [f"qreg {name}[{n}];" for name, n in qregs]
    lines += [f"creg {name}[{n}];" for name, n in cregs]
    qubits = [f"{name}[{i}]" for name, n in qregs for i in range(n)]
    clbits = [f"{name}[{i}]" for name, n in cregs for i in range(n)]
    for _ in range(rng.randint(1, 10)):
        what = rng.random()
        if what < 0.08:
            name, spec = _fitting(rng, gates, 1)
            angles = ",".join(number(rng) for _ in range(spec.num_angles))
            head = f"{name}({angles})" if spec.num_angles else name
            lines.append(f"{head} {rng.choice(qregs)[0]};")
        elif what < 0.12:
            lines.append(f"barrier {', '.join(rng.sample(qubits, rng.randint(1, size)))};")
        elif what < 0.12 + dynamic:
            lines.append(_dynamic(rng, qubits, clbits, cregs))
        elif own and what < 0.5:
            name, spec = rng.choice(list(own.items()))
            if spec.num_qubits <= size:
                lines.append(call(rng, name, spec, qubits))
        else:
            name, spec = _fitting(rng, gates, size)
            lines.append(call(rng, name, spec, qubits))
        if rng.random() < 0.05:
            lines[-1] += " // rx(0.5) q[0];"
    if measure:
        lines += _measured(rng, qregs, cregs, qubits, clbits)
    return "\n".join(lines) + "\n"


def _dynamic(
    rng: random.Random, qubits: list[str], clbits: list[str], cregs: list[tuple[str, int]]
) -> str:
    qubit = rng.choice(qubits)
    return rng.choice(
        [
            f"measure {qubit} -> {rng.choice(clbits)};",
            f"reset {qubit};",
            f"measure {qubit} -> {rng.choice(clbits)};\nif ({rng.choice(cregs)[0]} == 1) "
            f"u(0.3,0.1,0.7) {rng.choice(qubits)};",
        ]
    )


def _measured(
    rng: random.Random,
    qregs: list[tuple[str, int]],
    cregs: list[tuple[str, int]],
    qubits: list[str],
    clbits: list[str],
) -> list[str]:
    if len(qregs) == len(cregs) == 1 and rng.random() < 0.7:
        return [f"measure {qregs[0][0]} -> {cregs[0][0]};"]
    count = rng.randint(1, len(qubits))
    pairs = zip(rng.sample(qubits, count), rng.sample(clbits, count), strict=True)
    return [f"measure {qubit} -> {clbit};" for qubit, clbit in pairs]


def qasm3_text(
    rng: random.Random,
    *,
    inputs: int | None = None,
    dynamic: float = 0.0,
    most: int = 4,
    measure: bool = True,
) -> str:
    """A text of OpenQASM 3; ``inputs``: how many parameters it declares."""
    gates = dict(QASM3_INCLUDED)
    lines = ["OPENQASM 3.0;"] if rng.random() < 0.9 else []
    lines.append('include "stdgates.inc";')
    names = ["theta", "phi", "lam"][: rng.randint(0, 3) if inputs is None else inputs]
    lines += [f"input float {name};" for name in rng.sample(names, len(names))]
    size = rng.randint(1, most)
    old = rng.random() < 0.2
    lines.append(f"qreg q[{size}];" if old else f"qubit[{size}] q;")
    lines.append(f"creg c[{size}];" if old else f"bit[{size}] c;")
    qubits, clbits = ([f"{stem}[{i}]" for i in range(size)] for stem in "qc")
    for _ in range(rng.randint(1, 9)):
        what = rng.random()
        if what < 0.05:
            lines.append("h q; /* all of them */")
        elif what < 0.08:
            lines.append(f"barrier {', '.join(rng.sample(qubits, rng.randint(1, size)))};")
        elif what < 0.08 + dynamic:
            qubit, bit = rng.choice(qubits), rng.choice(clbits)
            lines.append(
                rng.choice(
                    [
                        f"{bit} = measure {qubit};",
                        f"reset {qubit};",
                        f"{bit} = measure {qubit};\nif ({bit}) {{ ry(0.7) {rng.choice(qubits)}; }}",
                        f"for int i in [0:2] {{ rx(0.3) {qubit}; }}",
                    ]
                )
            )
        else:
            name, spec = _fitting(rng, gates, size)
            lines.append(call(rng, name, spec, qubits, names=names, language="qasm3"))
    for name in names:  # every parameter is used
        lines.append(f"ry({name}) {rng.choice(qubits)};")
    if measure:
        whole = ["c = measure q;", "measure q -> c;"]
        each = [f"{b} = measure {q};" for q, b in zip(qubits, clbits[::-1], strict=True)]
        lines += [rng.choice(whole)] if rng.random() < 0.6 else each
    return "\n".join(lines) + "\n"


_CLIFFORD = ("id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap")


def clifford_text(rng: random.Random) -> str:
    """Clifford gates in OpenQASM 2, with measurements and resets anywhere."""
    size, bits = rng.randint(2, 4), rng.randint(1, 4)
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{size}];"]
    first = rng.randint(1, bits)
    lines += [f"creg a[{first}];"] + ([f"creg b[{bits - first}];"] if first < bits else [])
    places = [f"a[{i}]" for i in range(first)] + [f"b[{i}]" for i in range(bits - first)]
    for _ in range(rng.randint(3, 14)):
        name = rng.choice([*_CLIFFORD, "measure", "reset", "barrier"])
        on = [f"q[{place}]" for place in rng.sample(range(size), 2)]
        if name == "measure":
            lines.append(f"measure {on[0]} -> {rng.choice(places)};")
        else:
            two = name in ("cx", "cy", "cz", "swap", "barrier")
            lines.append(f"{name} {','.join(on if two else on[:1])};")
    lines += [f"measure q[{rng.randrange(size)}] -> {place};" for place in places]
    return "\n".join(lines)
