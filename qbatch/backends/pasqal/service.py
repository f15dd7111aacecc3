"""Pasqal Cloud's requests, as pasqal-cloud 0.24.0 makes them, one method each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from qbatch.backends.http import HttpClient
from qbatch.errors import BackendError, Transient

_PAGE = 100
_MOST_PAGES = 10_000


class Service:
    """One project's batches.

    Args:
        name: what the service is called in messages.
        settings: as `HttpClient` takes them.
    """

    def __init__(self, name: str, url: str, settings: Mapping[str, Any], seconds: float) -> None:
        self._name = name
        self._seconds = seconds
        self._http = HttpClient(name, url, settings, seconds=seconds)
        self._downloads: dict[str, HttpClient] = {}

    def create(self, body: Mapping[str, Any]) -> str:
        """Make a batch; its id."""
        found = _data(self._http.post("api/v1/batches", body, creates=True)).get("id")
        if not isinstance(found, str):
            raise BackendError(f"{self._name} took a batch and told no id")
        return found

    def add(self, batch: str, jobs: Sequence[Mapping[str, Any]]) -> None:
        """Add jobs to an open batch."""
        path = f"api/v2/batches/{quote(batch, safe='')}/jobs"
        self._http.post(path, jobs, creates=True, reads=False)

    def tag(self, batch: str, tags: Sequence[str]) -> None:
        """Give a batch these tags, instead of those it has."""
        self._http.patch(f"api/v1/batches/{quote(batch, safe='')}/tags", tags)

    def complete(self, batch: str) -> None:
        """Close a batch: it takes no more jobs, and lets the device go."""
        self._http.patch(f"api/v2/batches/{quote(batch, safe='')}/complete")

    def cancel(self, batch: str) -> None:
        """Stop a batch."""
        self._http.patch(f"api/v2/batches/{quote(batch, safe='')}/cancel")

    def cancel_job(self, job: str) -> None:
        """Stop a job."""
        self._http.patch(f"api/v2/jobs/{quote(job, safe='')}/cancel")

    def batch(self, batch: str) -> dict[str, Any]:
        """What the service tells of a batch."""
        return _data(self._http.get(f"api/v2/batches/{quote(batch, safe='')}"))

    def tagged(self, tag: str) -> list[dict[str, Any]]:
        """The batches that have a tag, the oldest first."""
        path = f"api/v1/batches?tag={quote(tag, safe='')}&offset=0&limit={_PAGE}"
        answer = self._http.get(path)
        found = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise Transient(f"{self._name} does not say which batches are tagged {tag}")
        own = [batch for batch in found if tag in (batch.get("tags") or ())]
        return sorted(own, key=lambda batch: str(batch.get("created_at")))

    def jobs(self, batch: str, first: int = 0) -> Iterator[Mapping[str, Any]]:
        """The jobs of a batch in the order in which they were made, from one on."""
        order = "order_by=creation_order&order_by_direction=ASC"
        received = first
        for _ in range(_MOST_PAGES):
            path = f"api/v2/jobs?batch_id={quote(batch, safe='')}&{order}&offset={received}"
            answer = self._http.get(path)
            found = answer.get("data") if isinstance(answer, dict) else None
            if not isinstance(found, list):
                raise Transient(f"{self._name}: the jobs of {batch} cannot be read")
            yield from found
            received += len(found)
            total = (answer.get("pagination") or {}).get("total", received)
            if not found or received >= total:
                return
        raise BackendError(f"{self._name}: the jobs of {batch} never end")

    def counter(self, job: str) -> dict[str, int]:
        """A job's counts.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: they cannot be read.
        """
        told = _data(self._http.get(f"api/v1/jobs/{quote(job, safe='')}/results_link"))
        where = urlsplit(str(told["results_link"]))
        if where.scheme not in ("http", "https"):
            raise ValueError("no link to its results")
        # The link is its own permission; a token beside it would go to somebody else.
        base = f"{where.scheme}://{where.netloc}"
        client = self._downloads.get(base)
        if client is None:
            client = HttpClient(self._name, base, {}, seconds=self._seconds)
            self._downloads[base] = client
        found = client.get(f"{where.path.lstrip('/')}?{where.query}")
        return {str(bits): int(number) for bits, number in found["counter"].items()}

    def devices(self) -> list[str]:
        """Names of the devices."""
        return sorted(_data(self._http.get("api/v1/devices/specs")))

    def close(self) -> None:
        """Close the connections."""
        for client in (self._http, *self._downloads.values()):
            client.close()


def _data(answer: object) -> dict[str, Any]:
    """The part of an answer that matters.

    Raises:
        Transient: there is none.
    """
    found = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        raise Transient("an answer without data")
    return found
