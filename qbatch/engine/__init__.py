"""The run loop: recover, plan, prepare, submit, poll, collect; and how it is stopped.

Nothing here prints, knows SQL, or knows a concrete backend.
"""

from qbatch.engine.report import Observer, RunReport, RunState
from qbatch.engine.run import Run
from qbatch.engine.settings import RunSettings

__all__ = ["Observer", "Run", "RunReport", "RunSettings", "RunState"]
