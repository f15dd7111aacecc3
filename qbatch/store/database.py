"""The connection: opening safely, transactions, and sqlite3's errors in the project's words."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import weakref
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.errors import NotADatabase, StoreError
from qbatch.store import migrations
from qbatch.store.filesystem import is_network

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, SqlParameters

BUSY_SECONDS = 90.0
_HEADER_BYTES = 100


def _closed(connection: sqlite3.Connection) -> None:
    # The garbage of one thread may be found by another, which may not close it; then it is
    # closed when it is gone.
    with contextlib.suppress(sqlite3.ProgrammingError):
        connection.close()


class Database:
    """One connection to a store's file, migrated to this program's schema."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # Locks lie beside the file: two names of one file must not mean two locks.
        self.path = Path(path).resolve()
        self._depth = 0
        self._why_not: sqlite3.Error | None = None
        with self._errors():
            self._make_private()
            self._connection = self._connect()
            try:
                try:
                    version = self._version()
                except sqlite3.OperationalError as error:
                    if not self._may_only_be_read(error):
                        raise
                    self._why_not = error
                    self._connection.close()
                    self._connection = self._connect_read_only()
                    version = self._version()
                if version != migrations.VERSION:
                    self._upgrade()
                self._configure()
            except BaseException:
                self._connection.close()
                raise
        # A query that is still being read refers to this object and keeps it open.
        self._close = weakref.finalize(self, _closed, self._connection)

    def lock_path(self, name: str) -> Path:
        """Where the lock of that name lies: in a directory beside the database."""
        directory = self.path.with_name(self.path.name + ".locks")
        with self._errors():
            directory.mkdir(mode=0o700, exist_ok=True)
        return directory / f"{name}.lock"

    def num_bytes(self) -> int:
        """What the file and its write-ahead log take on the disk."""
        log = self.path.with_name(self.path.name + "-wal")
        with self._errors():
            return sum(file.stat().st_size for file in (self.path, log) if file.exists())

    def close(self) -> None:
        """Close the connection; it is also closed when nobody refers to this object any more."""
        self._close()

    def execute(self, sql: str, parameters: SqlParameters = ()) -> sqlite3.Cursor:
        """One statement; every read of a few rows goes through here."""
        with self._errors():
            return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Cell]]) -> sqlite3.Cursor:
        """One prepared statement over many rows."""
        with self._errors():
            return self._connection.executemany(sql, rows)

    def rows(self, sql: str, parameters: SqlParameters = ()) -> Iterator[sqlite3.Row]:
        """The rows of a query, one at a time, so that memory does not grow with them."""
        with self._errors():
            yield from self._connection.execute(sql, parameters)

    def tuples(self, sql: str, parameters: SqlParameters = ()) -> Iterator[tuple[Cell, ...]]:
        """The same without the names of their columns, which takes less time."""
        with self._errors():
            cursor = self._connection.cursor()
            cursor.row_factory = None
            yield from cursor.execute(sql, parameters)

    def row(self, sql: str, parameters: SqlParameters = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._errors():
            found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
            return found

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside belongs to one moment; others may write meanwhile."""
        with self._errors():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.rollback()

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """All or nothing, with the right to write from the start.

        Args:
            durable: survive a power cut too (``synchronous=FULL``), as the commits must
                that guard money; a killed process loses no commit either way.
        """
        if self._depth:
            yield
            return
        with self._errors():
            if durable:
                self._connection.execute("PRAGMA synchronous=FULL")
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._depth += 1
                try:
                    yield
                    self._connection.execute("COMMIT")
                except BaseException:
                    # What went wrong is told, not that there is nothing to take back after it.
                    with contextlib.suppress(sqlite3.Error):
                        if self._connection.in_transaction:
                            self._connection.execute("ROLLBACK")
                    raise
                finally:
                    self._depth -= 1
            finally:
                if durable:
                    with contextlib.suppress(sqlite3.Error):
                        self._connection.execute("PRAGMA synchronous=NORMAL")

    def _make_private(self) -> None:
        if not self.path.parent.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.is_dir():
            raise NotADatabase(f"{self.path}: a directory, not a database file")
        if self.path.exists() and 0 < self.path.stat().st_size < _HEADER_BYTES:
            raise NotADatabase(f"{self.path}: not a qbatch database, or one that was cut off")
        # SQLite gives its side files the mode of the database.
        if self.path.exists():
            return
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=256
        )
        connection.row_factory = sqlite3.Row
        return connection

    def _may_only_be_read(self, error: sqlite3.Error) -> bool:
        """Whether a store that cannot be opened can at least be looked at.

        On a disk that is full or cannot be written SQLite cannot make the files beside the
        database that readers share. Where there are none, nobody changes it meanwhile.
        """
        code = getattr(error, "sqlite_errorname", "")
        log = self.path.with_name(self.path.name + "-wal")
        if not self.path.exists() or (log.exists() and log.stat().st_size):
            return False
        return _is_read_only(error) or code.startswith(("SQLITE_FULL", "SQLITE_IOERR_SHM"))

    def _connect_read_only(self) -> sqlite3.Connection:
        """To look at a store on a disk that cannot be written, which nobody changes either."""
        uri = f"{self.path.as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection

    def _version(self) -> int:
        # One snapshot: another process may be making the tables right now.
        self._connection.execute("BEGIN")
        try:
            version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            mark = self._connection.execute("PRAGMA application_id").fetchone()[0]
            tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        finally:
            # Where reading failed there may be nothing left to end; the reason is told.
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        ours = mark == migrations.APPLICATION_ID
        if tables and not ours:
            raise NotADatabase(
                f"{self.path}: a database of another program; qbatch leaves it alone",
                hint="name another file with --db or QBATCH_DB",
            )
        if version > migrations.VERSION:
            raise NotADatabase(
                f"{self.path}: written by a newer qbatch (schema {version}, this one knows "
                f"{migrations.VERSION})",
                hint="upgrade qbatch, or name another file with --db or QBATCH_DB",
            )
        return version if tables else 0

    def _upgrade(self) -> None:
        """Bring the schema up to date, one process at a time.

        Eight processes that migrate a new file at once fail more often than not
        whatever the busy timeout, so the whole of it stands under a file lock.
        """
        from filelock import FileLock

        with FileLock(self.lock_path("schema"), mode=0o600):
            version = self._version()
            if version == migrations.VERSION:
                return
            # WAL needs memory shared by all users of the file, which a network cannot give.
            mode = "DELETE" if is_network(self.path.parent) else "WAL"
            self._connection.execute(f"PRAGMA journal_mode={mode}")
            if version:
                self._back_up(version)
            migrations.migrate(self._connection)

    def _back_up(self, version: int) -> None:
        backup = self.path.with_name(f"{self.path.name}.v{version}.backup")
        number = 1
        while backup.exists():
            number += 1
            backup = self.path.with_name(f"{self.path.name}.v{version}.backup{number}")
        self._connection.execute("VACUUM INTO ?", (str(backup),))
        backup.chmod(0o600)

    def _configure(self) -> None:
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        for function in (contains, as_number, as_text):
            count = function.__code__.co_argcount
            self._connection.create_function(function.__name__, count, function, deterministic=True)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """sqlite3's and the system's errors as the project's, in this one place."""
        try:
            yield
        except sqlite3.Error as error:
            # A store that is open for reading alone: why is told, not that it is.
            known = self._why_not if _is_read_only(error) else None
            raise _translated(self.path, known or error) from error
        except UnicodeDecodeError as error:  # a name in a damaged schema
            raise damaged("its schema", error) from error
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}") from error


