"""What runs inside a worker: a chunk of circuits, each judged by itself."""

from __future__ import annotations

import importlib
import os
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qbatch.domain.states import CompilationState
from qbatch.errors import BackendError, QbatchError
from qbatch.seam.stages import CompileTask, Landed, Target

_MARK = struct.Struct("<qd")


def get_ready() -> None:
    """One thread a worker: there is one for each core. What every circuit needs is imported."""
    for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["QISKIT_PARALLEL"] = "FALSE"
    importlib.import_module("qiskit.transpiler")


def compile_chunk(
    compiler: str,
    target: Target,
    options: Mapping[str, Any],
    tasks: Sequence[CompileTask],
    note: Path | None,
) -> list[Landed]:
    """Compile some circuits one after another.

    Args:
        compiler: ``package.module:Class``.
        note: a file that says which one is worked on: should this process die or never end,
            its parent knows over what. None: the parent is on another machine.
    """
    module, _, attribute = compiler.partition(":")
    own = getattr(importlib.import_module(module), attribute)()
    found = []
    if hasattr(own, "get_ready"):  # before any circuit's time begins
        own.get_ready(options)
    with Path(note or os.devnull).open("wb", buffering=0) as file:
        for place, task in enumerate(tasks):
            begin = time.monotonic()
            os.pwrite(file.fileno(), _MARK.pack(place, begin), 0)
            readout = task.mark[1]
            compiled, error, state = None, None, CompilationState.DONE
            try:
                compiled = own.compile(task.source, readout, target, options)
            except BackendError:
                raise  # it is no circuit's fault: none is blamed for it
            except ImportError as wrong:
                raise BackendError(f"{type(wrong).__name__}: {wrong}") from wrong
            except MemoryError:
                state, error = CompilationState.LOST, "compiling it takes more memory than there is"
            except QbatchError as wrong:
                state, error = CompilationState.INVALID, str(wrong)
            except Exception as wrong:
                state = CompilationState.INVALID
                error = f"{type(wrong).__name__}: {wrong}"
            seconds = time.monotonic() - begin
            found.append(
                Landed(mark=task.mark, state=state, seconds=seconds, compiled=compiled, error=error)
            )
    return found


def worked_on(note: Path) -> tuple[int, float] | None:
    """Which circuit of its chunk a worker is at, and since when on the monotonic clock."""
    try:
        place, since = _MARK.unpack(note.read_bytes())
    except (OSError, struct.error):
        return None  # it has not begun
    return int(place), float(since)
