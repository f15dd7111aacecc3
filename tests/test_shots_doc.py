"""What docs/shots_and_budgets.md shows is what happens."""

import shutil

from .blocks import TOP, run_section

FILE = "shots_and_budgets.md"


def test_the_page_is_what_happens(tmp_path):
    for name in ("ansatz.qasm3", "bell.qasm"):
        shutil.copy(TOP / "examples" / name, tmp_path)
    said = run_section(FILE, "Shots until a rule holds", tmp_path)
    assert "nothing to do in energy" in said["qbatch run energy"]
    assert "shots: reached" in said["qbatch show energy/7"]
    said = run_section(FILE, "More shots", tmp_path)
    assert said["qbatch edit scan --shots +9000"] == "scan: 5 jobs\n"
    said = run_section(FILE, "Merging", tmp_path)
    merge = "qbatch group merge scan tuesday.qbatch -o both"
    assert said[merge] == "both: 0 new jobs, 0 shots added (0 of scan, 0 of tuesday.qbatch)\n"
    said = run_section(FILE, "Budgets", tmp_path)
    assert "budget of this month: 200 EUR" in said["qbatch plan paid --backend lab"]
    assert "lab" in said["qbatch backends costs"]
    said = run_section(FILE, "Order", tmp_path)
    assert said["qbatch delete tuesday/5 --yes"] == "tuesday: 1 job deleted\n"
