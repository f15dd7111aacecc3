"""Reading and writing circuits: OpenQASM 2, OpenQASM 3 and QPY, told apart by content.

A circuit is kept as the text it came as (OpenQASM) or as a QPY container of one
circuit, and named by a tagged hash: over the text, or over the canonical text of what QPY
holds (`qbatch.payloads.circuit.canonical`). A text that includes files of its own is not
self-contained and is kept as QPY.
"""

from __future__ import annotations

import functools
import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.domain.payloads import Payload, Source
from qbatch.errors import InvalidCircuit, InvalidJob
from qbatch.payloads.circuit import qasm2, qasm3
from qbatch.payloads.circuit import qiskit_parsers as parsers
from qbatch.payloads.circuit.angles import NotPlain
from qbatch.payloads.circuit.form import Form, Nature, nature
from qbatch.payloads.circuit.info import CircuitInfo

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)
_VERSION = re.compile(rb"\s*OPENQASM\s+(\d+)")
_REGISTER_SIZE = re.compile(
    rb"\b(?:qreg|creg|qubit|bit|int|uint|angle)\b[^;]*?\[\s*(\d{7,100})\s*\]"
)
_MOST_BITS = 1_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OWN_INCLUDES = {b"qelib1.inc", b"stdgates.inc"}
_SHORT = 1 << 11  # bytes of a text whose form is kept: all that are kept take 140 MB at the most
_SHORT_QPY = 1 << 16
_AUTOMATIC_NAME = re.compile(r"circuit-\d+(-\d+)*$")


def content_hash(source: Source) -> str:
    """The tagged hash that names a circuit's content.

    Of a text it is over the text, ``qasm2-sha256:<hex>``; of what QPY holds over the canonical
    text, ``circuit-sha256:<hex>``, where it has one, and over the bytes otherwise.
    """
    if source.format != "qpy":
        return body_hash(source)
    return _named(parse(source), source)


def body_hash(source: Source) -> str:
    """The hash over a body's bytes, ``<format>-sha256:<hex>``."""
    return f"{source.format}-sha256:{hashlib.sha256(source.body).hexdigest()}"


def written_hash(source: Source) -> str:
    """The hash over the bytes that Qiskit writes for a circuit today, in its newest version."""
    from qiskit import qpy

    buffer = io.BytesIO()
    qpy.dump(parse(source), buffer)
    return body_hash(Source(format="qpy", body=buffer.getvalue()))


def is_named(source: Source, name: str) -> bool:
    """Whether a canonical hash is that of a body, or may be under another Qiskit's definitions."""
    from qbatch.payloads.circuit.canonical import Canonical
    from qbatch.payloads.circuit.expressions import NotCanonical

    try:
        found = Canonical(parse(source))
    except (NotCanonical, InvalidCircuit):
        return False
    return _canonical_hash(found.text) == name or not found.stable


def _named(circuit: QuantumCircuit, source: Source) -> str:
    from qbatch.payloads.circuit.canonical import Canonical
    from qbatch.payloads.circuit.expressions import NotCanonical

    try:
        return _canonical_hash(Canonical(circuit).text)
    except NotCanonical:
        return body_hash(source)


def _canonical_hash(text: str) -> str:
    return f"circuit-sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def read_circuits(data: bytes, origin: str, *, path: Path | None = None) -> list[Payload]:
    """The circuits that a file's content holds: one for OpenQASM, one or more for QPY.

    Args:
        data: the whole content.
        origin: what to call the file in messages.
        path: where the file is, so that its own includes are found.

    Raises:
        InvalidCircuit: names the origin, the line where there is one, and the reason.
    """
    stem = path.stem if path else origin
    if not data.strip():
        raise InvalidCircuit(f"{origin}: the file is empty")
    if data.startswith(b"QISKIT"):
        with parsers.bounded_memory(len(data)):
            return _read_qpy(data, origin, stem)
    if b"\0" in data or not _is_utf8(data):
        raise InvalidCircuit(
            f"{origin}: not a circuit file (binary content)",
            hint="qbatch reads OpenQASM 2, OpenQASM 3 and QPY",
        )
    source = Source(format=_qasm_version(data, origin, path), body=data)
    found = kept_plain(source)
    if found is not None:
        return [_plain_entry(*found, source, stem, origin)]
    _check_registers(data, origin)
    with parsers.bounded_memory(len(data)):
        circuit = parse(source, origin=origin, directory=path.parent if path else None)
    if set(parsers.INCLUDE.findall(_COMMENT.sub(b"", data))) - _OWN_INCLUDES:
        source = _as_qpy(circuit)
    return [_entry(circuit, source, stem, origin)]


