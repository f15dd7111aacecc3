"""For the authors of adapters, and for qbatch's own tests.

- `InstantBackend` answers at once, in this process.
- `FakeServer` starts a service in a process of its own, which outlives a killed qbatch,
  with faults on demand; `FakeBackend` is its adapter (``type =
  "qbatch.testing:FakeBackend"`` in the configuration).
- `HostileServer` starts a second service, of another dialect, which answers badly in more
  than forty ways; `StepsBackend` is its adapter.
- `PositionalBackend` answers by position alone, yields counts only, and takes the same
  submission again as the same batch.
- `BackendContract` holds one test per promise of the seam, `PayloadContract` of a payload
  format, `CompilerContract` of a compiler; every adapter, format and compiler runs them.
"""

from qbatch.testing.compilers import CompilerContract
from qbatch.testing.contract import BackendContract
from qbatch.testing.fake import FakeBackend, FakeServer
from qbatch.testing.instant import InstantBackend, all_zeros, instant
from qbatch.testing.payloads import PayloadContract
from qbatch.testing.positional import PositionalBackend, PositionalService
from qbatch.testing.steps import HostileServer, StepsBackend

__all__ = [
    "BackendContract",
    "CompilerContract",
    "FakeBackend",
    "FakeServer",
    "HostileServer",
    "InstantBackend",
    "PayloadContract",
    "PositionalBackend",
    "PositionalService",
    "StepsBackend",
    "all_zeros",
    "instant",
]
