"""Does the model still look at the same columns? Where the workload asks for it, since the model has to be loaded."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lifecycle.findings import Finding
from monitoring.attribution import score_attribution
from monitoring.judgement import finding
from tasks.checks.observed import Observed
from tasks.step import step


@step(name="check attribution")
def check_attribution(observed: Observed) -> list[Finding]:
    """One finding; none where the workload does not ask for it, or the champion was registered without a reference.

    None of a series either: what a forecast looks at follows the season, and the hold-out is of one.
    """
    model, context = observed.model, observed.context
    if observed.seasonal:
        return []
    if not context.workload.monitor.attribution or model is None or model.attribution is None or not observed.asked:
        return []
    from tasks.evaluation import load_version, score

    with tempfile.TemporaryDirectory() as folder:
        champion = load_version(context.platform.models, context.name, observed.champion.version, Path(folder))
    found = score_attribution(
        model.attribution,
        lambda rows: score(champion, rows).decisive,
        observed.window.inputs[observed.reference.manifest.features],
        minimum_rows=observed.minimum_rows,
    )
    return [finding("attribution", found.judgement)]
