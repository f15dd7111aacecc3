"""A budget under fire: ``python -m benchmarks.budget_kills``.

Three processes at once run groups of their own at one service with a budget for all of them, and
are killed at random moments, a hundred runs in all. The service tells what a batch has cost some
time after its end, and mostly less than was reserved; its answer to one batch is lost where nobody
can look it up. What is reserved and spent must never pass the budget, at no moment that anybody
looks; and in the end, when all bills are there, the ledger must say what the service says.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from qbatch.testing import FakeServer

_GROUPS = ("a", "b", "c")
_SHOT = 0.001
_SPENT = "SELECT coalesce(sum(coalesce(charged, reserved)), 0) FROM batches"
TEXT = """OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; bit[1] c;
rx(a) q[0]; c = measure q;
"""


class Campaign:
    """Groups in a place, a service, and a budget that is less than all of their jobs cost."""

    def __init__(self, place: Path, service: FakeServer, jobs: int, seed: int) -> None:
        self.place, self.service = place, service
        self.budget = round(0.4 * len(_GROUPS) * jobs * 100 * _SHOT, 6)
        self.random = random.Random(seed)
        self.highest = self.charged = 0.0
        self.over: list[str] = []
        self.env = {**os.environ, "QBATCH_DB": str(place / "q.db")}
        self._configure("config.toml", self.budget)
        (place / "c.qasm3").write_text(TEXT)
        values = place / "values.csv"
        values.write_text("a\n" + "\n".join(str(0.001 * n) for n in range(jobs)))
        for group in _GROUPS:
            arguments = ("c.qasm3", "--params", str(values), "--shots", "100", "-q")
            self.qbatch("add", group, *arguments)

    def _configure(self, name: str, budget: float, **more: Any) -> None:
        table = self.service.configuration("lab", circuits=7, in_flight=2, **more)
        own = f'price = {{ shot = {_SHOT} }}\nbudget = {{ month = {budget}, currency = "EUR" }}\n'
        (self.place / name).write_text(table + own)

    def command(self, *arguments: str, config: str = "config.toml") -> list[str]:
        """A command of qbatch here."""
        return [sys.executable, "-m", "qbatch", "--config", str(self.place / config), *arguments]

    def qbatch(self, *arguments: str, config: str = "config.toml") -> tuple[int, str]:
        """The exit code and the output of one."""
        done = subprocess.run(
            self.command(*arguments, config=config), env=self.env, cwd=self.place, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        return done.returncode, done.stdout

    def look(self) -> float:
        """What the ledger says is reserved and spent, and what the service has billed by now."""
        billed = sum(self.service.audit()["bills"].values())
        with sqlite3.connect(f"file:{self.place / 'q.db'}?mode=ro", uri=True) as connection:
            (spent,) = connection.execute(_SPENT).fetchone()
        self.highest, self.charged = max(self.highest, spent), max(self.charged, billed)
        for what, amount in (("ledger", spent), ("service", billed)):
            if amount > self.budget * (1 + 1e-9):
                self.over.append(f"{what}: {amount:.4f} of {self.budget:.4f}")
        return float(spent)

    def lose_an_answer(self) -> int:
        """A batch that is sent, whose answer is lost, and which nobody can look up."""
        self._configure("blind.toml", self.budget, finds_tokens=False)
        self.service.fault("submit", "lose_answer", times=1)
        self.qbatch("run", "a/1-5", "--backend", "lab", "--yes", "-q", config="blind.toml")
        with sqlite3.connect(self.place / "q.db") as connection:
            found = connection.execute("SELECT id FROM batches WHERE state = 'unknown'").fetchall()
        return int(found[0][0])

    def adopt(self, batch: int) -> None:
        """Look the batch up by hand, as a user would at the service's own page."""
        with sqlite3.connect(self.place / "q.db") as connection:
            (token,) = connection.execute(
                "SELECT submission_id FROM batches WHERE id = ?", (batch,)
            ).fetchone()
        with urllib.request.urlopen(f"{self.service.url}/batches?token={token}") as answer:
            remote_id = json.load(answer)["id"]
        self.qbatch("resolve", str(batch), "--adopt", remote_id)

    def run_and_kill(self, group: str, runs: int, kills: list[int]) -> None:
        """Run a group so often, and kill most of the runs somewhere on their way."""
        rng = random.Random(f"{self.random.random()} {group}")
        for _ in range(runs):
            command = self.command("run", group, "--backend", "lab", "--yes", "-q")
            process = subprocess.Popen(
                command, env=self.env, cwd=self.place,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                process.wait(rng.uniform(0.3, 2.5))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills.append(process.pid)


def campaign(runs: int, jobs: int, seed: int) -> int:
    """The number of things that are wrong."""
    with tempfile.TemporaryDirectory() as name, FakeServer(
        seconds=0.15, latency=0.02, price=_SHOT, billed_after=1.0, seed=seed
    ) as service:  # fmt: skip
        own = Campaign(Path(name), service, jobs, seed)
        lost = own.lose_an_answer()
        own.look()
        kills: list[int] = []
        share = -(-runs // len(_GROUPS))
        threads = [
            threading.Thread(target=own.run_and_kill, args=(group, share, kills))
            for group in _GROUPS
        ]
        for thread in threads:
            thread.start()
        looks = 0
        while any(thread.is_alive() for thread in threads):
            own.look()
            looks += 1
            time.sleep(0.02)
        own.adopt(lost)
        for _ in range(20):  # until all has ended, and every bill is there
            time.sleep(1.1)
            if own.qbatch("sync")[0] == 0 and not own.qbatch("sync")[1]:
                break
        return tell(own, lost, runs, len(kills), looks)


def tell(own: Campaign, lost: int, runs: int, kills: int, looks: int) -> int:
    """Print what was seen; the number of things that are wrong."""
    spent, billed = own.look(), sum(own.service.audit()["bills"].values())
    audit = own.service.audit()
    status = json.loads(own.qbatch("status", "--json")[1])["groups"]
    counts = {word: sum(g["counts"][word] for g in status) for word in status[0]["counts"]}
    twice = sum(number > 1 for number in audit["executed"].values())
    print(f"{runs} runs, {kills} of them killed; looked at {looks} times; batch {lost} was lost")
    print(f"budget {own.budget:.2f}; the most reserved and spent {own.highest:.4f}")
    print(f"in the end: ledger {spent:.6f}, service {billed:.6f}; jobs {counts}; twice: {twice}")
    for line in own.over[:5]:
        print("OVER:", line)
    wrong = len(own.over) + twice + (abs(spent - billed) > 1e-6)
    wrong += own.highest < 0.9 * own.budget  # the budget was never near: nothing was tried
    wrong += own.qbatch("db", "verify")[0] != 0
    return wrong


def main() -> int:
    """Run the campaign; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return 1 if campaign(options.runs, options.jobs, options.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
