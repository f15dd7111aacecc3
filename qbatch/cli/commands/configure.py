"""``qbatch backends`` and ``qbatch config``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output

backends = typer.Typer(help="List and check backends.", rich_markup_mode=None)
config = typer.Typer(help="Look at and change the configuration.", rich_markup_mode=None)


@backends.callback(invoke_without_command=True)
def list_backends(ctx: typer.Context, json: opt.Json = False) -> None:
    """List backends, or check one.

    Those of the configuration and the installed adapters, with what they accept.

    Example: qbatch backends
    """
    if ctx.invoked_subcommand is not None:
        return
    from qbatch.backends.catalog import Catalog

    entries = Catalog(opt.context(ctx).config).described()
    if json:
        output.print_json("backends", entries)
        return
    columns = ["backend", "type", "installed", "limits", "settings", "price", "problem"]
    rows = [
        [
            e["name"],
            e["type"],
            "yes" if e["installed"] else "no",
            _pairs(e["limits"]),
            _pairs(e["settings"]),
            _pairs(e["price"]),
            e["problem"],
        ]
        for e in entries
    ]
    if not any(entry["problem"] for entry in entries):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    output.table(columns, rows)


@backends.command("check")
def check(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="BACKEND", help="Its name.")],
    json: opt.Json = False,
) -> None:
    """Try a backend: its settings, the connection, the credentials.

    Nothing is run that costs anything.

    Example: qbatch backends check aer
    """
    from qbatch.backends.catalog import Catalog

    said = Catalog(opt.context(ctx).config).check(name)
    if json:
        output.print_json("check", {"backend": name, "said": said}, exit_code=0)
    else:
        print(f"{name}: {said}")


@config.command("path")
def path(ctx: typer.Context) -> None:
    """Print where the configuration is.

    Example: qbatch config path
    """
    from qbatch.config import config_path

    print(config_path(opt.context(ctx).config))


@config.command("show")
def show(ctx: typer.Context, json: opt.Json = False) -> None:
    """Print the configuration.

    Secrets are not in it: it names where they are.

    Example: qbatch config show
    """
    from qbatch.config import config_path, read_config

    given = opt.context(ctx).config
    if json:
        output.print_json("config", read_config(given))
        return
    file = Path(config_path(given))
    if file.exists():
        read_config(given)  # what cannot be read is said as everywhere
        print(file.read_text("utf-8"), end="")
    else:
        output.message(f"{file}: nothing is configured; qbatch config set KEY VALUE begins it")


@config.command("set")
def set_(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Such as defaults.backend.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A TOML value, or a text.")],
) -> None:
    """Set a value of the configuration.

    Comments and order of the file stay. A secret is refused: name its source.

    Example: qbatch config set backends.lab.token_env LAB_TOKEN
    """
    from qbatch.config import set_value

    print(f"{set_value(key, value, opt.context(ctx).config)}: {key} is set")


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())
