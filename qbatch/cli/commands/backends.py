"""``qbatch backends``: list and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output, targets, values

if TYPE_CHECKING:
    from qbatch.backends.catalog import Catalog
    from qbatch.config import Config
    from qbatch.store.budgets import Cost

_BY = ("backend", "group", "tag")


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


def costs(
    ctx: typer.Context,
    since: Annotated[
        str | None,
        opt.option(
            "--since", metavar="DATE", section=opt.WHICH, help="Sent since 2026-01-31, or 30d ago."
        ),
    ] = None,
    by: Annotated[
        str,
        opt.option("--by", metavar="|".join(_BY), section=opt.HOW, help="What is told apart."),
    ] = "backend",
    json: opt.Json = False,
) -> None:
    """Show what batches have cost, and what is put aside for those not billed yet.

    A batch reserves the most that it can come to before it is sent; what the service says that
    it cost replaces that. A batch of several groups is shared out evenly among its jobs, and a
    job counts for each of its tags.

    Example: qbatch backends costs --since 30d --by group
    """
    from qbatch.api import groups as api_groups

    values.choice(by, "--by", _BY)
    moment = None if since is None else values.date(since).timestamp()
    found = api_groups.costs(by, moment or 0.0, targets.context(ctx).db)
    if json:
        entries = [cost._asdict() for cost in found]
        output.print_json("costs", entries, by=by, since=moment)
    elif found:
        columns = [by, "batches", "charged", "reserved", "currency", "seconds"]
        output.table(columns, map(_cells, found), right=["batches", *columns[2:4], "seconds"])
    else:
        output.message("nothing has cost anything, as far as is known")


def _cells(cost: Cost) -> list[str | int]:
    seconds = f"{cost.seconds:.6g}" if cost.seconds else ""
    money = _money(cost.charged), _money(cost.reserved), cost.currency or ""
    return [cost.of or "-", cost.batches, *money, seconds]


def _money(amount: float) -> str:
    return f"{amount:.2f}" if amount >= 0.01 or not amount else f"{amount:.4g}"


def _catalog(ctx: typer.Context) -> Catalog:
    from qbatch.backends.catalog import Catalog

    return Catalog(_config(ctx))


def _config(ctx: typer.Context) -> Config:
    from qbatch.config import Config

    return Config.load(targets.context(ctx).config)


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


BACKENDS = (
    "List and check backends, and what they have cost.",
    {"list": list_, "check": check, "costs": costs},
)
