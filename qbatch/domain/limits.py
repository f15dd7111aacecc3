"""What a backend accepts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a backend accepts; None stands for no limit.

    Attributes:
        circuits: items in one batch.
        shots: shots of one item.
        bytes: size of a batch's payloads.
        in_flight: batches at once.
        contents: different payloads in one batch.
        formats: forms of payloads that it takes; None: all.
        values: it answers requests for expectation values; otherwise such jobs fail before
            anything is sent.
        exact_values: it answers them without shots; likewise.
        by_bases: it measures values basis by basis: each is a circuit with all the shots.
        probabilities: likewise for exact probabilities.
        mixed_shots: items of one batch may differ in their shots.
        mixed_kinds: items of one batch may ask for different kinds of results.
        finds_tokens: ``find`` tells for certain whether a submission id was accepted.
        names_first: nothing runs before `Submission.known` was told its id; a batch that has
            none was never started.
        resends: the same submission sent again under the same id is the same batch.
        lookup_seconds: how long after a submission it may take until ``find`` and
            ``status`` know of it; before that, not to be found proves nothing.
        seconds: a device stops a batch after so many.
        bills: what a batch has cost, or how long it took, may be told only after its end:
            ``status`` is asked again.
        local: a batch dies with this process and costs nothing but time.
    """

    circuits: int | None = None
    shots: int | None = None
    bytes: int | None = None
    in_flight: int = 1
    contents: int | None = None
    formats: frozenset[str] | None = None
    values: bool = True
    exact_values: bool = True
    by_bases: bool = False
    probabilities: bool = False
    mixed_shots: bool = True
    mixed_kinds: bool = True
    finds_tokens: bool = False
    names_first: bool = False
    resends: bool = False
    lookup_seconds: float = 5.0
    seconds: float | None = None
    bills: bool = False
    local: bool = False
