"""The page as Chromium lays it out: room, letters, contrast, tables, what points say."""

import itertools
import math
import os
import random
import re
import shutil

import pytest

from benchmarks.look import luminance
from qbatch import JobGroup

from ..conftest import ANSATZ, BELL
from .test_report import BROWSER, FLAGS, RESET

DRIVER = shutil.which("chromedriver")
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not here")
WebDriverWait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait
# The campaign of that name installs one, and must not skip.
pytestmark = pytest.mark.skipif(
    None in (BROWSER, DRIVER) and "QBATCH_NEEDS_BROWSER" not in os.environ,
    reason="no Chromium here: .ci/campaign report",
)

PHONE, TABLET, DESK = (360, 800), (768, 1024), (1600, 1000)
SMALLEST = 10  # CSS pixels

# Every text that is shown: what it is, its size on the screen, its box, its colour, and those of
# all that lies behind it, from the page's to its own.
TEXTS = r"""
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const parent = node.parentElement;
  if (!node.textContent.trim() || parent.closest("script, style, title, defs")) continue;
  if (!parent.checkVisibility({visibilityProperty: true})) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  const box = range.getBoundingClientRect();
  if (!box.width) continue;
  const style = getComputedStyle(parent), svg = parent.closest("svg");
  const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
  const behind = [];
  for (let up = parent; up; up = up.parentElement)
    behind.unshift(getComputedStyle(up).backgroundColor);
  found.push({
    text: node.textContent.trim(), size: parseFloat(style.fontSize) * scale,
    colour: svg ? style.fill : style.color, behind,
    picture: svg ? [...document.querySelectorAll("svg")].indexOf(svg) : null,
    box: [box.left, box.top, box.right, box.bottom],
  });
}
return found;
"""
STROKES = r"""
const found = [];
for (const mark of document.querySelectorAll(".point use, .point path, i, .bar div")) {
  if (!mark.checkVisibility()) continue;
  const style = getComputedStyle(mark);
  const svg = mark.closest("svg");
  found.push(svg ? style.fill : style.backgroundColor);
}
return [...new Set(found)];
"""


def colour(text):
    """Red, green, blue and how opaque, from 0 to 1, of a computed colour."""
    numbers = [float(word) for word in text[text.index("(") + 1 : -1].split(",")]
    return [n / 255 for n in numbers[:3]] + (numbers[3:] or [1.0])


def over(above, below):
    return [a * above[3] + b * (1 - above[3]) for a, b in zip(above[:3], below, strict=False)]


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def contrast_of(found):
    ground = [1.0, 1.0, 1.0]
    for layer in found["behind"]:
        ground = over(colour(layer), ground)
    return contrast(over(colour(found["colour"]), ground), ground)


def too_small(texts):
    return [t["text"] for t in texts if t["size"] < SMALLEST]


def too_pale(texts):
    return [(t["text"], t["colour"]) for t in texts if contrast_of(t) < 4.5]


def over_each_other(texts):
    """Pairs of one picture; boxes have room above and below their letters."""
    found = []
    for one, other in itertools.combinations(texts, 2):
        across = min(one["box"][2], other["box"][2]) - max(one["box"][0], other["box"][0])
        down = min(one["box"][3], other["box"][3]) - max(one["box"][1], other["box"][1])
        if one["picture"] == other["picture"] and across > 1 and down > 0.4 * one["size"]:
            found.append((one["text"], other["text"]))
    return found


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """By name a page's address: sweep with failures, grid, scattered points, bars, a program."""
    place = tmp_path_factory.mktemp("pages")
    rng = random.Random(1)
    angles = [i * math.pi / 12 for i in range(13)]
    with JobGroup('<b>"scan" & co', db=place / "q.db") as group:
        sweep = {"theta": angles, "phi": [0.0]}
        group.add(ANSATZ, parameters=sweep, shots=100)
        group.add(ANSATZ, parameters=sweep, observables=["ZZ", "XX"], shots=100)
        group.add(RESET, options={"method": "unitary"}, name="<script>document.title='!'</script>")
        group.run_parallel(seed=1)
        group.report(place / "sweep.html")
    with JobGroup("grid", db=place / "q.db") as group:
        group.add(ANSATZ, parameters={"theta": angles, "phi": angles}, shots=50)
        group.run_parallel(seed=1)
        group.report(place / "grid.html")
    with JobGroup("scattered", db=place / "q.db") as group:
        for _ in range(30):
            there = {"theta": [3 * rng.random()], "phi": [rng.random()]}
            group.add(ANSATZ, parameters=there, observables=["ZZ", "XX"])
        group.run_parallel()
        group.report(place / "scattered.html")
    with JobGroup("bars", db=place / "q.db") as group:
        group.add(BELL, BELL, shots=1000)
        group.run_parallel(seed=1)
        group.report(place / "bars.html")
    return {name.stem: name.as_uri() for name in place.glob("*.html")}


