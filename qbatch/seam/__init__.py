"""The seam: all that the author of an adapter, payload format, compiler or executor imports.

An adapter maps every foreign exception to the project's `BackendError` family and lets
nothing else out:

- ``submit``, ``send``: `Transient` only where the batch was certainly not accepted,
  `LostAnswer` where it may have been; `Rejected` where the backend refuses it as a whole;
  `AuthError`.
- ``status``, ``results``, ``answers``, ``cancel``: `BatchNotFound` where the backend does not know
  the id; `Transient` where another try may help; `AuthError`.

Each item is judged by itself: one that cannot run is an `ItemResult` with a ``failure``,
never an exception that takes its neighbours along.
"""

from qbatch.domain.batches import Usage
from qbatch.domain.limits import Limits
from qbatch.domain.provenance import Calibration, Provenance, Qubit
from qbatch.seam.objects import (
    BatchStatus,
    Estimate,
    Item,
    ItemResult,
    Prepared,
    Submission,
    by_position,
)
from qbatch.seam.packages import versions_of
from qbatch.seam.protocols import (
    Backend,
    SupportsAnswers,
    SupportsCheck,
    SupportsClose,
    SupportsCost,
    SupportsDeadlines,
    SupportsEstimate,
    SupportsFreeSlots,
    SupportsMarks,
    SupportsOptions,
    SupportsPrepare,
    SupportsPrices,
    SupportsProvenance,
    SupportsResults,
    SupportsSubmit,
    SupportsTiming,
    SupportsWait,
)
from qbatch.seam.stages import (
    Compiled,
    Compiler,
    CompileTask,
    Landed,
    Mark,
    Stage,
    SupportsTarget,
    Target,
)

VERSION = 1
"""Of the protocols; an adapter may hold it against what it was written for."""

__all__ = [
    "VERSION",
    "Backend",
    "BatchStatus",
    "Calibration",
    "CompileTask",
    "Compiled",
    "Compiler",
    "Estimate",
    "Item",
    "ItemResult",
    "Landed",
    "Limits",
    "Mark",
    "Prepared",
    "Provenance",
    "Qubit",
    "Stage",
    "Submission",
    "SupportsAnswers",
    "SupportsCheck",
    "SupportsClose",
    "SupportsCost",
    "SupportsDeadlines",
    "SupportsEstimate",
    "SupportsFreeSlots",
    "SupportsMarks",
    "SupportsOptions",
    "SupportsPrepare",
    "SupportsPrices",
    "SupportsProvenance",
    "SupportsResults",
    "SupportsSubmit",
    "SupportsTarget",
    "SupportsTiming",
    "SupportsWait",
    "Target",
    "Usage",
    "by_position",
    "versions_of",
]
