"""A check as JUnit XML, as CI services read it (the format of Ant's junitreport task)."""

from __future__ import annotations

from typing import IO
from xml.etree import ElementTree as ET

from qbatch.results.undecided import undecided_text
from qbatch.results.verdicts import CheckReport, Finding


def write_junit(report: CheckReport, group: str, stream: IO[str], *, strict: bool = False) -> None:
    """One suite: a case a job, and one for all jobs together where they were tested so.

    A job that drifted or is missing is a failure; a new one, and one of which too few shots
    allow no verdict, is skipped.

    Args:
        strict: that all together are undecided is a failure, too.
    """
    together = _together(report, group, strict=strict)
    failures = report.number("drifted") + report.number("missing")
    skipped = report.number("new") + report.number("undecided")
    suite = ET.Element(
        "testsuite",
        name=_clean(group),
        failures=str(failures + len(together.findall("failure"))),
        skipped=str(skipped + len(together.findall("skipped"))),
        errors="0",
        tests=str(len(report.findings) + (report.p_value is not None)),
    )
    # Written case by case: there may be a million of them.
    start = ET.tostring(suite, encoding="unicode").removesuffix(" />")
    stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  {start}>\n')
    for finding in report.findings:
        _write(_case(finding, group), stream)
    if report.p_value is not None:
        _write(together, stream)
    stream.write("  </testsuite>\n</testsuites>\n")


def _write(case: ET.Element, stream: IO[str]) -> None:
    ET.indent(case, level=2)
    stream.write(f"    {ET.tostring(case, encoding='unicode')}\n")


def _together(report: CheckReport, group: str, *, strict: bool) -> ET.Element:
    """The case of all jobs together."""
    case = ET.Element("testcase", classname=_clean(group), name="all jobs together")
    if report.drifted_together:
        said = f"p = {report.p_value:.2g}: shot noise does not explain the differences"
        ET.SubElement(case, "failure", message=said, type="drifted")
    elif report.verdict == "undecided":
        tag = "failure" if strict else "skipped"
        ET.SubElement(case, tag, message=undecided_text(report), type="undecided")
    if report.detectable is not None:
        said = f"smallest change that would have shown: {report.detectable:.3g}"
        ET.SubElement(case, "system-out").text = said
    return case


def _case(finding: Finding, group: str) -> ET.Element:
    sample = finding.pair.sample
    name = f"{sample.number}"
    if sample.name:
        name += f" {sample.name}"
    if sample.parameters:
        name += " " + " ".join(f"{key}={value:.6g}" for key, value in sample.parameters.items())
    case = ET.Element("testcase", classname=_clean(group), name=_clean(name))
    if finding.verdict in ("drifted", "missing"):
        ET.SubElement(case, "failure", message=_clean(finding.reason or ""), type=finding.verdict)
    elif finding.verdict in ("new", "undecided"):
        said = _clean(finding.reason or "")
        ET.SubElement(case, "skipped", message=said, type=finding.verdict)
    if finding.detectable is not None:
        said = f"smallest change that would have shown: {finding.detectable:.3g}"
        ET.SubElement(case, "system-out").text = said
    return case


def _clean(text: str) -> str:
    """Text without characters that XML 1.0 does not know."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
