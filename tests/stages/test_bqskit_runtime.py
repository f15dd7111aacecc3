"""What a call to BQSKit's runtime comes to, told by what the client raises; without its package."""

import socket

import pytest

from qbatch.errors import BackendError, InvalidCircuit, Unavailable
from qbatch.execution import ports
from qbatch.stages.bqskit_runtime import Runtime, runtime


def raising(error, cause=None):
    def call(client):
        raise error from cause

    return call


@pytest.fixture
def connected():
    made = Runtime(None, 1)
    made._client = object()
    return made


def test_what_a_client_says_is_handed_on(connected):
    assert connected._call(lambda client: client is connected._client)


def test_a_task_that_raised_alone_is_its_circuits(connected):
    connected._under_way = 1
    told = RuntimeError("Traceback\n  in a block\nZeroDivisionError: in a block\n")
    with pytest.raises(InvalidCircuit, match=r"^ZeroDivisionError: in a block$"):
        connected._call(raising(ValueError("closed"), told))
    assert connected._client is None  # the next call opens another


def test_with_others_under_way_nobody_knows_whose_it_is(connected):
    connected._under_way = 2
    with pytest.raises(BackendError, match="was lost"):
        connected._call(raising(RuntimeError("a task raised")))


def test_a_connection_that_ends_is_no_circuits_fault(connected):
    connected._under_way = 1
    with pytest.raises(BackendError, match="was lost: closed"):
        connected._call(raising(RuntimeError("outer"), EOFError("closed")))


def test_a_silent_task_has_a_reason_all_the_same(connected):
    connected._under_way = 1
    with pytest.raises(InvalidCircuit, match="a task raised"):
        connected._call(raising(RuntimeError("  \n")))


def test_a_server_that_is_not_there_is_told_at_once():
    (port,) = ports.free(1)
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port} does not answer") as told:
        Runtime(f"127.0.0.1:{port}", 1)._knock("127.0.0.1", port)
    assert "bqskit-server" in (told.value.hint or "")


def test_a_server_that_is_there_is_let_go_again():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        Runtime(f"127.0.0.1:{port}", 1)._knock("127.0.0.1", port)
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b""


def test_a_process_has_one_runtime_of_a_kind():
    assert runtime("127.0.0.1:1", 2) is runtime("127.0.0.1:1", 2)
    assert runtime("127.0.0.1:1", 2) is not runtime("127.0.0.1:1", 3)
