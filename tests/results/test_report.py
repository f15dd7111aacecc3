"""The page: whole in itself, safe, and shown by a real browser where there is one."""

import base64
import hashlib
import html.parser
import http.server
import os
import re
import shutil
import subprocess
import threading

import pytest
from PIL import Image

from qbatch import JobGroup
from qbatch.errors import NotFound

from ..conftest import ANSATZ, BELL

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",  # of the browser's own processes: the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--proxy-server=127.0.0.1:9",  # no network but this machine
)
RESET = BELL.replace("cx q[0], q[1];", "reset q[0];")


@pytest.fixture
def page(db, tmp_path):
    """A group with a sweep, values and a failure, written as a page."""
    group = JobGroup('<b>"scan" & co', db=db)
    group.add(ANSATZ, parameters={"theta": [0.1 * i for i in range(20)], "phi": [0.0]}, shots=100)
    sweep = {"theta": [0.1 * i for i in range(20)], "phi": [0.0]}
    group.add(ANSATZ, parameters=sweep, observables=["ZZ"])
    group.add(RESET, options={"method": "unitary"}, name="<script>alert(1)</script>")
    group.run_parallel()
    group.report(tmp_path / "report.html")
    yield tmp_path / "report.html"
    group.close()


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "srcset", "action") and v]

    def handle_data(self, data):
        self.text += data


def read(path):
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


def test_the_page_is_whole_in_itself(page):
    found = read(page)
    assert found.tags.count("script") == 1  # and its digest is all that the page lets run
    script = re.search(r"<script>(.*?)</script>", page.read_text("utf-8"), re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.read_text("utf-8")
    assert {link[0] for link in found.links} == {"#"}
    assert re.search(r"https?://(?!www\.w3\.org)", page.read_text("utf-8")) is None
    # Names are text, whatever they hold.
    assert '<b>"scan" & co' in found.text
    assert "<script>alert(1)</script>" in found.text
    assert found.tags.count("figure") == 4  # sweep, histograms, values, timeline
    ids = re.findall(r' id="([^"]+)"', page.read_text("utf-8"))
    assert len(ids) == len(set(ids))
    for words in (
        "41 jobs",
        "40 done",
        "1 error",
        "invalid",
        "What went wrong",
        "qiskit-aer",
        "qbatch0",
    ):
        assert words in found.text


def test_a_group_without_results_has_a_page_too(db, tmp_path, qbatch):
    qbatch("add", "new", "-", stdin=BELL)
    qbatch("report", "new", "-o", "new.html")
    assert "Nothing has been sent yet." in read(tmp_path / "new.html").text


def test_a_group_that_is_not_there_makes_no_database(db, tmp_path):
    with pytest.raises(NotFound):
        JobGroup("nobody", db=db, if_missing="defer").report(tmp_path / "x.html")
    assert not db.exists()


def test_a_large_group_gives_a_small_page(db, tmp_path):
    from qbatch.engine import Run, RunSettings
    from qbatch.store import Store
    from qbatch.testing import InstantBackend

    group = JobGroup("large", db=db)
    axes = {"theta": [i / 100 for i in range(400)], "phi": [i / 100 for i in range(50)]}
    group.add(ANSATZ, parameters=axes, shots=10)
    store = Store(db)
    backend = InstantBackend(remember=False)
    Run(store, [group.status()], lambda *_: backend, RunSettings()).execute()
    store.close()
    group.report(tmp_path / "large.html")
    assert (tmp_path / "large.html").stat().st_size < 1_000_000
    assert "Every 4th job." in read(tmp_path / "large.html").text
    group.close()


@pytest.fixture
def served(page):
    """(address of the page, paths that were asked for), from a server that forbids scripts."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            # What a browser does with JavaScript switched off.
            self.send_header("Content-Security-Policy", "sandbox")
            self.end_headers()
            self.wfile.write(page.read_bytes())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/report.html", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize("size", ["1200,1600", "390,1600"])
def test_a_browser_shows_it_without_network_and_javascript(served, tmp_path, size):
    address, asked = served
    shot = tmp_path / "shot.png"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    wishes = [profile, f"--window-size={size}", f"--screenshot={shot}"]
    done = subprocess.run(
        [BROWSER, *FLAGS, *wishes, address],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert shot.exists(), done.stderr
    assert set(asked) <= {"/report.html", "/favicon.ico"}
    image = Image.open(shot).convert("RGB")
    colours = {colour for _, colour in image.getcolors(1 << 24)}
    assert (36, 135, 95) in colours  # the bar of jobs that are done
    assert (209, 73, 91) in colours  # and of those that failed
    assert (0, 114, 178) in colours  # a curve


def test_the_page_says_which_jobs_its_pictures_show(db, tmp_path):
    with JobGroup("many", db=db) as group:
        group.add(*[BELL.replace("cx", f"rz({n}) q[0];\ncx") for n in range(12)], shots=10)
        group.run(executor="serial")
        group.add(BELL, name="a\x01b")
        group.report(tmp_path / "many.html")
    text = read(tmp_path / "many.html").text
    assert "6 of 12 jobs with counts, evenly chosen." in text
    assert "1 of 13 jobs have no result, and are in no picture." in text


def test_circuits_that_share_no_picture_have_histograms_all_the_same(db, tmp_path):
    sweep = {"theta": [0.0, 1.0, 2.0], "phi": [0.0, 1.0, 2.0]}
    with JobGroup("two", db=db) as group:
        group.add(ANSATZ, parameters=sweep, shots=10)
        group.add(ANSATZ.replace("rz(phi)", "rx(phi)"), parameters=sweep, shots=10)
        group.run(executor="serial")
        group.report(tmp_path / "two.html")
    text = read(tmp_path / "two.html").text
    assert "No picture of all: several circuits" in text
    assert "choose the jobs" in text
    assert "6 of 18 jobs with counts, evenly chosen." in text
