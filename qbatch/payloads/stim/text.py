"""Texts of Stim's circuits that mean them to the last bit.

Stim's own ``str(circuit)`` rounds probabilities to six digits. The language:
https://github.com/quantumlib/Stim/blob/main/doc/file_format_stim_circuit.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import stim

INSTRUCTIONS = frozenset(
    """
    CNOT CORRELATED_ERROR CX CXSWAP CY CZ CZSWAP C_NXYZ C_NZYX C_XNYZ C_XYNZ C_XYZ C_ZNYX
    C_ZYNX C_ZYX DEPOLARIZE1 DEPOLARIZE2 DETECTOR E ELSE_CORRELATED_ERROR H HERALDED_ERASE
    HERALDED_PAULI_CHANNEL_1 H_NXY H_NXZ H_NYZ H_XY H_XZ H_YZ I II II_ERROR ISWAP ISWAP_DAG
    I_ERROR M MPAD MPP MR MRX MRY MRZ MX MXX MY MYY MZ MZZ OBSERVABLE_INCLUDE
    PAULI_CHANNEL_1 PAULI_CHANNEL_2 QUBIT_COORDS R REPEAT RX RY RZ S SHIFT_COORDS SPP
    SPP_DAG SQRT_X SQRT_XX SQRT_XX_DAG SQRT_X_DAG SQRT_Y SQRT_YY SQRT_YY_DAG SQRT_Y_DAG
    SQRT_Z SQRT_ZZ SQRT_ZZ_DAG SQRT_Z_DAG SWAP SWAPCX SWAPCZ S_DAG TICK X XCX XCY XCZ
    X_ERROR Y YCX YCY YCZ Y_ERROR Z ZCX ZCY ZCZ Z_ERROR
    """.split()  # noqa: SIM905 - a hundred words
)
"""Words that a text may begin with."""


def plain(text: str) -> str:
    """A text without comments, empty lines and the spaces around lines."""
    lines = (_without_comment(line).strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def _without_comment(line: str) -> str:
    """A line up to its comment; a ``#`` in a tag, ``H[a#b] 0``, begins none."""
    inside = False
    for place, letter in enumerate(line):
        if letter == "#" and not inside:
            return line[:place]
        inside = letter != "]" and (inside or letter == "[")
    return line


def exact(circuit: stim.Circuit) -> str:
    """A circuit as a text with all digits of its numbers."""
    return "".join(f"{line}\n" for line in _lines(circuit))


def _lines(circuit: stim.Circuit) -> Iterator[str]:
    import stim

    for found in circuit:
        if isinstance(found, stim.CircuitRepeatBlock):
            yield f"REPEAT{_tag(found.tag)} {found.repeat_count} {{"
            yield from (f"    {line}" for line in _lines(found.body_copy()))
            yield "}"
        else:
            numbers = ", ".join(map(_number, found.gate_args_copy()))
            args = f"({numbers})" if numbers else ""
            targets = " ".join(_joined(map(str, _words(found.targets_copy()))))
            yield f"{found.name}{_tag(found.tag)}{args} {targets}".rstrip()


def _words(targets: Iterable[stim.GateTarget]) -> Iterator[str]:
    for target in targets:
        if target.is_combiner:
            yield "*"
        elif target.is_measurement_record_target:
            yield f"rec[{target.value}]"
        elif target.is_sweep_bit_target:
            yield f"sweep[{target.value}]"
        else:
            inverted = "!" if target.is_inverted_result_target else ""
            pauli = "" if target.is_qubit_target else target.pauli_type
            yield f"{inverted}{pauli}{target.value}"


def _joined(words: Iterable[str]) -> Iterator[str]:
    """Products such as ``X1*Z2`` as one word."""
    found = ""
    for word in words:
        if word == "*" or found.endswith("*"):
            found += word
            continue
        if found:
            yield found
        found = word
    if found:
        yield found


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _tag(tag: str) -> str:
    """A tag as it is written: https://github.com/quantumlib/Stim (doc/file_format…), "tags"."""
    if not tag:
        return ""
    escaped = tag.replace("\\", "\\B").replace("\r", "\\r").replace("\n", "\\n")
    return f"[{escaped.replace(']', chr(92) + 'C')}]"


def operations(circuit: stim.Circuit) -> int:
    """Targets of all instructions, loops unrolled."""
    import stim

    total = 0
    for found in circuit:
        if isinstance(found, stim.CircuitRepeatBlock):
            total += found.repeat_count * operations(found.body_copy())
        else:
            total += max(1, len(found.targets_copy()))
    return total
