"""Writes `azureml_emulator/coverage.json` and the README's tables, of what one or several test sessions drove.

AZUREML_EMULATOR_RECORD=driven.json pytest tests/azureml_emulator
python -m tests.azureml_emulator.make_coverage driven.json
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from azureml_emulator import coverage
from tests.azureml_emulator.comparison import compared
from tests.azureml_emulator.driven import Driven, classes, methods


def make(driven: Driven) -> dict[str, Any]:
    """What `coverage.json` says of a record."""
    every = {f"{name}.{method}" for name, operations in classes().items() for method in methods(operations)}
    operations = {name: sorted(files) for name, files in sorted(driven.operations.items()) if files}
    routes = {
        name: known["api_versions"] if known["answered"] else None for name, known in sorted(driven.routes.items())
    }
    return {
        "sdk": f"azure-ai-ml {version('azure-ai-ml')}",
        "operations": operations,
        "not_driven": sorted(every - set(operations)),
        "routes": routes,
        "recorded": compared(driven.routes),
    }


if __name__ == "__main__":
    record = Driven()
    for file in sys.argv[1:]:
        told = json.loads(Path(file).read_text())
        record.merge_routes(told["routes"])
        record.operations |= {name: set(files) for name, files in told["operations"].items()}
    made = make(record)
    coverage.FILE.write_text(json.dumps(made, indent=1) + "\n")
    coverage.README.write_text(coverage.placed(coverage.README.read_text(), coverage.render(made)))
