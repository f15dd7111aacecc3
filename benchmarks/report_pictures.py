"""The README's pictures of a report: ``python -m benchmarks.report_pictures``. Needs Chromium."""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from pathlib import Path

from qbatch import JobGroup

TOP = Path(__file__).parents[1]
PICTURES = TOP / "examples" / "pictures"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--proxy-server=127.0.0.1:9",
)  # fmt: skip
_SIZES = {"report.png": (1400, 1050, "light"), "report-phone.png": (360, 1100, "dark")}


def write(place: Path) -> Path:
    """The report of a plane of angles, and one job that cannot run."""
    page = place / "scan.html"
    bell = (TOP / "examples" / "bell.qasm").read_text()
    angles = [math.pi * n / 16 for n in range(17)]
    with JobGroup("scan", db=place / "q.db") as group:
        sweep = {"theta": angles, "phi": angles}
        ansatz = (TOP / "examples" / "ansatz.qasm3").read_text()
        group.add(ansatz, parameters=sweep, shots=1000, seed=1)
        group.add(ansatz, parameters={"theta": angles, "phi": 0.0}, observables=["ZZ", "XX"],
                  shots=500, seed=2)  # fmt: skip
        impossible = bell.replace("cx q[0], q[1];", "reset q[0];")
        group.add(impossible, options={"method": "unitary"}, name="reset")
        group.run_parallel()
        group.report(page)
    return page


def main() -> int:
    """Draw them."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )
    with tempfile.TemporaryDirectory() as name:
        page = write(Path(name))
        for picture, (width, height, scheme) in _SIZES.items():
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
            )
            wish = [{"name": "prefers-color-scheme", "value": scheme}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wish})
            driver.get(page.as_uri())
            driver.save_screenshot(str(PICTURES / picture))
    driver.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
