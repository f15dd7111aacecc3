"""Persistent groups of quantum jobs, run in few, large batches.

>>> import qbatch
>>> with qbatch.JobGroup("scan") as group:                            # doctest: +SKIP
...     group.add("ansatz.qasm", parameters={"theta": [0.1, 0.2]})
...     group.run()
...     for result in group.results():
...         print(result.job.parameters, result.counts)

What `__all__` names is what a program may rely on, with `qbatch.primitives`; with `qbatch.seam`,
`qbatch.payloads` and `qbatch.execution` for the authors of adapters, formats and executors, and
`qbatch.testing` for their tests. Everything else may move.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from qbatch.api.adding import AddReport
    from qbatch.api.archives import ArchiveCheck, merge_groups, unarchive, verify_archive
    from qbatch.api.database import backup, query, resolve, verify
    from qbatch.api.editing import EditReport
    from qbatch.api.groups import (
        PruneReport,
        delete_groups,
        list_groups,
        prune_groups,
    )
    from qbatch.api.job_group import JobGroup
    from qbatch.api.job_handle import JobHandle
    from qbatch.api.options import AddOptions, EditOptions, ProgramOptions, RunOptions
    from qbatch.api.results import Results
    from qbatch.config import Config
    from qbatch.domain.batches import Batch
    from qbatch.domain.groups import Group
    from qbatch.domain.history import Attempt, Cause, JobResult
    from qbatch.domain.jobs import Job
    from qbatch.domain.programs import Program
    from qbatch.domain.results import (
        Counts,
        ExpectationValue,
        ExpectationValues,
        ExportOptions,
        Probabilities,
    )
    from qbatch.domain.selectors import Selection, parse_selection
    from qbatch.domain.states import Failure, ProgramStatus, Status
    from qbatch.engine.compile_run import CompileReport
    from qbatch.engine.plan import Plan
    from qbatch.engine.report import Observer, RunReport, RunState
    from qbatch.engine.settings import RunSettings
    from qbatch.errors import (
        AuthError,
        BackendError,
        InvalidCircuit,
        InvalidObservable,
        InvalidParameters,
        InvalidSelector,
        JobFailed,
        Locked,
        NonDeterminism,
        NotFound,
        NotRecorded,
        ProgramError,
        QbatchError,
        StoreError,
        UsageError,
    )
    from qbatch.payloads.circuit.target import target_json
    from qbatch.programs.context import Context, Evaluated, Evaluation
    from qbatch.results.matching import MatchedPair
    from qbatch.results.plot_data import Picture, PlotOptions
    from qbatch.results.verdicts import CheckReport, Thresholds

_HOME = {
    "api.adding": ("AddReport",),
    "api.archives": ("ArchiveCheck", "merge_groups", "unarchive", "verify_archive"),
    "api.database": ("backup", "query", "resolve", "verify"),
    "api.editing": ("EditReport",),
    "api.groups": ("PruneReport", "delete_groups", "list_groups", "prune_groups"),
    "api.job_group": ("JobGroup",),
    "api.job_handle": ("JobHandle",),
    "api.options": ("AddOptions", "EditOptions", "ProgramOptions", "RunOptions"),
    "api.results": ("Results",),
    "config": ("Config",),
    "domain.batches": ("Batch",),
    "domain.groups": ("Group",),
    "domain.history": ("Attempt", "Cause", "JobResult"),
    "domain.jobs": ("Job",),
    "domain.programs": ("Program",),
    "domain.results": ("Counts", "ExpectationValue", "ExpectationValues", "ExportOptions",
                       "Probabilities"),
    "domain.selectors": ("Selection", "parse_selection"),
    "domain.states": ("Failure", "ProgramStatus", "Status"),
    "engine.compile_run": ("CompileReport",),
    "engine.plan": ("Plan",),
    "engine.report": ("Observer", "RunReport", "RunState"),
    "engine.settings": ("RunSettings",),
    "errors": ("AuthError", "BackendError", "InvalidCircuit", "InvalidObservable",
               "InvalidParameters", "InvalidSelector", "JobFailed", "Locked", "NonDeterminism",
               "NotFound", "NotRecorded", "ProgramError", "QbatchError", "StoreError",
               "UsageError"),
    "payloads.circuit.target": ("target_json",),
    "programs.context": ("Context", "Evaluated", "Evaluation"),
    "results.verdicts": ("CheckReport", "Thresholds"),
    "results.matching": ("MatchedPair",),
    "results.plot_data": ("Picture", "PlotOptions"),
}  # fmt: skip
_MODULES = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "AddOptions", "AddReport", "ArchiveCheck", "Attempt", "AuthError", "BackendError", "Batch",
    "Cause", "CheckReport", "CompileReport", "Config", "Context", "Counts", "EditOptions",
    "EditReport", "Evaluated", "Evaluation", "ExpectationValue", "ExpectationValues",
    "ExportOptions", "Failure", "Group", "InvalidCircuit", "InvalidObservable",
    "InvalidParameters", "InvalidSelector", "Job", "JobFailed", "JobGroup", "JobHandle",
    "JobResult", "Locked", "MatchedPair", "NonDeterminism", "NotFound", "NotRecorded", "Observer",
    "Picture", "Plan", "PlotOptions", "Probabilities", "Program", "ProgramError",
    "ProgramOptions", "ProgramStatus", "PruneReport", "QbatchError", "Results", "RunOptions",
    "RunReport", "RunSettings", "RunState", "Selection", "Status", "StoreError", "Thresholds",
    "UsageError", "__version__", "backup", "delete_groups", "list_groups", "merge_groups",
    "parse_selection", "prune_groups", "query", "resolve", "target_json", "unarchive", "verify",
    "verify_archive",
]  # fmt: skip


def __getattr__(name: str) -> object:
    # A shell completion imports this package; it must not pay for all that it offers.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"qbatch.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
