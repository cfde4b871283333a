"""What a model's windows in production will be held against: written where it is trained, read where it is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle.metrics import ESTIMATED
from lifecycle.names import reference_blob
from lifecycle.tags import KEY
from platforms.ports import NotFound, RegisteredModel
from tasks.context import Context
from tasks.datasets import Holdout

if TYPE_CHECKING:
    from monitoring.direct_loss import LossReference
    from monitoring.model_reference import ModelReference

_REFERENCE, _LOSSES, _LOSS_MODELS = "reference.json", "losses.json", "losses.skops"


def write_model_reference(context: Context, key: str, model: Any, holdout: Holdout) -> None:
    """Ask the model about the hold-out, and keep what its windows need. Written once a training; the last part last."""
    from monitoring.model_reference import model_reference
    from tasks.evaluation import score

    scores = score(model, holdout.features, holdout.manifest.terms.levels)
    if not scores.classes and ESTIMATED[context.workload.kind]:
        _write_losses(context, key, holdout, scores.prediction)
    found = model_reference(
        context.workload.kind,
        holdout.label.to_numpy(),
        scores.prediction,
        scores.probability,
        scores.classes,
        _attribution(context, model, holdout),
    )
    _put(context, key, _REFERENCE, found.model_dump_json().encode())


def read_model_reference(context: Context, champion: RegisteredModel) -> ModelReference | None:
    """None for a model that was registered without one."""
    from monitoring.model_reference import ModelReference

    content = _read(context, champion, _REFERENCE)
    return None if content is None else ModelReference.model_validate_json(content)


def read_loss_reference(context: Context, champion: RegisteredModel) -> LossReference | None:
    """None for a classification, and for a model that was registered without one."""
    models, content = _read(context, champion, _LOSS_MODELS), _read(context, champion, _LOSSES)
    if models is None or content is None:
        return None
    from monitoring.direct_loss import LossFacts, LossReference
    from platforms.packing import loads_trusted

    fitted = loads_trusted(_LOSS_MODELS, models)
    return LossReference(fitted["absolute"], fitted["squared"], LossFacts.model_validate_json(content))


def _write_losses(context: Context, key: str, holdout: Holdout, prediction: Any) -> None:
    import skops.io

    from monitoring.direct_loss import loss_reference

    found = loss_reference(holdout.features, holdout.manifest.columns, holdout.label.to_numpy(), prediction)
    _put(context, key, _LOSS_MODELS, skops.io.dumps({"absolute": found.absolute, "squared": found.squared}))
    _put(context, key, _LOSSES, found.facts.model_dump_json().encode())


def _attribution(context: Context, model: Any, holdout: Holdout) -> Any:
    if not context.workload.monitor.attribution:
        return None
    from monitoring.attribution import attribution_reference
    from tasks.evaluation import score

    return attribution_reference(lambda rows: score(model, rows).decisive, holdout.features, holdout.manifest.features)


def _put(context: Context, key: str, name: str, content: bytes) -> None:
    context.platform.blobs.put_if_absent(reference_blob(context.name, key, name), content)


def _read(context: Context, champion: RegisteredModel, name: str) -> bytes | None:
    key = champion.tags.get(KEY)
    if key is None:
        return None
    try:
        return context.platform.blobs.read(reference_blob(context.name, key, name))
    except NotFound:
        return None
