"""``qbatch backends``: list and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output, targets

if TYPE_CHECKING:
    from qbatch.backends.catalog import Catalog
    from qbatch.config import Config


def list_(ctx: typer.Context, json: opt.Json = False) -> None:
    """List backends, and the adapters that make them.

    Those of the configuration and the installed adapters, with what they accept; then each
    adapter with what installs it, the licences of all that comes with it, what it takes, and
    how it was tried.

    Example: qbatch backends list
    """
    entries = _catalog(ctx).described()
    adapters = _adapters()
    if json:
        output.print_json("backends", entries, adapters=adapters)
        return
    _print_backends(entries)
    print()
    columns = ["adapter", "extra", "installed", "licences", "takes", "tried with"]
    names = ("settings", "extra", "installed", "licence", "takes", "tried")
    shown = [{**one, "installed": "yes" if one["installed"] else "no"} for one in adapters]
    output.table(columns, [[one[name] for name in names] for one in shown])


def _print_backends(entries: list[dict[str, Any]]) -> None:
    columns = ["backend", "type", "installed", "limits", "settings", "price", "problem"]
    rows = [
        [
            e["name"],
            e["type"],
            "yes" if e["installed"] else "no",
            _pairs(e["limits"]),
            _pairs({**e["settings"], **({"compile": _pairs(c)} if (c := e["compile"]) else {})}),
            _pairs(e["price"]),
            e["problem"],
        ]
        for e in entries
    ]
    if not any(entry["problem"] for entry in entries):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    output.table(columns, rows)


def _adapters() -> list[dict[str, Any]]:
    from qbatch.backends import about

    own = [{**one._asdict(), "installed": one.is_installed} for one in about.ADAPTERS]
    for entry in own:
        del entry["module"]
    unknown = {"extra": "", "licence": "", "takes": "", "tried": "", "installed": True}
    return [*own, *({"settings": f"type = {kind}", **unknown} for kind in about.foreign())]


def check(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="BACKEND", help="Its name.")],
    json: opt.Json = False,
) -> None:
    """Try a backend: its settings, the connection, the credentials.

    Nothing is run that costs anything.

    Example: qbatch backends check aer
    """
    from qbatch.api.runner import check_backend

    said = check_backend(_config(ctx), name)
    if json:
        output.print_json("check", {"backend": name, "said": said}, exit_code=0)
    else:
        print(f"{name}: {said}")


def _catalog(ctx: typer.Context) -> Catalog:
    from qbatch.backends.catalog import Catalog

    return Catalog(_config(ctx))


def _config(ctx: typer.Context) -> Config:
    from qbatch.config import Config

    return Config.load(targets.context(ctx).config)


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


BACKENDS = ("List and check backends.", {"list": list_, "check": check})
