"""BQSKit's managers and the server above them, as a user starts them, on loopback."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from qbatch.execution import ports


class Cluster:
    """So many managers of one worker each, and a server.

    Attributes:
        address: of the server.
    """

    address: str

    def __init__(self, managers: int) -> None:
        self.managers = managers
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Cluster":
        port, *others = ports.free(1 + 2 * self.managers)
        addresses = []
        for n in range(self.managers):
            own, for_workers = others[2 * n : 2 * n + 2]
            self._start("bqskit-manager", "-n", "1", "-p", own, "-w", for_workers)
            self._wait(own)
            addresses.append(f"127.0.0.1:{own}")
        self._start("bqskit-server", "-p", port, *addresses)
        self._wait(port)
        self.address = f"127.0.0.1:{port}"
        return self

    def _start(self, name: str, *arguments: object) -> None:
        root = Path(__file__).parents[1]
        path = os.pathsep.join([str(root), *filter(None, sys.path)])
        program = Path(sys.executable).with_name(name)
        self.processes.append(
            subprocess.Popen(
                [str(program), *map(str, arguments)],
                start_new_session=True,
                cwd=root,
                env={**os.environ, "PYTHONPATH": path},
            )
        )

    def _wait(self, port: int) -> None:
        end = time.monotonic() + 60
        while not ports.is_taken(port):
            assert time.monotonic() < end
            assert self.processes[-1].poll() is None
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
