"""``qbatch``, and ``python -m qbatch``."""

import os
import sys


def main() -> None:
    """Answer a shell's TAB at once; everything else is the command's."""
    if "_QBATCH_COMPLETE" in os.environ:
        from qbatch.cli.completion import main as complete

        complete(sys.argv[1:])
    else:
        from qbatch.cli.boundary import main as command

        command()


if __name__ == "__main__":
    main()
