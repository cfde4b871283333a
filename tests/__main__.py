"""`python -m tests`: the whole suite in two sessions side by side, since most tests wait more than they compute.

The emulator's tests share nothing with the others but installed programs, which are put in place first.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from deployments.azurite.install import NoNode, install_azurite

ROOT = Path(__file__).parents[1]
EMULATOR = "tests/azureml_emulator"


def main() -> int:
    """The exit code of pytest, the worse of both."""
    with suppress(NoNode):
        install_azurite(ROOT / ".perennial" / "azurite")
    pytest = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryFile() as told:
        beside = subprocess.Popen([*pytest, EMULATOR], cwd=ROOT, stdout=told, stderr=subprocess.STDOUT)
        try:
            code = subprocess.run([*pytest, f"--ignore={EMULATOR}"], cwd=ROOT, check=False).returncode
            code = max(code, beside.wait())
        finally:
            beside.terminate()
            beside.wait()
        told.seek(0)
        print(f"\n{EMULATOR}:\n{told.read().decode(errors='replace')}")
    return code


if __name__ == "__main__":
    sys.exit(main())
