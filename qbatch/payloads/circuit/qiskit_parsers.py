"""Qiskit's own parsers, for what the fast readers hand on: their errors told with file and line."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.errors import InvalidCircuit

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

INCLUDE = re.compile(rb'\binclude\s*["\']([^"\']+)["\']')
_POSITION = re.compile(
    r"^(?:(?P<file>.*):)?(?P<line>\d+),(?P<column>\d+): (?P<reason>.*)$", re.DOTALL
)
_ANTLR_POSITION = re.compile(r"line (?P<line>\d+):(?P<column>\d+) (?P<reason>[^\n]+)")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_STATM = Path("/proc/self/statm")
_MEMORY_AT_LEAST = 2 * 2**30
_MEMORY_PER_BYTE = 200


def _check_includes(body: bytes, directory: Path | None, depth: int = 20) -> None:
    """Files are included from beside the text or below it, and from nowhere else.

    Raises:
        InvalidCircuit: one is not.
    """
    for match in INCLUDE.finditer(body):
        if b"//" in body[body.rfind(b"\n", 0, match.start()) + 1 : match.start()]:
            continue  # it stands in a comment
        name = match[1].decode("utf-8", "replace")
        file = None if name == "qelib1.inc" else _included(name, directory)
        if file is None:
            continue  # if it is not there, the parser says so
        if not depth:
            raise InvalidCircuit("files include each other without end")
        _check_includes(file.read_bytes(), directory, depth - 1)


def _included(name: str, directory: Path | None) -> Path | None:
    """The file that is meant, if there is one.

    Raises:
        InvalidCircuit: it lies neither beside the text nor below it.
    """
    place = Path(name)
    if place.is_absolute() or ".." in place.parts:
        raise InvalidCircuit(
            f"include {name!r} is refused: files are included from beside the circuit or below"
        )
    if directory is None or not (directory / place).is_file():
        return None
    if not (directory / place).resolve().is_relative_to(directory.resolve()):
        raise InvalidCircuit(f"include {name!r} is refused: it leads out of its directory")
    return directory / place


def parse_qasm2(body: bytes, directory: Path | None) -> QuantumCircuit:
    """A circuit from OpenQASM 2; files that it includes lie beside it, or below."""
    from qiskit import qasm2

    _check_includes(body, directory)
    return qasm2.loads(
        body.decode().removeprefix("\ufeff"),
        custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
        include_path=[str(directory)] if directory else [],
    )


def parse_qasm3(body: bytes, _: Path | None) -> QuantumCircuit:
    """A circuit from OpenQASM 3."""
    from qiskit import qasm3

    # ANTLR's lexer prints its errors as well as raising them.
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            circuit: QuantumCircuit = qasm3.loads(body.decode().removeprefix("\ufeff"))
        except Exception as error:
            if reason := _syntax_error(error, said.getvalue()):
                raise InvalidCircuit(reason) from error
            raise
    return circuit


def _syntax_error(error: BaseException, printed: str) -> str | None:
    """Where a text breaks the grammar: the parser leaves that in the cause of its error."""
    cancelled = error.__cause__
    cause = cancelled.args[0] if cancelled is not None and cancelled.args else None
    token = getattr(cause, "offendingToken", None)
    if token is not None:
        return f"{token.line},{token.column}: syntax error at {token.text!r}"
    place = _ANTLR_POSITION.search(printed)
    return "{line},{column}: {reason}".format(**place.groupdict()) if place else None


def parse_qpy(body: bytes, _: Path | None) -> QuantumCircuit:
    """The one circuit of a QPY container."""
    from qiskit import qpy

    circuit: QuantumCircuit = qpy.load(io.BytesIO(body))[0]
    return circuit


@contextlib.contextmanager
def bounded_memory(size: int) -> Iterator[None]:
    """No parser may take memory out of all proportion to a file's size.

    A few wrong bytes, or a typing error, declare a billion qubits; without a limit that
    ends with the process, or another one, being killed for want of memory.
    """
    try:
        import resource

        used = int(_STATM.read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):  # Linux only
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = used + _MEMORY_AT_LEAST + _MEMORY_PER_BYTE * size
    most = [limit, *(value for value in before if value != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(most), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextlib.contextmanager
def parser_errors(origin: str, summary: str | None = None) -> Iterator[None]:
    """Whatever a parser throws, a Rust panic included, as one clear message."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError as error:
        reason = "takes more memory than its size can explain; is a register too large?"
        raise InvalidCircuit(f"{origin}: {reason}") from error
    except BaseException as error:
        raise InvalidCircuit(_located(origin, error, summary)) from error


def _located(origin: str, error: BaseException, summary: str | None) -> str:
    said = _ANSI.sub("", getattr(error, "message", "") or str(error)).strip().strip('"')
    if place := _POSITION.match(said):
        # A position in a file that the text includes belongs to that file.
        file = place["file"]
        included = file and file != "<input>" and Path(file).name != Path(origin).name
        where = f"{origin}: in {file}:" if included else f"{origin}:"
        return f"{where}{place['line']}:{place['column']}: {place['reason']}"
    if summary:
        return f"{origin}: {summary}"
    reason = said.splitlines()[0] if said else type(error).__name__
    return f"{origin}: cannot be parsed: {reason}"