NAMES = ("sweep", "grid", "scattered", "bars")


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield found
    found.quit()


def opened(driver, address, size=DESK, scheme="light", *, details=True):
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
    )
    wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
    driver.get("about:blank")
    driver.get(address)
    if details:
        driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [PHONE, TABLET, DESK])
def test_it_fits_and_its_letters_can_be_read(driver, pages, name, size):
    opened(driver, pages[name], size)
    wide, room = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room == size[0]
    texts = driver.execute_script(TEXTS)
    assert len(texts) > 30
    assert too_small(texts) == []
    outside = [t["text"] for t in texts if t["box"][0] < -1 or t["box"][2] > room + 1]
    assert outside == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_no_letters_of_a_picture_lie_over_others(driver, pages, name, size):
    opened(driver, pages[name], size)
    drawn = [text for text in driver.execute_script(TEXTS) if text["picture"] is not None]
    assert len(drawn) > 10
    assert over_each_other(drawn) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_contrast_is_that_of_wcag_aa(driver, pages, name, scheme):
    """4.5:1 of letters (1.4.3), 3:1 of marks to the page (1.4.11)."""
    opened(driver, pages[name], DESK, scheme)
    texts = driver.execute_script(TEXTS)
    assert too_pale(texts) == []
    page = over(colour(texts[0]["behind"][-2]), [1, 1, 1])
    assert (luminance(page) < 0.1) is (scheme == "dark")
    marks = driver.execute_script(STROKES)
    assert marks
    if name in ("sweep", "bars"):  # the colours of a heat map are its values
        assert [m for m in marks if contrast(over(colour(m), page), page) < 3] == []


@pytest.mark.parametrize(
    ("style", "sees"),
    [
        ("figure svg g text { font-size: 5px !important }", too_small),
        (".quiet { font-size: 9px }", too_small),
        ("td { color: #888 }", too_pale),
        ("body { background: #777 }", too_pale),
        ("figure text { fill: #ddd }", too_pale),
        (".wide text { transform: translate(100px, 50px) }", over_each_other),
    ],
)
def test_what_looks_at_a_page_sees_what_is_wrong_with_it(driver, pages, style, sees):
    opened(driver, pages["sweep"])
    assert sees(texts := driver.execute_script(TEXTS)) == [], texts
    driver.execute_script(
        "const s = document.createElement('style'); s.textContent = arguments[0];"
        "document.head.append(s)", style,
    )  # fmt: skip
    assert sees(driver.execute_script(TEXTS))


def test_contrast_is_the_one_of_wcag():
    assert contrast([0, 0, 0], [1, 1, 1]) == 21
    grey = [0x77 / 255] * 3
    assert contrast(grey, [1, 1, 1]) == pytest.approx(4.48, abs=0.005)


def test_it_is_as_wide_as_a_desk(driver, pages):
    opened(driver, pages["sweep"], DESK)
    boxes = driver.execute_script(
        "return [...document.querySelectorAll('figure, table')].map(e => {"
        "const b = e.getBoundingClientRect(); return [e.tagName, b.left, b.top, b.width]})"
    )
    assert all(width > 0.9 * DESK[0] for tag, _, _, width in boxes if tag == "TABLE")
    figures = [box for box in boxes if box[0] == "FIGURE"]
    assert len({round(left) for _, left, _, _ in figures}) == 2  # side by side
    assert all(width > 0.4 * DESK[0] for _, _, _, width in figures)


