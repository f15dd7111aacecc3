"""Ports of loopback, for processes that only take a number."""

from __future__ import annotations

import contextlib
import socket

_HOST = "127.0.0.1"


def free(count: int) -> list[int]:
    """Numbers of ports that nothing listens on, all different."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind((_HOST, 0))
        return [int(one.getsockname()[1]) for one in found]


def is_taken(port: int) -> bool:
    """Whether something listens there. It is not connected to: BQSKit takes one connection only."""
    with socket.socket() as one:
        # Then only a socket that listens is in the way, and this one is in nobody's.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((_HOST, port))
        except OSError:
            return True
    return False
