"""Webhooks: sent once a run has ended, signed, tried again, and never the run's failure."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest


@pytest.fixture
def receiver():
    """(address, bodies and signatures that came, answers still to be given)."""
    received: list[Any] = []
    answers: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code = answers.pop(0) if answers else 204
            if code == 204:
                received.append((body, self.headers.get("X-Qbatch-Signature")))
            self.send_response(code)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook?key=very-secret", received, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_tells_how_it_ended(qbatch, bell, receiver, tmp_path):
    url, received, answers = receiver
    answers += [503, 500]
    qbatch.env["QBATCH_CONFIG"] = str(tmp_path / "c.toml")
    qbatch.env["HOOK_SECRET"] = "s3cret"
    (tmp_path / "c.toml").write_text(
        f'[defaults]\nnotify = "{url}"\n[notify]\nsecret_env = "HOOK_SECRET"\n'
    )
    qbatch("run", "g", "--add", bell)
    ((body, signature),) = received
    document = json.loads(body)
    assert document["event"] == "run.ended"
    assert (document["groups"], document["done"], document["exit_code"]) == (["g"], 1, 0)
    expected = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert signature == f"sha256={expected}"


def test_a_receiver_that_fails_never_fails_the_run(qbatch, bell, receiver):
    url, received, answers = receiver
    answers += [404]
    done = qbatch("run", "g", "--add", bell, "--notify", url)
    assert "nobody could be notified: it answered 404" in done.stderr
    done = qbatch("run", "h", "--add", bell, "--notify", "http://127.0.0.1:9/hook?key=very-secret")
    assert "nobody could be notified: ConnectionError" in done.stderr
    assert "very-secret" not in done.stderr
    assert received == []
    assert "not an http" in qbatch("run", "g", "--notify", "ftp://x", code=2).stderr


def test_a_run_that_cannot_go_on_needs_a_decision(qbatch, bell, receiver, tmp_path):
    url, received, _ = receiver
    qbatch("add", "g", bell)
    qbatch("run", "g", "--executor", "dask:tcp://127.0.0.1:9", "--notify", url, code=4)
    document = json.loads(received[0][0])
    assert document["event"] == "run.needs_decision"
    assert document["exit_code"] == 4
    assert "does not answer" in document["error"]
