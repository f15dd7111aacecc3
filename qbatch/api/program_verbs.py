"""The verbs of a group that are about programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qbatch.api import programs
from qbatch.api.stored_group import Selector, StoredGroup

if TYPE_CHECKING:
    from typing import Unpack

    from qbatch.api.options import ProgramOptions
    from qbatch.domain.programs import Program
    from qbatch.results.plot_data import LinePlot


class ProgramVerbs:
    """Programs of a `qbatch.JobGroup`."""

    _stored: StoredGroup

    def add_program(self, reference: str, **options: Unpack[ProgramOptions]) -> range:
        """Add a program: a function that asks for evaluations round by round.

        Args:
            reference: ``file.py:function``, ``package.module:function`` or ``builtin:name``; its
                first parameter is the context (`qbatch.Context`).
            options: see `qbatch.ProgramOptions`.

        Returns:
            The numbers of the programs, one for each point.

        Raises:
            UsageError: it cannot be loaded or called so; nothing was stored.
        """
        return programs.add(self._stored, reference, options)

    def programs(self, selector: Selector = None) -> list[Program]:
        """The programs that a selector such as ``p3,p7`` names; all by default."""
        return programs.select(self._stored, selector)

    def convergence(self, selector: Selector = None) -> LinePlot:
        """How programs converge, as a picture: the best value so far against the round.

        Raises:
            UsageError: no program that is meant has reported a value.
        """
        return programs.convergence(self._stored, selector)

    def program_source(self, program: Program) -> Mapping[str, str]:
        """The code of a program as it was added: texts by file."""
        return self._stored.store.programs.source(program.source).files
