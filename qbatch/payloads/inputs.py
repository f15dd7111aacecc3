"""What users hand over (objects, paths, text) as payloads that can be used, or reasons."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from qbatch.domain.payloads import Payload
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.adding import AddRequest, check_payload
from qbatch.payloads.discover import find_files, load_file
from qbatch.payloads.registry import format_of, formats

Input = Any
"""A path, a text, or an object that an installed payload format takes."""

_SHOWN = 20


def usable_payloads(
    inputs: Iterable[Input], wanted: AddRequest, *, skip_invalid: bool = False
) -> tuple[AddRequest, list[Payload], tuple[str, ...]]:
    """The payloads that can answer a request, and what is wrong with the others.

    The request comes back with the parameters that it knows of then.

    Args:
        skip_invalid: leave the others out; otherwise they are an error.

    Raises:
        UsageError: nothing can be used, or not everything can; every reason is named.
    """
    read = list(_read(inputs))
    names = {name for one in read if isinstance(one, Payload) for name in one.parameters}
    wanted = replace(wanted, elsewhere=frozenset(names))
    usable, invalid = _sorted_out(read, wanted)
    if invalid and not (skip_invalid and usable):
        raise type(invalid[0])(_listed(invalid), hint=_hint(invalid))
    if not usable:
        raise InvalidCircuit("nothing to add")
    return wanted, usable, tuple(str(error) for error in invalid)


def _sorted_out(
    read: Iterable[Payload | UsageError], wanted: AddRequest
) -> tuple[list[Payload], list[UsageError]]:
    """What can answer the request, and why the others cannot."""
    usable: list[Payload] = []
    invalid: list[UsageError] = []
    request = wanted.request(wanted.observables)
    for found in read:
        try:
            if isinstance(found, UsageError):
                raise found
            check_payload(found, wanted, request)
        except UsageError as error:
            invalid.append(error)
        else:
            usable.append(found)
    return usable, invalid


def _read(inputs: Iterable[Input]) -> Iterator[Payload | UsageError]:
    for entry in inputs:
        if isinstance(entry, list | tuple):
            yield from _read(entry)
        elif _is_text(entry) or not isinstance(entry, str | os.PathLike):
            yield from _from_object(entry)
        else:
            for file in find_files([os.fspath(entry)]):
                yield from load_file(file)


def _is_text(entry: Input) -> bool:
    return isinstance(entry, str) and ("\n" in entry or "OPENQASM" in entry)


def _from_object(entry: Input) -> list[Payload | UsageError]:
    """The payloads of a text or an object, or what is wrong with it."""
    try:
        if isinstance(entry, str):
            data = entry.encode()
            return list(format_of(data).read(data, "text"))
        own = next((own for own in formats() if own.takes(entry)), None)
        if own is None:
            raise InvalidCircuit(f"{entry!r} is neither a circuit nor a path nor OpenQASM text")
        return [own.from_object(entry)]
    except UsageError as error:
        return [error]


def _listed(invalid: Sequence[UsageError]) -> str:
    lines = [str(error) for error in invalid[:_SHOWN]]
    if len(invalid) > _SHOWN:
        lines.append(f"… and {len(invalid) - _SHOWN} more")
    return "\n".join(lines)


def _hint(invalid: Sequence[UsageError]) -> str:
    hints = [invalid[0].hint, "nothing was stored"]
    if len(invalid) > 1:
        hints.append("--skip-invalid leaves what cannot be used out")
    return "; ".join(hint for hint in hints if hint)
