"""``qbatch``, and ``python -m qbatch``."""

import os
import sys


def main() -> None:
    """Answer a shell's TAB at once; everything else is the command's."""
    if "_QBATCH_COMPLETE" in os.environ:
        from qbatch.cli.completion import main as complete

        complete(sys.argv[1:])
    else:
        import gc

        from qbatch.cli.boundary import main as command

        # What a command makes mostly stays until it ends, and little of it is garbage.
        gc.set_threshold(50_000, 20, 20)
        command()


if __name__ == "__main__":
    main()
