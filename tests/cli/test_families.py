"""Families of options: declared once, spread among a command's own."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import typer

from qbatch.cli.families import Family, spread


@dataclass(kw_only=True)
class Colours(Family):
    red: Annotated[bool, typer.Option("--red")] = False
    shade: Annotated[str | None, typer.Option("--shade")] = None


def paint(wall: str, colours: Colours, quick: bool = False) -> tuple[str, Colours, bool]:
    """Paint."""
    return wall, colours, quick


def test_a_family_becomes_its_options():
    command = spread(paint)
    assert list(inspect.signature(command).parameters) == ["wall", "red", "shade", "quick"]
    assert command.__doc__ == "Paint."
    told = command(wall="north", red=True, shade="dark", quick=True)
    assert told == ("north", Colours(red=True, shade="dark"), True)


def test_a_command_without_families_stays_itself():
    def plain(x: int) -> int:
        return x

    assert spread(plain) is plain
