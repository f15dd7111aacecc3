"""Help and the manual page, made of the command line's spec."""

import shutil
import subprocess

import pytest

from qbatch.cli import help_text, spec

SPEC = spec.load()


def test_every_command_is_told_in_sections():
    text = help_text.text(SPEC, (), 80)
    sections = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert sections[:4] == ["Add and run:", "Look:", "Compare:", "Change:"]
    for path in spec.paths(SPEC):
        assert f"  {path[0]} " in text


@pytest.mark.parametrize("path", list(spec.paths(SPEC)), ids=" ".join)
def test_no_line_is_wider_than_the_terminal(path):
    text = help_text.text(SPEC, path, 80)
    assert max(map(len, text.splitlines())) <= 80 or "Example" in text
    assert text.startswith(f"Usage: qbatch {' '.join(path)}")
    assert "-h, --help" in text


def test_options_stand_in_their_sections():
    lines = help_text.text(SPEC, ("run",), 80).splitlines()
    order = ["Which jobs:", "Where:", "How:", "Limits and failures:", "Output:", "Options:"]
    places = [lines.index(section) for section in order]
    assert places == sorted(places)
    where = next(i for i, line in enumerate(lines) if "--where CONDITION" in line)
    assert places[0] < where < places[1]
    assert any("-q, --quiet" in line for line in lines)
    assert any("--parallel, --sequential" in line for line in lines)


def test_the_options_of_a_family_are_the_same_everywhere():
    def family(name):
        return {
            option
            for option, entry in spec.at(SPEC, (name,))["options"].items()
            if entry["section"] != "Output" or option.startswith("--log")
        }

    run = family("run") - {"--add", "--shots", "--measure-all"}
    assert family("plan") - {"--json"} == run
    assert family("rerun") - {"--keep", "--from-step"} == run
    both = {"--parallel", "--sequential"}
    assert family("run-parallel") - {"--add", "--shots", "--measure-all"} == run - both - {
        "--delay"
    }
    assert family("run-sequential") - {"--add", "--shots", "--measure-all"} == run - both


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["--help"], ()),
        ([], ()),
        (["run", "-h"], ("run",)),
        (["run", "scan", "--where", "-h"], None),
        (["run", "--", "-h"], None),
        (["group"], ("group",)),
        (["group", "open", "--help"], ("group", "open")),
        (["--db", "x.db", "group", "--help"], ("group",)),
        (["status"], None),
        (["nonsense", "--help"], None),
    ],
)
def test_who_asks_for_help(words, path):
    assert spec.asks_for_help(SPEC, words) == path


def test_words_lead_to_their_command():
    place = spec.walk(SPEC, ["--db", "x.db", "--config", "c.toml", "group", "open", "a", "--json"])
    assert place.path == ("group", "open")
    assert place.given == ["a", "--json"]
    assert place.before == {"--db": "x.db", "--config": "c.toml"}


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_the_manual_page_is_good(tmp_path):
    page = tmp_path / "qbatch.1"
    page.write_text(help_text.manual_page(SPEC, "1.0"))
    done = subprocess.run(
        ["man", "--warnings", "-l", str(page)],
        capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80"},
    )  # fmt: skip
    assert done.stderr == ""
    assert "run-sequential" in done.stdout


def test_the_manual_page_has_every_command():
    page = help_text.manual_page(SPEC, "1.0")
    for path in spec.paths(SPEC):
        assert f".SS qbatch {' '.join(path)}".replace("-", "\\-") in page
    assert not [line for line in page.splitlines() if line.startswith("'")]