def test_tables_are_sorted_by_numbers_and_filtered(driver, pages):
    opened(driver, pages["sweep"])
    table = driver.find_element("xpath", "//table[.//tr[@id='job-1']]")
    buttons = table.find_elements("css selector", "th button")
    assert [b.text for b in buttons] == ["job", "name", "parameters", "shots", "status", "result"]

    def numbers():
        rows = table.find_elements("css selector", "tbody tr")
        return [int(row.find_element("css selector", "td").text) for row in rows if row.text]

    assert numbers() == list(range(1, 28))
    buttons[0].click()
    assert numbers() == list(range(1, 28))
    buttons[0].click()
    assert numbers() == list(range(27, 0, -1))
    assert buttons[0].find_element("xpath", "..").get_attribute("aria-sort") == "descending"
    buttons[4].click()
    assert numbers()[-1] == 27  # "error" after "done"
    field = table.find_element("xpath", "preceding-sibling::div[1]//input")
    field.send_keys("error invalid")
    assert numbers() == [27]
    count = table.find_element("xpath", "preceding-sibling::div[1]//*[@role='status']")
    assert count.text == "1 of 27"
    # A point leads to its row also where that is filtered out, and again, where it leads already.
    for _ in range(2):
        field.clear()
        field.send_keys("error invalid")
        assert numbers() == [27]
        driver.find_element("css selector", ".wide a.point[href='#job-3']").click()
        WebDriverWait(driver, 10).until(lambda _: 3 in numbers())
        row = driver.find_element("id", "job-3").rect
        top = driver.execute_script("return scrollY")
        assert top - 1 <= row["y"] <= top + DESK[1] + 1


def test_parameters_are_sorted_by_their_values(driver, pages, tmp_path):
    values = [0.5, 0.25, -1.0, 1e-5, 10.0, 2.0]
    with JobGroup("sorted", db=tmp_path / "q.db") as group:
        group.add(ANSATZ, parameters={"theta": values, "phi": [0.0]}, name="job" * 60)
        group.report(tmp_path / "sorted.html")
    opened(driver, (tmp_path / "sorted.html").as_uri())
    table = driver.find_element("xpath", "//table[.//tr[@id='job-1']]")
    table.find_elements("css selector", "th button")[2].click()
    cells = table.find_elements("css selector", "td[data-label=parameters]")
    found = [float(re.search(r"theta=(\S+)", cell.text)[1]) for cell in cells]
    assert found == sorted(values)
    # A number and a name beside it are no one word.
    field = table.find_element("xpath", "preceding-sibling::div[1]//input")
    field.send_keys("1job")
    assert not any(cell.is_displayed() for cell in cells)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sweep", ["job 1: theta = 0, P(", ": 1"]),
        ("grid", ["job 1: phi = 0, theta = 0, P("]),
        ("scattered", ["job ", "phi = ", ", theta = ", ", ZZ: "]),
        ("bars", ["bars/1 text: 00 0.", " ± 0.01"]),
    ],
)
def test_a_point_says_on_hover_which_job_it_is(driver, pages, name, says):
    opened(driver, pages[name])
    point = driver.find_element("css selector", ".wide .point")
    assert not driver.find_element("id", "tip").is_displayed()
    webdriver.ActionChains(driver).move_to_element(point).perform()
    tip = driver.find_element("id", "tip")
    assert tip.is_displayed()
    assert all(part in tip.text for part in says), tip.text
    webdriver.ActionChains(driver).move_to_element(
        driver.find_element("css selector", "h1")
    ).perform()
    assert not tip.is_displayed()


def test_a_point_leads_to_its_job(driver, pages):
    opened(driver, pages["sweep"], details=False)
    assert not driver.find_element("id", "job-1").is_displayed()
    driver.find_element("css selector", ".wide a.point[href='#job-1']").click()
    WebDriverWait(driver, 10).until(lambda _: driver.find_element("id", "job-1").is_displayed())


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_for_nothing_and_nothing_is_refused(driver, pages, name):
    driver.get_log("browser")
    opened(driver, pages[name])
    asked = "return performance.getEntriesByType('resource').map(e => e.name)"
    assert driver.execute_script(asked) == []
    assert driver.get_log("browser") == []
    assert driver.title != "!"  # a name that is a script is text


def test_it_is_whole_without_scripts(driver, pages):
    opened(driver, pages["sweep"])
    before = {text["text"] for text in driver.execute_script(TEXTS)}
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(driver, pages["sweep"], details=False)
        assert driver.find_elements("css selector", "th button") == []
        for summary in driver.find_elements("css selector", "details:not([open]) > summary"):
            summary.click()
        shown = "td, th, h1, h2, p, dd, dt, li, text, summary, figcaption"
        words = driver.find_elements("css selector", shown)
        after = {" ".join(word.text.split()) for word in words}
        before.discard("Filter")
        assert {" ".join(text.split()) for text in before} <= after
        said = driver.find_elements("css selector", ".wide .point > title")
        assert said[0].get_attribute("textContent").startswith("job 1: theta = 0, ")
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
