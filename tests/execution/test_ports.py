"""Ports that are free, and those that are not."""

import socket

from qbatch.execution import ports


def test_free_ports_differ_and_can_be_had():
    found = ports.free(5)
    assert len(set(found)) == 5
    for port in found:
        assert not ports.is_taken(port)
        with socket.socket() as one:
            one.bind(("127.0.0.1", port))


def test_a_port_is_taken_while_something_listens_and_asking_does_not_connect():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ports.is_taken(port)
        server.settimeout(0.05)
        try:
            server.accept()
        except TimeoutError:
            pass
        else:
            raise AssertionError("it has connected")
    assert not ports.is_taken(port)


def test_a_connection_that_is_over_is_not_in_the_way():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # this side waits a while in TIME_WAIT
        client.close()
    assert not ports.is_taken(port)
