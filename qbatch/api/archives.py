"""Groups as files: read, verified, and added up with others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qbatch.api import archive_file
from qbatch.config import database_path
from qbatch.errors import NotFound, NotInstalled, UsageError
from qbatch.files import AnyPath
from qbatch.store import Store

if TYPE_CHECKING:
    from qbatch.api.signing import Signer
    from qbatch.store.merging import MergeReport


def unarchive(file: AnyPath, name: str | None = None, db: AnyPath | None = None) -> tuple[str, int]:
    """Make the group that an archive holds; its name and number of jobs.

    Args:
        name: instead of the one it had.

    Raises:
        UsageError: the archive is damaged or newer, or there is such a group.
    """
    records = archive_file.read(Path(file).expanduser())
    with Store(database_path(db)) as store:
        return store.archive.restore(records, name)


def merge_groups(sources: Sequence[AnyPath], name: str, db: AnyPath | None = None) -> MergeReport:
    """Add what groups and archives hold to a group, which is made where it does not exist.

    Counts of equal questions are added up part by part; a part that is there already, or draws
    the same random numbers as one that is, adds nothing.

    Args:
        sources: names of groups, or files that `JobGroup.archive` wrote.

    Raises:
        NotFound: there is neither such a group nor such a file.
        UsageError: an archive is damaged, or jobs of the group are under way.
        Locked: a process runs the group.
    """
    from qbatch.store import run_lock

    with Store(database_path(db)) as store:
        found = [(str(source), _records(store, source)) for source in sources
                 if str(source) != name]  # fmt: skip
        known = store.groups.find(name)
        with run_lock.hold(store, [known] if known else [], hint="wait for it, or cancel it"):
            return store.merging.merge(name, found)


def _records(store: Store, source: AnyPath) -> Iterable[dict[str, Any]]:
    """What a group or an archive holds.

    Raises:
        NotFound: it is neither.
    """
    group = store.groups.find(str(source))
    if group is not None:
        return store.archive.records(group)
    file = Path(source).expanduser()
    if file.is_file():
        return archive_file.read(file)
    raise NotFound(
        f"there is no group and no archive {str(source)!r}", hint="qbatch status lists the groups"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCheck:
    """What holds of an archive.

    Attributes:
        records: number of them; all of them are as they were written (sha256).
        key: kind and fingerprint of the key that it is signed with; None: it is not.
        identity: what the file of allowed signers calls whoever has signed; None: nobody was asked.
    """

    file: str
    version: int
    records: int
    sha256: str
    key: str | None = None
    identity: str | None = None


def verify_archive(file: AnyPath, signers: AnyPath | None = None) -> ArchiveCheck:
    """Look whether an archive is whole, and who has signed it.

    Args:
        signers: a file of allowed signers, as ssh-keygen knows it: one of them must have signed.

    Raises:
        UsageError: it is damaged, or its signature does not hold; or nobody of the signers has
            signed it.
        NotInstalled: it is signed, and ssh-keygen is not here.
    """
    from qbatch.api import signing

    path = Path(file).expanduser()
    found = archive_file.check(path)
    signer: Signer | None = None
    if found.signature is not None:
        try:
            signer = signing.verify(found.sha256, found.signature, signers)
        except NotInstalled:
            raise
        except UsageError as error:
            raise UsageError(f"{path}: {error}", hint=error.hint) from error
    elif signers is not None:
        raise UsageError(f"{path}: it is not signed")
    return ArchiveCheck(
        file=str(file),
        version=found.version,
        records=found.records,
        sha256=found.sha256,
        key=None if signer is None else signer.key,
        identity=None if signer is None else signer.identity,
    )
