"""The platform's own monitor of what serves: made where the workload asks for it, removed where it does not.

A promotion does it, since it is then that the deployment and the training data to compare with become others, and its
identity is production's; `reconcile` does it for who changed the workload and does not want to wait for a promotion.
"""

from __future__ import annotations

from lifecycle.metrics import predicts_numbers
from lifecycle.tags import DATASET
from platforms.ports import NativeMonitor, RegisteredModel
from tasks.context import Context
from tasks.datasets import job_prefix, read_manifest
from tasks.promotion import production
from tasks.step import step


@step(name="the platform's own monitor", attempts=3)
def apply_native_monitor(context: Context) -> str:
    """Bring it in line with the workload and with what serves; a sentence on what was done, or nothing."""
    monitors = context.platform.native_monitors
    if monitors is None:
        return "The platform has no monitor of its own." if context.workload.monitor.native else ""
    if not context.workload.monitor.native:
        monitors.remove(context.name)
        return ""
    live = production(context)
    if live is None:
        return ""
    version = context.platform.models.get(context.name, live.version)
    monitors.ensure(_wanted(context, live.slot.name, version))
    return f"The platform's own monitor watches {live.slot.name}."


def _wanted(context: Context, slot: str, version: RegisteredModel) -> NativeMonitor:
    dataset = version.tags[DATASET]
    manifest = read_manifest(context.platform.blobs, context.name, dataset)
    return NativeMonitor(
        endpoint=context.name,
        slot=slot,
        kind="regression" if predicts_numbers(manifest.kind) else manifest.kind,  # it knows no forecasts
        dataset=dataset,
        training_prefix=job_prefix(context.name, dataset),
        features=tuple(manifest.features),
        label=manifest.label,
    )
