"""Ends a process at every boundary in turn, and fails every write in turn.

``python -m benchmarks.boundaries`` plays a scenario (add; a run of three batches over the
hostile service, one of whose answers makes no sense; sync; rerun) and ends its process
before and after each commit and each request, one after another (``--pairs``: then again in
the run that resumes it, at each of its boundaries). With ``--writes`` each write of the
database in turn fails with ENOSPC and with EIO, by a library that stands before the
system's (compiled here; a C compiler is needed). After each of them the scenario is resumed
without a fault, and must end with all jobs done, none executed twice, no count but the
service's own, and a sound store.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qbatch import JobGroup
from qbatch.api.database import verify
from qbatch.backends.http import HttpClient
from qbatch.engine import backend_queue, run, sender, sleeper, watcher
from qbatch.errors import QbatchError
from qbatch.store import database
from qbatch.testing import HostileServer
from qbatch.testing.hostile import counts_of

JOBS, SHOTS = 12, 10
TEXT = """OPENQASM 3.0;
include "stdgates.inc";
input float theta;
qubit[2] q;
bit[2] c;
ry(theta) q[0];
c = measure q;
"""
ENDED, BROKE = 99, 98
_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/types.h>
static long left = -1, seen = 0; static int code = 0;
void arm(long at, int error) { left = at; code = error; seen = 0; }
long writes(void) { return seen; }
static int hit(int fd) {
    char link[64], path[4096]; ssize_t n; int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1); errno = before;
    if (n <= 0) return 0;
    path[n] = 0;
    if (!strstr(path, ".db")) return 0;
    return seen++ == left;
}
#define FAIL(fd) if (hit(fd)) { errno = code; return -1; }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) {
    FAIL(fd) ssize_t (*f)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    return f(fd, b, n, o); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) {
    FAIL(fd) ssize_t (*f)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
    return f(fd, b, n, o); }
ssize_t write(int fd, const void *b, size_t n) {
    FAIL(fd) ssize_t (*f)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    return f(fd, b, n); }
int fsync(int fd) { FAIL(fd) int (*f)(int) = dlsym(RTLD_NEXT, "fsync"); return f(fd); }
int fdatasync(int fd) { FAIL(fd) int (*f)(int) = dlsym(RTLD_NEXT, "fdatasync"); return f(fd); }
int ftruncate64(int fd, off64_t n) {
    FAIL(fd) int (*f)(int, off64_t) = dlsym(RTLD_NEXT, "ftruncate64"); return f(fd, n); }
"""


class Points:
    """Boundaries that a process passes; it ends at one of them.

    Args:
        at: the number of the one at which it ends; none of them by default.
    """

    def __init__(self, at: int = -1) -> None:
        self.at, self.passed = at, 0

    def here(self) -> None:
        """One more boundary."""
        self.passed += 1
        if self.passed == self.at:
            os._exit(ENDED)


@contextlib.contextmanager
def _watched(points: Points) -> Iterator[None]:
    """Every commit and every request is a boundary before and after it."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
            if sql != "COMMIT":
                return super().execute(sql, *rest)
            points.here()
            done = super().execute(sql, *rest)
            points.here()
            return done

    class Module:
        def __getattr__(self, name: str) -> Any:
            return getattr(sqlite3, name)

        def connect(self, *args: Any, **settings: Any) -> sqlite3.Connection:
            return sqlite3.connect(*args, factory=Connection, **settings)

    real = HttpClient._in_time

    def request(self: HttpClient, ask: Callable[[], Any], creates: bool) -> Any:
        points.here()
        found = real(self, ask, creates)
        points.here()
        return found

    database.sqlite3 = Module()  # type: ignore[assignment]
    HttpClient._in_time = request  # type: ignore[method-assign]
    yield


def scenario(db: Path, config: Path) -> None:
    """What a user does, and does again after it was cut short."""
    group = JobGroup("g", db=db, config=config)
    if not JobGroup.list_existing(db) or not group.jobs:
        group.add(TEXT, parameters={"theta": [0.1 * i for i in range(JOBS)]}, shots=SHOTS)
    group.run_parallel(backend="steps", max_batch_size=4, coalesce=False)
    group.sync()
    group.rerun(backend="steps", coalesce=False)
    group.close()


def play(
    db: Path, config: Path, at: int = -1, write: tuple[int, int] | None = None
) -> Counter[str]:
    """Play the scenario in a process of its own; how it ended and what it passed.

    Args:
        at: the boundary at which it ends.
        write: the write that fails, and its errno.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        points = Points(at)
        code = 0
        try:
            shim = _shim()
            with _watched(points):
                if write is not None:
                    shim.arm(*write)
                scenario(db, config)
        except QbatchError:
            code = BROKE
        except BaseException:
            import traceback

            traceback.print_exc()
            code = 70
        counted = {"points": points.passed, "writes": shim.writes() if shim else 0}
        os.write(writer, json.dumps(counted).encode())
        os._exit(code)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    found = Counter(json.loads(text) if text else {})
    found["code"] = os.waitstatus_to_exitcode(status)
    return found


