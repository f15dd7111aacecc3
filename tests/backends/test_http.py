"""The HTTP client of remote adapters."""

import time

from qbatch.backends.http import HttpClient
from qbatch.testing import FakeServer


def test_requests_keep_the_rate():
    with FakeServer() as server:
        client = HttpClient("fake", server.url, {"rate": 20})
        started = time.monotonic()
        for _ in range(5):
            client.get("audit")
        assert time.monotonic() - started >= 4 / 20
        client.close()