def from_qiskit(circuit: QuantumCircuit) -> Payload:
    """A Qiskit circuit as it will be stored.

    The name is left out of the content, because Qiskit numbers unnamed circuits, and
    the same circuit built twice should be stored once.
    """
    unnamed = circuit.copy()
    unnamed.name = ""
    unnamed._layout = None  # noqa: SLF001 - where its qubits came from is no part of what it does
    name = "" if _AUTOMATIC_NAME.match(circuit.name or "") else circuit.name or ""
    return _entry(unnamed, _as_qpy(unnamed), name or "circuit", name or "circuit")


def from_form(form: Form) -> Payload | None:
    """A form as it will be stored, as a text; None where no text of ours means it."""
    from qbatch.payloads.circuit.writing import written

    found = written(form)
    if found is None:
        return None
    text, read = found
    source = Source(format="qasm2", body=text)
    return _plain_entry(read, nature(read), source, "circuit", "circuit")


def parse(
    source: Source, *, origin: str = "circuit", directory: Path | None = None
) -> QuantumCircuit:
    """The Qiskit circuit of a stored or freshly read source.

    Raises:
        InvalidCircuit: with line and column where the parser gives them.
    """
    known = {
        "qasm2": parsers.parse_qasm2,
        "qasm3": parsers.parse_qasm3,
        "qpy": parsers.parse_qpy,
    }
    with parsers.parser_errors(origin):
        return known[source.format](source.body, directory)


def read_plain(source: Source) -> Form | None:
    """The form of a text that the own readers understand whole; None for everything else."""
    reader = {"qasm2": qasm2.read, "qasm3": qasm3.read}.get(source.format)
    if reader is None:
        return None
    try:
        return reader(source.body.removeprefix(_BYTE_ORDER_MARK))
    except NotPlain:
        return None


def kept_plain(source: Source) -> tuple[Form, Nature] | None:
    """What `read_plain` gives, and what that circuit is; kept for a while if the text is short.

    What is added and run by one process is read once.
    """
    return _kept(source) if len(source.body) <= _SHORT else _kept.__wrapped__(source)


@functools.lru_cache(maxsize=8192)
def _kept(source: Source) -> tuple[Form, Nature] | None:
    form = read_plain(source)
    return None if form is None else (form, nature(form))


def kept_qpy(source: Source) -> tuple[Form, Nature] | None:
    """The form of what QPY holds, with trees for its numbers, and what that circuit is.

    It is kept for a while, as a program asks for the same circuit in every round.

    Returns:
        None for everything else, what is not short, and numbers that have no trees.
    """
    return _kept_qpy(source) if len(source.body) <= _SHORT_QPY else None


@functools.lru_cache(maxsize=128)  # of 200 kB each at the most
def _kept_qpy(source: Source) -> tuple[Form, Nature] | None:
    from qbatch.payloads.circuit.convert import form_of
    from qbatch.payloads.circuit.trees import with_trees

    if source.format != "qpy":
        return None
    try:
        form = with_trees(form_of(parse(source)))
    except (InvalidCircuit, InvalidJob):
        return None
    return None if form is None else (form, nature(form))


def read_form(source: Source) -> Form:
    """The form of a stored circuit, however it has to be read.

    Raises:
        InvalidCircuit: it cannot be parsed.
    """
    form = read_plain(source)
    if form is not None:
        return form
    from qbatch.payloads.circuit.convert import form_of

    return form_of(parse(source))


def describe(form: Form, found: Nature) -> CircuitInfo:
    """What the store keeps about a circuit of some nature."""
    return CircuitInfo(
        num_qubits=form.num_qubits,
        num_clbits=form.num_clbits,
        size=max(form.size, form.unrolled),
        measured=found.measures,
        dynamic=not found.is_exact,
        gates=max(len(form.operations), form.unrolled),
    )


