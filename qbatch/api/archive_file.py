"""Groups as portable files: gzip of JSON lines, the last of which holds a check sum.

The first line is ``{"kind": "qbatch archive", "version": 5}``, the records of
`qbatch.store.archive` follow, and then comes ``{"kind": "end", "records": n, "sha256": …}``
over all lines before it. The same group makes the same bytes. A signed one has a line more,
``{"kind": "signature", "signature": …}``, which signs that check sum (`qbatch.api.signing`).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from qbatch.errors import NotInstalled, UsageError
from qbatch.store.first_archives import modern

VERSION = 5
_KIND = "qbatch archive"
_AT_LEAST, _UNPACKED = 64 * 1024 * 1024, 400  # bytes, and times the file's size
_LONGEST = 256 * 1024 * 1024  # bytes of a line: a job with all its outcomes


class Contents(NamedTuple):
    """What is known of an archive that is whole.

    Attributes:
        sha256: over all that it holds.
        signature: as it stands in it; None where it is not signed.
    """

    version: int
    records: int
    sha256: str
    signature: str | None = None


def write(
    records: Iterable[dict[str, Any]],
    stream: IO[bytes],
    sign: Callable[[str], str] | None = None,
) -> int:
    """Write an archive.

    Args:
        sign: makes the signature of a check sum.

    Returns:
        Number of records.
    """
    digest, number = hashlib.sha256(), 0
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6) as file:
        _put({"kind": _KIND, "version": VERSION}, file, digest)
        for record in records:
            _put(record, file, digest)
            number += 1
        file.write(_line({"kind": "end", "records": number, "sha256": digest.hexdigest()}))
        if sign is not None:
            file.write(_line({"kind": "signature", "signature": sign(digest.hexdigest())}))
    return number


def read(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """The records of an archive, none of them before the whole has been checked.

    Raises:
        UsageError: it cannot be read, is damaged, is no archive, or is of a newer qbatch; or
            it is signed, and the signature is that of something else.
    """
    file = Path(path)
    found = check(file)
    if found.signature is not None:
        _check_signature(file, found)
    return _lines(file) if found.version == VERSION else modern(_lines(file), found.version)


def _check_signature(file: Path, found: Contents) -> None:
    from qbatch.api import signing

    try:
        signing.verify(found.sha256, found.signature or "")
    except NotInstalled:
        return  # the check sum holds; who has signed is a question for group verify
    except UsageError as error:
        raise UsageError(f"{file}: {error}", hint=error.hint) from error


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rb") as lines:
        next(iter(lines))
        for line in lines:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"{file}: is damaged: {error}") from error
            if not isinstance(record, dict):
                raise UsageError(f"{file}: is damaged: {line[:40]!r} is no record")
            if record.get("kind") not in ("end", "signature"):
                yield record


def check(file: Path) -> Contents:
    """Make sure that the file is whole; what it is.

    Raises:
        UsageError: it is not.
    """
    digest, number, end, version = hashlib.sha256(), -1, None, VERSION
    signature: str | None = None
    try:
        for line in _raw_lines(file):
            if end is not None:
                signature = _signature(file, line, signature)
                continue
            if number < 0:
                version = _check_head(file, line)
            elif line.startswith(b'{"kind": "end"'):
                end = json.loads(line)
                continue
            digest.update(line)
            number += 1
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise UsageError(f"{file}: is no archive, or is damaged: {error}") from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror or error}") from error
    if end is None:
        raise UsageError(f"{file}: is damaged: its end is missing")
    if (end.get("records"), end.get("sha256")) != (number, digest.hexdigest()):
        raise UsageError(f"{file}: is damaged: its check sum does not agree")
    return Contents(version, number, digest.hexdigest(), signature)


def _signature(file: Path, line: bytes, before: str | None) -> str:
    """The signature behind the end of an archive.

    Raises:
        UsageError: it is something else, or there are two.
    """
    found = json.loads(line)
    text = found.get("signature") if isinstance(found, dict) else None
    known = isinstance(found, dict) and found.keys() == {"kind", "signature"}
    if before is not None or not known or found["kind"] != "signature" or not text:
        raise UsageError(f"{file}: is damaged: something stands behind its end")
    return str(text)


def _raw_lines(file: Path) -> Iterator[bytes]:
    """The lines as they stand, as long as they do not unpack to more than a file may."""
    with gzip.open(file, "rb") as lines:
        most, size = _AT_LEAST + _UNPACKED * file.stat().st_size, 0
        while line := lines.readline(_LONGEST):
            size += len(line)
            if size > most:
                raise UsageError(f"{file}: unpacks to more than its size can explain")
            if not line.endswith(b"\n"):
                raise UsageError(f"{file}: is no archive, or is damaged: a line without end")
            yield line


def _check_head(file: Path, line: bytes) -> int:
    head = json.loads(line)
    if not isinstance(head, dict) or head.get("kind") != _KIND:
        raise UsageError(f"{file}: is no archive of qbatch")
    version = head.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise UsageError(
            f"{file}: is of version {version}, made by a newer qbatch; this one reads {VERSION}",
            hint="upgrade qbatch, and unarchive it then",
        )
    return version


def _put(record: dict[str, Any], file: gzip.GzipFile, digest: Any) -> None:
    line = _line(record)
    digest.update(line)
    file.write(line)


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"
