"""The error tree. Every class carries the exit code of the command that ends with it.

QbatchError
├── UsageError                 2   the command's words or its input are wrong
│   ├── InvalidCircuit             a circuit cannot be read or used
│   ├── InvalidParameters          parameter values do not fit the circuit
│   ├── InvalidObservable          an observable does not fit the circuit
│   ├── InvalidSelector            a job selector cannot be understood
│   ├── NotFound                   no such group, job or backend
│   │   └── NotInstalled           this environment lacks what a job or batch needs
│   └── NotADatabase               the file is no store of this program
├── Unfinished                 3   work remains
├── BackendError               4   a backend refused, failed or cannot be reached
│   ├── AuthError                  the credentials are missing or refused
│   ├── Unavailable                it cannot be reached at all; the run ends
│   ├── AlreadyEnded               too late: the batch has come to its end
│   ├── InvalidJob                 the backend cannot run this circuit
│   ├── Rejected                   the backend refused a batch as a whole
│   ├── Transient                  certainly not accepted; worth another try
│   ├── LostAnswer                 perhaps accepted: the answer never came
│   └── BatchNotFound              the backend does not know this batch
├── ProgramError               1   a program cannot go on
│   ├── JobFailed                  a job of its step did not end well
│   └── NonDeterminism             it asks for something else than before
├── Locked                     5   another process holds what this one needs
├── StoreError                 1   the store cannot be read or written
└── Interrupted              130   stopped by a signal
"""

from __future__ import annotations


class QbatchError(Exception):
    """Something went wrong."""

    exit_code = 1

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message or type(self).__doc__ or "")
        self.hint = hint

    def __str__(self) -> str:
        return str(self.args[0])


class UsageError(QbatchError):
    """The command or its input is wrong."""

    exit_code = 2


class InvalidCircuit(UsageError):
    """A circuit cannot be read or used."""


class InvalidParameters(UsageError):
    """Parameter values do not fit the circuit."""


class InvalidObservable(UsageError):
    """An observable does not fit the circuit."""


class InvalidSelector(UsageError):
    """A job selector cannot be understood."""


class NotFound(UsageError):
    """There is no such group, job or backend."""


class NotInstalled(NotFound):
    """This environment lacks what a job or batch needs."""

    exit_code = 4


class NotADatabase(UsageError):
    """The file is not a qbatch database."""


class Unfinished(QbatchError):
    """Work remains."""

    exit_code = 3


class BackendError(QbatchError):
    """The backend failed."""

    exit_code = 4
    failure = "backend"


class AuthError(BackendError):
    """The credentials are missing or were refused."""

    failure = "auth"


class Unavailable(BackendError):
    """The backend cannot be reached at all; nothing was sent, and trying again is of no use."""

    failure = "transient"


class AlreadyEnded(BackendError):
    """The batch has come to its end before."""


class InvalidJob(BackendError):
    """The backend cannot run this circuit."""

    failure = "invalid"


class Rejected(BackendError):
    """The backend refused the batch as a whole; nothing of it was run."""

    failure = "rejected"


class Transient(BackendError):
    """The backend certainly did not accept the batch; another try may help.

    Args:
        message: what happened.
        retry_after: seconds the service asked to wait, if it did.
    """

    failure = "transient"

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LostAnswer(BackendError):
    """The batch was sent, and no answer came: it may or may not have been accepted.

    Args:
        message: what happened.
        retry_after: seconds the service asked to wait, if it did.
    """

    failure = "transient"

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BatchNotFound(BackendError):
    """The backend does not know this batch."""

    failure = "lost"


class ProgramError(QbatchError):
    """A program cannot go on."""


class JobFailed(ProgramError):
    """A job of a program's step did not end well.

    Args:
        message: what happened.
        job: which one, as ``group/number``.
        failure: the class of it, such as ``invalid``.
    """

    def __init__(self, message: str = "", *, job: str = "", failure: str = "") -> None:
        super().__init__(message)
        self.job = job
        self.failure = failure


class NotRecorded(ProgramError):
    """A side effect that a program wanted to record has failed, now or before a replay."""


class NonDeterminism(ProgramError):
    """A program asks for something else than it asked before."""


class Locked(QbatchError):
    """Another process holds a lock that this one needs."""

    exit_code = 5


class StoreError(QbatchError):
    """The store cannot be read or written."""


class Interrupted(QbatchError):
    """Stopped by a signal."""

    exit_code = 130
