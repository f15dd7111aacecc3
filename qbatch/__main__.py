"""``python -m qbatch``."""

from qbatch.cli import main

if __name__ == "__main__":
    main()
