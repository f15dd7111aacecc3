"""The fake service does what a test asks of it, and its adapter names every failure."""

import pytest

from qbatch.errors import (
    AuthError,
    BackendError,
    BatchNotFound,
    LostAnswer,
    Rejected,
    Transient,
)
from qbatch.testing import FakeBackend, FakeServer
from qbatch.testing.contract import submission


@pytest.fixture(scope="module")
def server():
    with FakeServer() as server:
        yield server


@pytest.fixture
def backend(server):
    server.no_faults()
    backend = FakeBackend("fake", server.settings())
    yield backend
    backend.close()


@pytest.mark.parametrize(
    ("fault", "error", "accepted"),
    [
        ("refuse", Rejected, 0),
        ("busy", LostAnswer, 0),
        ("unavailable", LostAnswer, 0),
        ("broken", LostAnswer, 0),
        ("reset", LostAnswer, 0),
        ("lose_answer", LostAnswer, 1),
        ("html", LostAnswer, 1),
    ],
)
def test_a_failed_submission_says_whether_it_may_have_been_accepted(
    server, backend, fault, error, accepted
):
    server.fault("submit", fault, times=1)
    batch = submission({})
    with pytest.raises(BackendError) as caught:
        backend.submit(batch)
    assert type(caught.value) is error
    assert server.audit()["accepted"].get(batch.submission_id, 0) == accepted
    found = backend.find(batch.submission_id)
    assert (found is not None) == bool(accepted)
    backend.submit(batch)
    assert server.audit()["accepted"][batch.submission_id] == accepted + 1


@pytest.mark.parametrize("fault", ["busy", "unavailable", "broken", "reset", "lose_answer", "html"])
def test_a_failed_question_can_be_asked_again(server, backend, fault):
    remote_id = backend.submit(submission({}))
    server.fault("status", fault, times=1)
    with pytest.raises(Transient):
        backend.status(remote_id)
    assert backend.status(remote_id).state == "done"


def test_retry_after_is_read(server, backend):
    server.fault("submit", "busy", times=1)
    with pytest.raises(LostAnswer) as caught:
        backend.submit(submission({}))
    assert caught.value.retry_after == 0.05


def test_a_service_that_is_not_there_is_transient(server):
    backend = FakeBackend("fake", {"url": "http://127.0.0.1:9"})
    with pytest.raises(Transient, match="connection refused"):
        backend.submit(submission({}))


def test_strange_words_and_forgotten_batches(server, backend):
    remote_id = backend.submit(submission({}))
    server.fault("status", "strange", times=1)
    assert backend.status(remote_id).state == "unknown"
    server.fault("status", "forget", times=1)
    with pytest.raises(BatchNotFound):
        backend.status(remote_id)


def test_the_token_comes_from_the_environment_or_a_file(tmp_path, monkeypatch):
    file = tmp_path / "token"
    with FakeServer(secret="s3cret") as server:
        monkeypatch.setenv("FAKE_TOKEN", "s3cret")
        FakeBackend("fake", server.settings(token_env="FAKE_TOKEN")).submit(submission({}))
        file.write_text("s3cret\n")
        FakeBackend("fake", server.settings(token_file=str(file))).submit(submission({}))
        for settings in (
            {},
            {"token_env": "NOT_SET"},
            {"token_file": str(tmp_path / "missing")},
        ):
            with pytest.raises(AuthError) as caught:
                FakeBackend("fake", server.settings(**settings)).submit(submission({}))
            assert "s3cret" not in str(caught.value)
