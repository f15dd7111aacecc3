"""A service in a process of its own, on 127.0.0.1, which outlives a killed qbatch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self


class ServiceProcess:
    """Starts a module that prints its port and serves until its standard input ends.

    Args:
        module: what is run.
        arguments: of its command line.
        environment: what its environment holds besides.
    """

    def __init__(
        self, module: str, arguments: Sequence[str], environment: dict[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def audit(self) -> dict[str, Any]:
        """What the service says of all that was asked of it."""
        with urllib.request.urlopen(f"{self.url}/audit", timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found

    def close(self) -> None:
        """End the service."""
        self._process.communicate("", timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def post(self, path: str, document: Any) -> None:
        """Tell the service something."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}/{path}", json.dumps(document).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            pass


def configuration(name: str, settings: dict[str, Any]) -> str:
    """A backend's settings as a table of the configuration file."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join([f"[backends.{name}]", *lines]) + "\n"
