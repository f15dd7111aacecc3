"""``qbatch config``: the configuration, and the JSON Schemas of what commands print."""

from __future__ import annotations

import difflib
import re
from typing import Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output, targets, values
from qbatch.errors import UsageError


def path(ctx: typer.Context) -> None:
    """Print where the configuration is.

    Example: qbatch config path
    """
    from qbatch.config import config_path

    print(config_path(targets.context(ctx).config))


def show(ctx: typer.Context, json: opt.Json = False) -> None:
    """Print the configuration.

    Secrets are not in it: it names where they are.

    Example: qbatch config show
    """
    from qbatch.config import Config

    config = Config.load(targets.context(ctx).config)
    if json:
        output.print_json("config", dict(config.document))
    elif config.file.exists():
        print(config.file.read_text("utf-8"), end="")
    else:
        output.message(
            f"{config.file}: nothing is configured; qbatch config set KEY VALUE begins it"
        )


def set_(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Such as defaults.shots.")],
    value: Annotated[
        str | None,
        typer.Argument(metavar="[VALUE]", help="A TOML value, or a text; 4k for whole numbers."),
    ] = None,
    unset: Annotated[bool, opt.option("--unset", help="Take the value away.")] = False,
) -> None:
    """Set a value of the configuration.

    Keys are defaults.NAME (backend, executor, max_batch_size, max_in_flight, notify, rate,
    retries, sampling, shots, timeout, wait_lock), backends.NAME.type (an adapter of qbatch
    backends list) and, once that is set, backends.NAME.SETTING, such as token_env, price or
    what the adapter takes. Comments and order of the file stay. A secret is refused: name
    its source.

    Example: qbatch config set backends.lab.type aer
    """
    from qbatch.config import WHOLE_NUMBERS, set_value

    if (value is None) != unset:
        raise UsageError("say KEY VALUE, or KEY --unset")
    if value is not None and key.removeprefix("defaults.") in WHOLE_NUMBERS:
        value = str(values.count(value, key))
    if value is not None and re.fullmatch(r"backends\.[^.]+\.type", key):
        from qbatch.backends import registry

        registry.load(value.strip("\"'"))  # a type that is not known would stop every command
    file = set_value(key, value, targets.context(ctx).config)
    print(f"{file}: {key} is {'gone' if unset else 'set'}")


def schema(
    name: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]", help="Such as results. Default: list all."),
    ] = None,
) -> None:
    """Print the JSON Schema of what a command prints with --json.

    Example: qbatch config schema results
    """
    from json import dumps

    from qbatch.cli.schemas import SCHEMAS

    if not name:
        for known in SCHEMAS:
            print(known)
        return
    wanted = " ".join(name)
    if wanted not in SCHEMAS:
        near = difflib.get_close_matches(wanted, SCHEMAS, 1)
        hint = f"did you mean {near[0]!r}?" if near else "qbatch config schema lists them"
        raise UsageError(f"there is no schema {wanted!r}", hint=hint)
    print(dumps(SCHEMAS[wanted], indent=2, ensure_ascii=False))


CONFIG = (
    "Look at and change the configuration.",
    {"path": path, "show": show, "set": set_, "schema": schema},
)
