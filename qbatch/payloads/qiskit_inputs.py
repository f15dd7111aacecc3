"""What Qiskit's users hand over, in the form that every payload format takes.

Qiskit is never imported here: an object of a class of its own can only exist where its module
has been imported by somebody else.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qbatch.errors import InvalidObservable, InvalidParameters, UsageError

_MOST_TERMS = 1_000_000


def _is(value: object, module: str, name: str) -> bool:
    own = getattr(sys.modules.get(module), name, None)
    return own is not None and isinstance(value, own)


def is_circuit(value: object) -> bool:
    """Whether it is a Qiskit circuit."""
    return _is(value, "qiskit.circuit", "QuantumCircuit")


def observable_texts(observables: Any) -> tuple[str, ...]:
    """Observables as texts; one alone counts as a list of one.

    Raises:
        InvalidObservable: one is neither a text nor a ``SparsePauliOp``.
    """
    if isinstance(observables, str) or is_operator(observables):
        return (_observable(observables),)
    if isinstance(observables, Mapping):
        raise InvalidObservable(
            f"observable {dict(observables)!r}: write it as a text", hint="0.5*XI - ZZ"
        )
    if not isinstance(observables, Iterable):
        raise InvalidObservable(f"observable {observables!r}: neither a text nor a SparsePauliOp")
    return tuple(map(_observable, observables))


def is_operator(value: object) -> bool:
    """Whether it is one observable of Qiskit's."""
    return _is(value, "qiskit.quantum_info", "SparsePauliOp") or _is(
        value, "qiskit.quantum_info", "Pauli"
    )


def _observable(value: Any) -> str:
    if isinstance(value, str):
        return value
    if _is(value, "qiskit.quantum_info", "Pauli"):
        from qiskit.quantum_info import SparsePauliOp

        value = SparsePauliOp(value)
    if not _is(value, "qiskit.quantum_info", "SparsePauliOp"):
        raise InvalidObservable(f"observable {value!r}: neither a text nor a SparsePauliOp")
    if getattr(value, "parameters", None):
        raise InvalidObservable("an observable with parameters: bind them first")
    if len(value) > _MOST_TERMS:
        raise InvalidObservable(f"an observable of {len(value)} terms, at most {_MOST_TERMS}")
    terms = [f"{_real(letters, factor)!r}*{letters}" for letters, factor in value.to_list()]
    return " + ".join(terms).replace("+ -", "- ")


def _real(letters: str, factor: complex) -> float:
    if abs(factor.imag) > 1e-12 * max(1.0, abs(factor.real)):
        raise InvalidObservable(f"the factor of {letters} is {factor}: not real")
    return float(factor.real)


def shots_for(precision: float) -> int:
    """Shots for a standard error, as Qiskit's ``BackendEstimatorV2`` counts them.

    Raises:
        UsageError: it is no number above 0.
    """
    try:
        good = 0 < precision < math.inf
    except TypeError:
        good = False
    if not good:
        raise UsageError(f"precision {precision!r}: not a number above 0")
    return math.ceil(1 / precision**2)


def axes_by_name(parameters: Mapping[Any, Any]) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Values by the parameters' names, and rows of a vector's values, if any.

    Raises:
        InvalidParameters: a key is no parameter, or a vector's values do not fit it.
    """
    axes: dict[str, Any] = {}
    rows: list[dict[str, float]] = []
    for key, values in parameters.items():
        if not _is(key, "qiskit.circuit", "ParameterVector"):
            axes[_name(key)] = values
            continue
        names, given = [element.name for element in key], _nested(values)
        if given and isinstance(given[0], list):
            if rows:
                raise InvalidParameters("rows of values for one parameter vector, not for several")
            rows = [_fitting(names, row, key.name) for row in given]
        else:
            axes.update(_fitting(names, given, key.name))
    return axes, rows


def _name(key: object) -> str:
    if isinstance(key, str):
        return key
    if _is(key, "qiskit.circuit", "Parameter"):
        return str(getattr(key, "name", key))
    raise InvalidParameters(f"{key!r} is no parameter: neither a name nor a Parameter")


def _nested(values: Any) -> list[Any]:
    """Lists of numbers, of arrays as well."""
    found = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(found, Iterable) or isinstance(found, str):
        return [found]
    return [_nested(item) if _is_list(item) else item for item in found]


def _is_list(item: object) -> bool:
    return (isinstance(item, Sequence) and not isinstance(item, str)) or hasattr(item, "__array__")


def _fitting(names: Sequence[str], values: Sequence[Any], what: str) -> dict[str, Any]:
    if len(values) != len(names):
        raise InvalidParameters(f"{what} has {len(names)} elements, and {len(values)} values")
    return dict(zip(names, values, strict=True))


def rows_by_name(rows: Any, circuits: Sequence[Any]) -> list[dict[str, float]] | None:
    """Rows as mappings; the columns of an array are the circuit's parameters, in its order.

    Raises:
        InvalidParameters: an array stands beside no circuit, or does not fit it.
    """
    if rows is None:
        return None
    given = list(rows)
    if all(isinstance(row, Mapping) for row in given):
        return [{_name(key): value for key, value in row.items()} for row in given]
    if len(circuits) != 1 or not is_circuit(circuits[0]):
        raise InvalidParameters(
            "an array of rows belongs to one Qiskit circuit, whose parameters are its columns",
            hint='name them otherwise: rows=[{"theta": 0.1, "phi": 0.2}, …]',
        )
    names = [parameter.name for parameter in circuits[0].parameters]
    return [_fitting(names, _nested(row), "the circuit") for row in given]


def is_pub(value: object) -> bool:
    """Whether it is a tuple as Qiskit's primitives take them: a circuit, and what to do."""
    return isinstance(value, tuple) and 1 < len(value) <= 4 and is_circuit(value[0])


def pub_options(pub: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
    """A PUB's circuit, and what it says as options of ``add``.

    ``(circuit, values, shots)`` as of a sampler, ``(circuit, observables, values, precision)``
    as of an estimator; what comes second tells them apart by its type.

    Raises:
        InvalidObservable, InvalidParameters: it is not understood.
    """
    circuit, second = pub[0], pub[1]
    if _are_observables(second):
        values, last = (*pub[2:], None, None)[:2]
        found: dict[str, Any] = {"observables": second}
        if last is not None:
            found["precision"] = last
    else:
        values, last = (*pub[1:], None, None)[:2]
        found = {} if last is None else {"shots": last}
    if values is not None:
        found.update(_pub_values(circuit, values))
    return circuit, found


def _are_observables(value: Any) -> bool:
    if isinstance(value, str) or is_operator(value):
        return True
    if isinstance(value, list | tuple) and value:
        return isinstance(value[0], str) or is_operator(value[0])
    return False


def _pub_values(circuit: Any, values: Any) -> dict[str, Any]:
    if isinstance(values, Mapping):
        return {"parameters": values}
    given = _nested(values)
    if given and isinstance(given[0], list):
        return {"rows": given}
    return {"rows": [given]} if given or circuit.parameters else {}
