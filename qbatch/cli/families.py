"""Families of options: declared once, taken by every command that names them.

A command has a parameter whose type is a `Family`; `spread` gives it an option for each of the
family's fields instead, so that what belongs together is written, read and documented once.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints


@dataclasses.dataclass(kw_only=True)
class Family:
    """The base of a family: a dataclass whose fields are annotated with Typer's options."""


def spread(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the options of its families among its own."""
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    families = {
        p.name: p.annotation
        for p in parameters
        if inspect.isclass(p.annotation) and issubclass(p.annotation, Family)
    }
    if not families:
        return command
    spread_out: list[inspect.Parameter] = []
    for parameter in parameters:
        if parameter.name in families:
            spread_out += _fields(families[parameter.name])
        else:
            spread_out.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def wrapper(**values: Any) -> Any:
        for name, family in families.items():
            own = {field.name: values.pop(field.name) for field in dataclasses.fields(family)}
            values[name] = family(**own)
        return command(**values)

    wrapper.__signature__ = inspect.Signature(spread_out)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in spread_out}
    del wrapper.__wrapped__
    return wrapper


def _fields(family: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(family, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(family)
    ]
