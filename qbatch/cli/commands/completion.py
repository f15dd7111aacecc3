"""``qbatch completion``."""

from __future__ import annotations

from typing import Annotated

import typer

from qbatch.cli import values

_KINDS = ("bash", "zsh", "fish", "man")


def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish|man", help="Which of them.")],
) -> None:
    """Print the completion script of a shell, or the manual page.

    Example: qbatch completion bash >> ~/.bashrc
    """
    values.choice(shell, "completion", _KINDS)
    if shell == "man":
        from qbatch import __version__
        from qbatch.cli import help_text, spec

        print(help_text.manual_page(spec.load(), __version__), end="")
        return
    from qbatch.cli.completion_scripts import SCRIPTS

    print(SCRIPTS[shell], end="")
