"""Are the window's data whole? Missing and invalid values, new categories, copied rows."""

from __future__ import annotations

from lifecycle.findings import Finding
from monitoring.window_quality import quality_findings, quality_reference
from tasks.checks.observed import Observed
from tasks.step import step


@step(name="check data quality")
def check_quality(observed: Observed) -> list[Finding]:
    """Column by column, against the champion's hold-out."""
    if not observed.asked:
        return []
    reference = quality_reference(observed.reference.features, observed.reference.manifest.columns)
    return quality_findings(reference, observed.window.inputs, minimum_rows=observed.minimum_rows)