def _shim() -> Any:
    """The library before the system's, where this process was started with it."""
    file = os.environ.get("QBATCH_SHIM")
    if not file:
        return None
    shim = ctypes.CDLL(file)
    shim.writes.restype = ctypes.c_long
    shim.arm.argtypes = [ctypes.c_long, ctypes.c_int]
    shim.arm(-1, 0)
    return shim


def judge(server: HostileServer, db: Path) -> list[str]:
    """What is wrong after all."""
    wrong = list(verify(db))
    group = JobGroup("g", db=db)
    counts = group.status().counts
    if counts != {"done": JOBS}:
        wrong.append(f"jobs are {counts}")
    wrong += (
        f"job {result.job.number} has {result.counts}"
        for result in group.results()
        if result.counts != counts_of(f"1/{result.job.number}", 2, SHOTS)
    )
    group.close()
    with contextlib.closing(sqlite3.connect(db)) as connection:
        # A job whose answer made no sense was executed for it, and rightly again.
        failed = dict(
            connection.execute(
                "SELECT number, count(*) FROM attempts JOIN jobs ON jobs.id = job_id WHERE"
                " attempts.status = 'error' AND attempts.failure = 'backend' GROUP BY number"
            ).fetchall()
        )
    for work, times in server.audit()["executed"].items():
        if times > 1 + failed.get(int(work.partition("/")[2]), 0):
            wrong.append(f"{work} was executed {times} times")
    return wrong


class Campaign:
    """One way of ending after another, each from an empty store."""

    def __init__(self, server: HostileServer, place: Path) -> None:
        self._server, self._place = server, place
        self.config = place / "config.toml"
        self.config.write_text(server.configuration(in_flight=2, seconds=2.0))
        self.found: Counter[str] = Counter()

    def once(self, *cuts: dict[str, Any]) -> list[Counter[str]]:
        """Play with these cuts one after another, then to the end; what each passed."""
        folder = Path(tempfile.mkdtemp(dir=self._place))
        db = folder / "q.db"
        self._server.reset()
        self._server.fault("results", "null", times=1)
        passed = [play(db, self.config, **cut) for cut in cuts]
        last = play(db, self.config)
        wrong = judge(self._server, db)
        if last["code"] or any(p["code"] not in (0, ENDED, BROKE) for p in passed):
            wrong.append(f"exit codes {[p['code'] for p in [*passed, last]]}")
        if wrong:
            self.found["wrong"] += 1
            print(f"{cuts}: {wrong}", file=sys.stderr)
        shutil.rmtree(folder)
        return [*passed, last]

    def singles(self, every: int, share: int) -> None:
        """Every boundary; see `pairs` for the arguments."""
        (whole,) = self.once()
        for at in range(1, whole["points"] + 1):
            if at % every != share:
                continue
            self.found["boundaries"] += self.once({"at": at})[0]["code"] == ENDED

    def pairs(self, every: int, share: int) -> None:
        """Every pair: one boundary, then one of the run that resumes it.

        Args:
            every, share: only each Nth pair, counted from that one on, so that several
                processes can share all of them out.
        """
        (whole,) = self.once()
        number = 0
        for first in range(1, whole["points"] + 1):
            second = 0
            while True:
                second += 1
                number += 1
                if number % every != share:
                    if second > whole["points"]:
                        break
                    continue
                found = self.once({"at": first}, {"at": second})
                if found[1]["code"] != ENDED:
                    break
                self.found["pairs"] += 1

    def writes(self) -> None:
        """Every write, with each of the two errors."""
        (whole,) = self.once()
        for error in (errno.ENOSPC, errno.EIO):
            for at in range(whole["writes"]):
                found = self.once({"write": (at, error)})
                self.found[f"writes that failed with {errno.errorcode[error]}"] += 1
                self.found["of which ended the command"] += found[0]["code"] == BROKE


def _with_shim(place: Path) -> None:
    """Start this program again with the library before the system's."""
    source, library = place / "shim.c", place / "shim.so"
    source.write_text(_SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), "QBATCH_SHIM": str(library)}
    command = [sys.executable, "-m", "benchmarks.boundaries", *sys.argv[1:]]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def main() -> int:
    """Run the enumeration; exit code 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pairs", action="store_true", help="every pair of boundaries, too")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth")
    parser.add_argument("--share", type=int, default=0, metavar="K", help="from the Kth on")
    parser.add_argument("--writes", action="store_true", help="every write fails, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        if options.writes and "QBATCH_SHIM" not in os.environ:
            _with_shim(place)
        backend_queue._FIRST_POLL = 0.002
        run.TICK = sleeper.TICK = 0.005
        for module in (watcher, sender):
            module.backoff = lambda *_: 0.005
        started = time.monotonic()
        with HostileServer(page=3) as server:
            campaign = Campaign(server, place)
            share = options.share % options.every
            campaign.singles(
                options.every if not options.pairs else 1, 0 if options.pairs else share
            )
            if options.pairs:
                campaign.pairs(options.every, share)
            if options.writes:
                campaign.writes()
        print(f"{time.monotonic() - started:.0f} s")
        for name, number in campaign.found.items():
            print(f"{name:<36}{number}")
        print(f"{'wrong':<36}{campaign.found['wrong']}")
    return 1 if campaign.found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