def as_text(source: Source) -> str:
    """The circuit for a person to read: OpenQASM as it is, QPY as OpenQASM 3 or a drawing."""
    if source.format != "qpy":
        return source.body.decode()
    from qiskit import qasm3

    circuit = parse(source)
    try:
        text: str = qasm3.dumps(circuit)
    except Exception:  # not everything that QPY holds has a form in OpenQASM
        text = str(circuit.draw("text", fold=100))
    return text


def _entry(circuit: QuantumCircuit, source: Source, name: str, origin: str) -> Payload:
    from qbatch.payloads.circuit.convert import check_numbers, form_of

    if circuit.num_qubits == 0:
        raise InvalidCircuit(f"{origin}: the circuit has no qubits")
    try:
        check_numbers(circuit)
        form = form_of(circuit)
    except InvalidJob as error:
        raise InvalidCircuit(f"{origin}: {error}") from error
    if source.format != "qpy":
        return _plain_entry(form, nature(form), source, name, origin)
    content = _named(circuit, source)
    return _plain_entry(form, nature(form), source, name, origin, content)


def _plain_entry(
    form: Form,
    found: Nature,
    source: Source,
    name: str,
    origin: str,
    content: str | None = None,
) -> Payload:
    """A payload of a circuit; ``content`` is its hash where that is not the body's."""
    info, body = describe(form, found), body_hash(source)
    if content is not None and content != body:
        info = replace(info, body=body.partition(":")[2])
    return Payload(
        hash=content or body,
        source=source,
        parameters=form.parameters,
        info=info.as_json(),
        name=name,
        origin=origin,
    )


def _check_registers(data: bytes, origin: str) -> None:
    """A parser that runs out of memory over a register's size says so in no useful way."""
    for match in _REGISTER_SIZE.finditer(data):
        if int(match[1]) > _MOST_BITS:
            line = data.count(b"\n", 0, match.start(1)) + 1
            size = match[1].decode()
            raise InvalidCircuit(f"{origin}:{line}: a register of {size} bits is too large")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _qasm_version(data: bytes, origin: str, path: Path | None) -> str:
    match = _VERSION.match(_COMMENT.sub(b"", data).removeprefix(_BYTE_ORDER_MARK))
    if match is None:
        # Both languages allow a file without the header line; the ending decides.
        return "qasm3" if path and path.suffix.lower() == ".qasm3" else "qasm2"
    version = int(match.group(1))
    if version not in (2, 3):
        raise InvalidCircuit(f"{origin}: OpenQASM {version} is not known; 2 and 3 are")
    return f"qasm{version}"


def _read_qpy(data: bytes, origin: str, stem: str) -> list[Payload]:
    from qiskit import QuantumCircuit, qpy

    with parsers.parser_errors(origin, "a truncated or damaged QPY file, or one of a newer Qiskit"):
        circuits = qpy.load(io.BytesIO(data))
    entries = []
    for index, circuit in enumerate(circuits, 1):
        where = origin if len(circuits) == 1 else f"{origin}, circuit {index}"
        if not isinstance(circuit, QuantumCircuit):
            raise InvalidCircuit(f"{where}: a {type(circuit).__name__} is not a circuit")
        if max(circuit.num_qubits, circuit.num_clbits) > _MOST_BITS:
            # Qiskit ends the process where it runs out of memory while it writes such a one.
            raise InvalidCircuit(f"{where}: a register of that many bits is too large")
        own = "" if _AUTOMATIC_NAME.match(circuit.name or "") else circuit.name
        name = own or (stem if len(circuits) == 1 else f"{stem}-{index}")
        circuit.name = ""
        circuit._layout = None  # noqa: SLF001
        entries.append(_entry(circuit, _as_qpy(circuit), name, where))
    return entries


def _as_qpy(circuit: QuantumCircuit) -> Source:
    """A container of the lowest version that can hold the circuit.

    Several environments share one store, and an older Qiskit reads no newer version.
    """
    from qiskit import qpy
    from qiskit.qpy import QpyError, common

    newest = common.QPY_VERSION
    for version in range(common.QPY_COMPATIBILITY_VERSION, newest + 1):
        buffer = io.BytesIO()
        try:
            qpy.dump(circuit, buffer, version=version)
        except QpyError:  # it has no words for something in the circuit
            if version == newest:
                raise
            continue
        break
    return Source(format="qpy", body=buffer.getvalue())
