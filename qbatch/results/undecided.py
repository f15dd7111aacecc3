"""What is said of a check that could not have seen a change."""

from __future__ import annotations

from qbatch.results.verdicts import CheckReport


def undecided_text(report: CheckReport) -> str:
    """Why the check is undecided, and what would decide it."""
    shots = report.deciding_shots
    seen = (
        "no change would have shown with these shots"
        if (report.detectable or 0.0) >= 1
        else f"a change below {report.detectable:.2g} would not have shown"
    )
    more = (
        f"about {shots} shots a job would show {report.detect:g}"
        if shots
        else (f"more shots are needed to show {report.detect:g}; how many, these do not tell")
    )
    return f"{seen}; {more}"
