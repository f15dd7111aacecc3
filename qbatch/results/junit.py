"""A check as JUnit XML, as CI services read it (the format of Ant's junitreport task)."""

from __future__ import annotations

from typing import IO
from xml.etree import ElementTree as ET

from qbatch.results.matching import CheckReport, Finding, undecided_text


def write_junit(report: CheckReport, group: str, stream: IO[str], *, strict: bool = False) -> None:
    """One suite: a case a job, and one for all jobs together where they were tested so.

    A job that drifted or is missing is a failure; a new one, and one of which too few shots
    allow no verdict, is skipped.

    Args:
        strict: that all together are undecided is a failure, too.
    """
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", name=_clean(group))
    for finding in report.findings:
        _case(suite, finding, group)
    if report.p_value is not None:
        case = ET.SubElement(suite, "testcase", classname=_clean(group), name="all jobs together")
        if report.drifted_together:
            said = f"p = {report.p_value:.2g}: shot noise does not explain the differences"
            ET.SubElement(case, "failure", message=said, type="drifted")
        elif report.verdict == "undecided":
            tag = "failure" if strict else "skipped"
            ET.SubElement(case, tag, message=undecided_text(report), type="undecided")
        if report.detectable is not None:
            said = f"smallest change that would have shown: {report.detectable:.3g}"
            ET.SubElement(case, "system-out").text = said
    for name, tag in (("failures", "failure"), ("skipped", "skipped"), ("errors", "error")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    ET.indent(suites)
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(ET.tostring(suites, encoding="unicode") + "\n")


def _case(suite: ET.Element, finding: Finding, group: str) -> None:
    sample = finding.pair.sample
    name = f"{sample.number}"
    if sample.name:
        name += f" {sample.name}"
    if sample.parameters:
        name += " " + " ".join(f"{key}={value:.6g}" for key, value in sample.parameters.items())
    case = ET.SubElement(suite, "testcase", classname=_clean(group), name=_clean(name))
    if finding.verdict in ("drifted", "missing"):
        ET.SubElement(case, "failure", message=_clean(finding.reason or ""), type=finding.verdict)
    elif finding.verdict in ("new", "undecided"):
        said = _clean(finding.reason or "")
        ET.SubElement(case, "skipped", message=said, type=finding.verdict)
    if finding.detectable is not None:
        said = f"smallest change that would have shown: {finding.detectable:.3g}"
        ET.SubElement(case, "system-out").text = said


def _clean(text: str) -> str:
    """Text without characters that XML 1.0 does not know."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
