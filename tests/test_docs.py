"""The pages: links lead somewhere, code stands where it is said to stand, examples run."""

import re
import struct
from pathlib import Path

import pytest

from benchmarks import gallery

TOP = Path(__file__).parents[1]
PAGES = sorted([*TOP.glob("*.md"), *(TOP / "docs").glob("*.md"), TOP / "benchmarks" / "README.md"])
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def anchors(text):
    """The headings of a page as links name them."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    text = _FENCE.sub("", page.read_text("utf-8"))
    for found in _LINK.findall(text):
        target = found[0] or found[1]
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), (page.name, target)
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), (page.name, target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_is_one_and_says_what_it_shows(page):
    text = page.read_text("utf-8")
    for words, name in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text):
        assert len(words) > 10, (page.name, name)
        check_picture((page.parent / name).resolve())
    for tag in re.findall(r"<img [^>]*>", text):
        assert len(re.search(r'alt="([^"]*)"', tag)[1]) > 10
        check_picture((page.parent / re.search(r'src="([^"]*)"', tag)[1]).resolve())


def check_picture(file):
    data = file.read_bytes()
    if file.suffix == ".svg":
        assert data.startswith(b"<svg")
        assert b"http://www.w3.org" in data
        assert not re.search(rb"(?:src|href|url)\W{1,4}https?://", data)  # nothing from the network
        return
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert width >= 300
    assert height >= 200


def test_what_extending_shows_stands_in_the_plugin():
    text = (TOP / "docs" / "extending.md").read_text("utf-8")
    package = TOP / "examples" / "plugin"
    sources = [file.read_text("utf-8") for file in package.rglob("*.py")]
    declared = (package / "pyproject.toml").read_text("utf-8")
    shown = 0
    for language, body in _FENCE.findall(text):
        if language == "python":
            assert any(body in source for source in sources), body
            shown += 1
        elif language == "toml":
            assert all(line in declared for line in body.splitlines()), body
    assert shown >= 4


def test_the_readme_is_short_and_the_commands_are_elsewhere():
    text = (TOP / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 300
    for page in (TOP / "docs").glob("*.md"):
        if page.name not in ("api.md", "decisions.md", "extending.md", "gallery.md", "views.md"):
            assert f"docs/{page.name}" in text, page.name


def test_every_page_is_in_the_navigation():
    import yaml

    declared = (TOP / "mkdocs.yml").read_text("utf-8")
    assert yaml.safe_load(declared)["docs_dir"] == "docs"
    for page in (TOP / "docs").glob("*.md"):
        assert f": {page.name}\n" in declared, page.name


STUDIES = list(gallery.studies())


def test_the_gallery_has_ten_studies_of_few_commands():
    assert len(STUDIES) == 10
    assert all(1 <= len(study.commands) <= 5 for study in STUDIES)
    assert all((TOP / "docs" / "pictures" / study.picture).exists() for study in STUDIES)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.picture)
def test_a_study_of_the_gallery_runs(study, tmp_path):
    if not study.is_possible:
        pytest.skip(f"{gallery.NEEDS[study.name]} is not here: python -m benchmarks.gallery")
    said = gallery.run(study, tmp_path)
    if study.name == "A nightly gate":
        assert any(line.startswith("passed: 9 same") for line in said.values())
