"""The README's day and the recipes in examples/, line by line, as they stand there."""

import http.server
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).parents[1]
NIGHTLY = TOP / "examples" / "nightly"


@pytest.fixture
def home(tmp_path):
    """A home directory with qbatch in .local/bin, and the repository's examples."""
    command = tmp_path / ".local" / "bin" / "qbatch"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m qbatch "$@"\n')
    command.chmod(0o755)
    shutil.copytree(TOP / "examples", tmp_path / "examples")
    return tmp_path


def environment(home):
    """About what cron gives: no terminal, few variables."""
    return {"HOME": str(home), "PATH": f"{home}/.local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def run(home, line, **more):
    return subprocess.run(
        ["/bin/bash", "-c", line], cwd=home, env={**environment(home), **more},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def block(heading):
    """The lines of the first shell block after a heading of the README, without comments."""
    text = (TOP / "README.md").read_text("utf-8").split(f"\n## {heading}\n")[1]
    found = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    return [line for line in found.splitlines() if line and not line.startswith("#")]


def test_a_days_work(home):
    lines = block("A day's work")
    wanted = ("add", "plan", "run", "status", "plot", "rerun", "diff", "results", "group")
    assert {f"qbatch {word}" for word in wanted} <= {" ".join(x.split()[:2]) for x in lines}
    said = {}
    for line in lines:
        done = run(home, line)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        said[line] = done.stdout
    assert "P(00) against theta" in said["qbatch plot scan --outcome 00"]
    for name in ("scan.png", "scan.html", "scan.csv", "scan.qbatch", "baseline.json"):
        assert (home / name).stat().st_size > 1000
    # A reader tries this on a database of their own: nothing in it may delete.
    assert not [line for line in lines if re.search(r"\b(prune|delete)\b", line)]


@pytest.fixture
def hook():
    """A receiver of webhooks on the address that the recipes name, and what it received."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/qbatch", received
    server.shutdown()
    thread.join()
    server.server_close()


def with_hook(command, hook):
    changed = command.replace("http://127.0.0.1:8080/qbatch", hook[0])
    assert changed != command
    return changed


def prepared(home):
    assert run(home, "qbatch add nightly examples/bell.qasm").returncode == 0


def test_the_crontab_line_runs_as_cron_would_run_it(home, hook):
    [line] = [x for x in (NIGHTLY / "crontab").read_text().splitlines() if not x.startswith("#")]
    command = with_hook(line.split(None, 5)[5], hook)
    assert "%" not in command  # cron would make a line break of it
    prepared(home)
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=home, capture_output=True, text=True, timeout=120,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "me"},
    )  # fmt: skip
    # Cron mails whatever is printed: nothing, where all is well.
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "INFO nightly: run ends: 1 done" in (home / "qbatch.log").read_text()
    assert b'"run.ended"' in hook[1][0]


CRON = shutil.which("cron") or shutil.which("cron", path="/usr/sbin")


@pytest.mark.skipif(
    CRON is None or os.geteuid() != 0 or not os.environ.get("QBATCH_TEST_CRON"),
    reason="needs root, cron, a minute, and QBATCH_TEST_CRON=1",
)
def test_the_crontab_line_under_a_real_cron(home, hook):
    [line] = [x for x in (NIGHTLY / "crontab").read_text().splitlines() if not x.startswith("#")]
    command = with_hook(line.split(None, 5)[5], hook).replace("$HOME", str(home))
    command = command.replace("qbatch run", f"qbatch --db {home}/q.db run")
    run(home, f"qbatch --db {home}/q.db add nightly examples/bell.qasm")
    table = Path("/etc/cron.d/qbatch-test")
    table.write_text(f"* * * * * root {command}\n")
    daemon = subprocess.Popen([CRON, "-f"])
    try:
        deadline = time.monotonic() + 130
        while not hook[1] and time.monotonic() < deadline:
            time.sleep(1)
    finally:
        daemon.terminate()
        daemon.wait()
        table.unlink()
    assert b'"run.ended"' in hook[1][0]
    assert "run ends: 1 done" in (home / "qbatch.log").read_text()


def test_the_units_command_runs(home, hook):
    text = (NIGHTLY / "qbatch-nightly.service").read_text()
    command = with_hook(re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1], hook)
    prepared(home)
    done = subprocess.run(
        shlex.split(command.replace("%h", str(home))),
        env=environment(home), capture_output=True, text=True, timeout=120, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b'"run.ended"' in hook[1][0]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_units_are_good(home):
    for unit in NIGHTLY.glob("qbatch-nightly.*"):
        text = unit.read_text().replace("%h", str(home))
        (home / unit.name).write_text(text)
    names = ["qbatch-nightly.service", "qbatch-nightly.timer"]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        cwd=home, capture_output=True, text=True,
    )  # fmt: skip
    about_ours = [line for line in done.stderr.splitlines() if "qbatch" in line]
    assert (done.returncode, about_ours) == (0, []), done.stderr


def test_the_workflow_is_one_and_its_commands_run(home):
    path = TOP / "examples" / "github-actions.yml"
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows",
         str(path)], capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
    job = yaml.safe_load(path.read_text())["jobs"]["gate"]
    (home / "circuits").mkdir()
    shutil.copy(TOP / "examples" / "bell.qasm", home / "circuits")
    store = {name: str(home / value) for name, value in job["env"].items()}
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[0].startswith("pip install")
    # The baseline that the repository keeps was made by an earlier run.
    first = "qbatch add circuits circuits/ --shots 10000; qbatch run circuits -q;"
    run(home, first + "qbatch check circuits --save baseline.json", QBATCH_DB=str(home / "old.db"))
    for command in commands[1:]:
        done = run(home, command, **store)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    for name in ("junit.xml", "report.html", "qbatch.log"):
        assert (home / name).exists()


def test_the_programs_of_the_docs_run(home, in_process):
    """In this process, but for the script: there are many lines, and starting takes the longest."""
    call = in_process(home)
    text = (TOP / "docs" / "programs.md").read_text("utf-8")
    code = re.search(r"```python\n# vqe\.py\n(.*?)```", text, re.DOTALL)[1]
    (home / "vqe.py").write_text(code.replace('"maxiter": 100', '"maxiter": 14'))
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [
        line.partition("#")[0].strip().replace(":50 ", ":3 ").replace("p17", "p2")
        for found in blocks
        for line in found.replace("\\\n", " ").splitlines()
    ]
    assert len(lines) > 14
    for line in lines:
        if "--from-step" in line:
            line += " --yes"
        if line.startswith("qbatch "):
            call(line.removeprefix("qbatch "))
        elif line:
            done = run(home, re.sub(r"^python ", f"{sys.executable} ", line))
            assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert (home / "study.png").stat().st_size > 10_000
    assert (home / "built-in" / "built-in.png").stat().st_size > 10_000
