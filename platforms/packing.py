"""From what a training job wrote to a packed MLflow model: signature, pinned requirements, no pickle."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.dataset import DatasetManifest
from platforms.quantile_models import quantiles_of

if TYPE_CHECKING:
    import pandas as pd

MODEL_FILE = "model.skops"
TRUSTED_ROOTS = ("sklearn.", "numpy.", "scipy.", "builtins.")
_SCORING = Path(__file__).parent.parent / "scoring"
REQUIREMENTS = _SCORING / "requirements.lock"  # every package with its hashes: what a slot installs


class UnusableModel(ValueError):
    """What the training script left is no model that could be served."""


def load_model(path: Path) -> tuple[Any, list[str]]:
    """The model in a skops file and the types that had to be trusted to load it.

    Raises UnusableModel where the file is missing, is no skops file, or wants types other than those of
    scikit-learn, numpy and scipy: such types run code of their own when they are loaded.
    """
    import skops.io

    if not path.is_file():
        raise UnusableModel(f"The training script wrote no {path.name} into its --out folder.")
    try:
        wanted = _trusted(path.name, skops.io.get_untrusted_types(file=path))
        return skops.io.load(path, trusted=wanted), wanted
    except UnusableModel:
        raise
    except Exception as error:  # skops and zipfile raise many kinds, all of which mean the same here
        raise UnusableModel(f"{path.name} cannot be loaded: {type(error).__name__}: {error}") from error


def loads_trusted(name: str, content: bytes) -> Any:
    """What a skops file of ours holds. UnusableModel for types other than those of `load_model`."""
    import skops.io

    return skops.io.loads(content, trusted=_trusted(name, skops.io.get_untrusted_types(data=content)))


def _trusted(name: str, types: Iterable[Any]) -> list[str]:
    wanted = sorted(str(kind) for kind in types)
    foreign = [kind for kind in wanted if not kind.startswith(TRUSTED_ROOTS)]
    if foreign:
        raise UnusableModel(f"{name} holds types that are not trusted: {', '.join(foreign)}.")
    return wanted


def warm_up() -> None:
    """Import what packing needs, three seconds of work, while there is something else to wait for."""
    import mlflow.sklearn  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import skops.io  # noqa: F401


def pack(model: Any, trusted: list[str], manifest: DatasetManifest, example: pd.DataFrame, folder: Path) -> Path:
    """Pack the model below the folder and return where: MLmodel, model.skops, requirements.txt, perennial.json.

    trusted: the types that `load_model` had to trust.
    """
    import mlflow
    import mlflow.sklearn

    target = folder / "model"
    mlflow.sklearn.save_model(
        model,
        str(target),
        serialization_format="skops",
        skops_trusted_types=trusted,
        signature=mlflow.models.infer_signature(example, model.predict(example)),
        pip_requirements=_pins(),
    )
    classes = getattr(model, "classes_", None)
    description = {
        "format": 1,
        "model": manifest.workload,
        "kind": manifest.kind,
        "model_file": _model_file(target),
        "trusted_types": trusted,
        "columns": [column.model_dump(mode="json") for column in manifest.columns],
        "classes": None if classes is None else classes.tolist(),
        "quantiles": _levels(model, manifest, example),
    }
    (target / "perennial.json").write_text(json.dumps(description, indent=1))
    (target / "requirements.lock").write_bytes(REQUIREMENTS.read_bytes())
    return target


def load_packed(folder: Path) -> Any:
    """The scikit-learn model in a packed folder, with the types trusted that stand in its description."""
    import skops.io

    description = json.loads((folder / "perennial.json").read_text())
    return skops.io.load(folder / description["model_file"], trusted=description["trusted_types"])


def _levels(model: Any, manifest: DatasetManifest, example: pd.DataFrame) -> list[float] | None:
    """The levels of the quantiles that the model gives beside its forecast."""
    levels = manifest.terms.levels
    return None if quantiles_of(model, example, levels) is None else list(levels)


def _model_file(folder: Path) -> str:
    return next(path.name for path in sorted(folder.iterdir()) if path.suffix == ".skops")


def _pins() -> list[str]:
    """The direct requirements of the scoring environment, for MLflow's own requirements.txt."""
    return re.findall(r"^[A-Za-z0-9._-]+==\S+", (_SCORING / "requirements.in").read_text(), flags=re.MULTILINE)
