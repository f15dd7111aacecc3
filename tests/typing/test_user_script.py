"""The script of a user who uses every verb: it type-checks strictly, twice, and runs."""

import json
import subprocess
import sys
from pathlib import Path

from .user_script import main

SCRIPT = Path(__file__).with_name("user_script.py")


def test_it_runs(tmp_path, capsys):
    main(tmp_path)
    assert "there is no group 'nobody'" in capsys.readouterr().out


def checked(folder, *command):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_takes_it_strictly(tmp_path):
    # Qiskit has no types, and what qbatch itself imports is not the user's.
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\nignore_missing_imports = True\nfollow_imports = silent\n")
    checked(tmp_path, "mypy", "--strict", "--config-file", str(settings), str(SCRIPT))


def test_pyright_takes_it(tmp_path):
    settings = tmp_path / "pyrightconfig.json"
    top = SCRIPT.parents[2]  # an editable installation is none that pyright sees
    settings.write_text(
        json.dumps({"include": [str(SCRIPT)], "extraPaths": [str(top)],
                    "typeCheckingMode": "strict",
                    "reportMissingTypeStubs": False, "reportUnknownMemberType": False,
                    "reportUnknownVariableType": False, "reportUnknownArgumentType": False})
    )  # fmt: skip
    checked(tmp_path, "pyright", "--pythonpath", sys.executable, "-p", str(settings))
