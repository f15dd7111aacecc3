"""Builds wheel and sdist, and tries them in a clean environment.

The sdist must hold every file of the repository; the wheel made of it must run the main job, and
bring its data files.
"""

import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

TOP = Path(__file__).parents[1]
MAIN_JOB = "1 done, 0 failed; 1 batch"


def run(*command: object, **more: object) -> str:
    """What a command prints; a failure ends this."""
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, **more)
    if done.returncode:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def missing(sdist: Path) -> list[str]:
    """Files of the repository that an sdist does not hold."""
    with tarfile.open(sdist) as archive:
        there = {name.partition("/")[2] for name in archive.getnames()}
    wanted = run("git", "ls-files", cwd=TOP).splitlines()
    return [name for name in wanted if name not in there]


def main() -> int:
    """Build and try."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place, "dist")
        # The wheel is built from the sdist, not from what happens to lie in the checkout.
        run(sys.executable, "-m", "build", "--outdir", out, TOP)
        (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
        if left := missing(sdist):
            sys.exit(f"the sdist lacks {left}")
        venv.create(Path(place, "env"), with_pip=True)
        programs = Path(place, "env", "bin")
        run(programs / "pip", "install", "--quiet", wheel)
        where = {"cwd": place, "env": {"HOME": place, "PATH": str(programs)}}
        said = run(programs / "qbatch", "run", "demo", "--add", TOP / "examples/bell.qasm", **where)
        if MAIN_JOB not in said:
            sys.exit(said)
        version = run(programs / "qbatch", "--version", **where).split()[-1]
        if f"-{version}-" not in wheel.name:
            sys.exit(f"{wheel.name} calls itself {version}")
        run(programs / "qbatch", "run", "--help", **where)  # made of a data file
    print(f"{sdist.name} is whole, {wheel.name} runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
