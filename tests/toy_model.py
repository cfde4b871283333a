"""A packed model of two features, as `platforms.packing` would pack it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.people import make_people

ROOT = Path(__file__).parents[1]
COLUMNS = [
    {"name": "age", "type": "number", "missing_allowed": False},
    {"name": "weight", "type": "integer", "missing_allowed": True},
]


def pack_toy_model(folder: Path) -> Path:
    """Fit it and write it into the folder."""
    import skops.io
    from sklearn.ensemble import HistGradientBoostingClassifier

    people = make_people(300, seed=1)
    fitted = HistGradientBoostingClassifier(max_iter=5).fit(people[["age", "weight"]], people["sick"])
    skops.io.dump(fitted, folder / "model.skops")
    description = {
        "format": 1,
        "model": "toy",
        "kind": "classification",
        "model_file": "model.skops",
        "trusted_types": skops.io.get_untrusted_types(file=folder / "model.skops"),
        "columns": COLUMNS,
        "classes": [0, 1],
    }
    (folder / "perennial.json").write_text(json.dumps(description))
    shutil.copyfile(ROOT / "scoring" / "requirements.lock", folder / "requirements.lock")
    return folder
