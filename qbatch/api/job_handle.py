"""A job as an object that looks up how it stands whenever it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbatch.api import runs
from qbatch.api.results import Results
from qbatch.domain.naming import shell_quote
from qbatch.domain.selectors import Selection
from qbatch.domain.states import UNSUCCESSFUL, Status

if TYPE_CHECKING:
    from typing import Unpack

    from qbatch.api.options import RunOptions
    from qbatch.api.stored_group import StoredGroup
    from qbatch.domain.compilations import CompilationUsed
    from qbatch.domain.history import Attempt, JobResult
    from qbatch.domain.jobs import Job
    from qbatch.domain.payloads import Source
    from qbatch.engine import RunReport


class JobHandle:
    """One job of a group, with the verbs of Perceval's ``RemoteJob``.

    Attributes:
        number: of the job in its group, from 1.
    """

    def __init__(self, stored: StoredGroup, number: int) -> None:
        self._stored = stored
        self.number = number
        self._selection = Selection(numbers=(number,))

    def __repr__(self) -> str:
        return f"<qbatch job {self.id}: {self.status.value}>"

    @property
    def id(self) -> str:
        """``group/number``, as commands take it."""
        return f"{self._stored.name}/{self.number}"

    @property
    def job(self) -> Job:
        """All that is stored of it, as it is now.

        Raises:
            NotFound: it was deleted.
        """
        selection = self._stored.selection(self._selection)
        return next(self._stored.store.jobs.select(self._stored.group().id, selection))

    @property
    def name(self) -> str | None:
        """The job's name."""
        return self.job.name

    @property
    def status(self) -> Status:
        """How it stands now."""
        return self.job.status

    @property
    def is_complete(self) -> bool:
        """Whether it is done, has failed, or was cancelled."""
        return self.status in (Status.DONE, *UNSUCCESSFUL)

    @property
    def is_failed(self) -> bool:
        """Whether it has failed or was cancelled."""
        return self.status in UNSUCCESSFUL

    @property
    def is_success(self) -> bool:
        """Whether it is done."""
        return self.status is Status.DONE

    def cancel(self) -> None:
        """Cancel it; if it is under way, ask for that."""
        runs.cancel(runs.Target(self._stored, self._selection))

    def rerun(self, **options: Unpack[RunOptions]) -> RunReport | None:
        """Run it again if it has failed or was cancelled; None if it has not."""
        settings = runs.settings_of(self._stored.config, options)
        return runs.rerun([runs.Target(self._stored, self._selection)], settings)

    def get_results(self) -> JobResult | None:
        """What it yielded; None if there is no result (yet)."""
        found = next(iter(Results(self._stored, self._selection)))
        from qbatch.api.perceval_results import told

        return told(found, lambda: self.attempts)

    @property
    def attempts(self) -> list[Attempt]:
        """Every try at it, the first one first."""
        return self._stored.store.history.attempts(self.job.id)

    @property
    def source(self) -> Source:
        """What it is about, as it was added."""
        return self._stored.store.jobs.source(self.job.payload)

    @property
    def source_text(self) -> str:
        """The same, for a person to read."""
        from qbatch.payloads.registry import payload_format

        job = self.job
        return payload_format(job.kind).show(self._stored.store.jobs.source(job.payload))

    @property
    def compilations(self) -> list[CompilationUsed]:
        """All that its circuit was compiled to, the newest first."""
        from qbatch.store import compilations

        return compilations.known(self._stored.store.database, self.job.payload)

    def compiled_text(self, found: CompilationUsed) -> str:
        """The circuit that its own was compiled to, for a person to read."""
        from qbatch.payloads.registry import payload_format

        source = self._stored.store.jobs.source(found.compiled)
        return payload_format(source.kind).show(source)

    @property
    def why_not_exact(self) -> str | None:
        """Why its outcomes have no exact distribution; None if they have one."""
        from qbatch.payloads.registry import payload_format

        job = self.job
        source = self._stored.store.jobs.source(job.payload)
        return payload_format(job.kind).why_not_exact(source)

    @property
    def advice(self) -> str:
        """What may be done next, with the command."""
        from qbatch.results.advice import advice
        from qbatch.store import run_lock

        job, store = self.job, self._stored.store
        running = run_lock.is_running(store, self._stored.group().id)
        return advice(job, store.history.attempts(job.id), running=running)

    @property
    def command(self) -> str:
        """The command that shows all of it."""
        return f"qbatch show {shell_quote(self._stored.name)}/{self.number}"
