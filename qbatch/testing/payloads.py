"""The promises of a payload format, one test each.

Derive a class in a test module, name the format in a fixture, and give it contents::

    class TestMine(PayloadContract):
        good = (b"...", b"...")
        bad = (b"...",)

        @pytest.fixture
        def format(self):
            return payload_format("mine")
"""

from __future__ import annotations

import json
from pathlib import Path

from qbatch.domain.requests import Request
from qbatch.errors import QbatchError, UsageError
from qbatch.payloads.base import PayloadFormat


class PayloadContract:
    """Each method is a promise; ``format`` is a pytest fixture of the derived class."""

    good: tuple[bytes, ...] = ()
    """Contents that it reads, no two of them alike."""

    bad: tuple[bytes, ...] = ()
    """Contents that it recognises and refuses."""

    def test_it_names_itself(self, format: PayloadFormat) -> None:  # noqa: A002
        """A kind, a noun, and endings with their dot."""
        assert format.kind
        assert format.noun
        assert all(suffix.startswith(".") for suffix in format.suffixes)

    def test_the_same_content_is_the_same_payload(self, format: PayloadFormat) -> None:  # noqa: A002
        """One hash however often it is read; another content has another."""
        hashes = []
        for data in self.good:
            first, again = (format.read(data, "x") for _ in range(2))
            assert [p.hash for p in first] == [p.hash for p in again]
            assert first[0].parameters == again[0].parameters
            assert first[0].info == again[0].info
            hashes.append(first[0].hash)
        assert len(set(hashes)) == len(self.good) >= 2

    def test_what_is_kept_of_it_is_json_and_sound(self, format: PayloadFormat) -> None:  # noqa: A002
        """Its info survives the store, its hash is that of the stored body."""
        for data in self.good:
            for payload in format.read(data, "x"):
                info = json.loads(json.dumps(dict(payload.info)))
                assert info == payload.info
                assert payload.source.kind == format.kind
                assert format.is_sound(payload.source, payload.hash, info)
                format.check_info(info)
                assert isinstance(format.facts(info), str)
                assert format.width(info) >= 0

    def test_it_says_what_counts_look_like(self, format: PayloadFormat) -> None:  # noqa: A002
        """What an answer must look like follows from what is kept alone."""
        for data in self.good:
            payload = format.read(data, "x")[0]
            expected = format.expected(payload.info, Request())
            assert expected.kind is Request().kind
            assert expected.num_bits is not None or expected.outcomes is not None

    def test_what_it_refuses_is_said_with_its_origin(self, format: PayloadFormat) -> None:  # noqa: A002
        """A `UsageError` that names the file, and nothing else."""
        for data in self.bad:
            said = ""
            try:
                format.read(data, "some file", Path("some file"))
            except UsageError as error:
                said = str(error)
            assert "some file" in said, data

    def test_garbage_is_refused_and_no_fault(self, format: PayloadFormat) -> None:  # noqa: A002
        """Whatever comes, it is a payload or one of qbatch's own errors."""
        for data in (b"", b"\0\1\2", b"\xff" * 40, *(good[: len(good) // 2] for good in self.good)):
            try:
                format.read(data, "garbage")
            except QbatchError:
                continue

    def test_it_can_be_shown(self, format: PayloadFormat) -> None:  # noqa: A002
        """As text, for a person."""
        for data in self.good:
            assert format.show(format.read(data, "x")[0].source)
