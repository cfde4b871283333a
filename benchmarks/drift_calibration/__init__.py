"""False alarms and detection: this service, Evidently's preset, NannyML's defaults, plain tests, on the same windows.

`python -m benchmarks drift_calibration` measures what is promised. `python -m benchmarks.drift_calibration` prints the
tables, of some scenes or all, with more repetitions where they are asked for (`--help`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.figures import Figure


def measure() -> Iterator[Figure]:
    """The goals; the tables go to stderr."""
    from benchmarks.drift_calibration.goals import figures
    from benchmarks.drift_calibration.nannyml_defaults import install
    from benchmarks.drift_calibration.running import SCENES, Effort, count
    from benchmarks.drift_calibration.tables import markdown

    absent = install()
    for counts in count(list(SCENES), Effort(nannyml=absent is None)):
        print("\n".join(markdown(counts)), file=sys.stderr, flush=True)
        yield from figures(counts)
    if absent:
        yield Figure("NannyML beside it", f"not measured: {absent}", "", True)