def contains(text: object, part: str) -> bool:
    """Whether a text holds another, in any case of its letters, also outside ASCII."""
    return part.casefold() in str(text).casefold()


def as_number(value: object) -> float | int | None:
    """A parameter's value, or what a tag says as a number; None if it says none."""
    if isinstance(value, (int, float)):
        return value
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def as_text(value: object) -> str | None:
    """A tag's text; what is a number is no text."""
    return value if isinstance(value, str) else None


def damaged(what: str, why: object) -> StoreError:
    """Something that was stored cannot be read."""
    return StoreError(
        f"the database is damaged: {what} cannot be read ({why})",
        hint="qbatch db verify names all damage; restore the file from a backup",
    )


# What decoding raises; IndexError is sqlite3's for a column that the schema lost.
_DAMAGE = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    RecursionError,
    zlib.error,
)


def whole(value: object) -> int | None:
    """A whole number that was stored, or None; SQLite's columns take anything.

    Raises:
        StoreError: it is something else.
    """
    if value is not None and type(value) is not int:
        raise damaged("a number", repr(value))
    return value


def text(value: object) -> str | None:
    """A text that was stored, or None.

    Raises:
        StoreError: it is something else.
    """
    if value is not None and type(value) is not str:
        raise damaged("a text", repr(value))
    return value


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Whatever goes wrong with a value that was stored is damage of the store."""
    try:
        yield
    except _DAMAGE as error:
        raise damaged(what, error) from error


def _translated(path: Path, error: sqlite3.Error) -> StoreError | NotADatabase:
    said = str(error)
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith("SQLITE_NOTADB"):
        return NotADatabase(
            f"{path}: not a qbatch database",
            hint="name another file with --db or QBATCH_DB",
        )
    if code.startswith("SQLITE_CORRUPT"):
        return StoreError(
            f"{path}: the database is damaged ({said})", hint="restore it from a backup"
        )
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR_SHM")):
        return StoreError(
            f"{path}: the disk is full; nothing of this step was stored",
            hint="make room and run the same command again",
        )
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(
            f"{path}: another process has been writing for more than {BUSY_SECONDS:.0f} s",
            hint="run the same command again",
        )
    if _is_read_only(error):
        return StoreError(
            f"{path}: cannot be written ({said})",
            hint="make the file and its directory writable, or name a copy of it with --db",
        )
    if code.startswith("SQLITE_IOERR"):
        return StoreError(
            f"{path}: the disk cannot be read or written ({said}); nothing of this step was stored",
            hint="look at the disk, then run the same command again; qbatch db verify tells"
            " whether the database is sound",
        )
    return StoreError(f"{path}: {said}", hint="qbatch db verify tells whether it is sound")


def _is_read_only(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorname", "")
    return code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"))
