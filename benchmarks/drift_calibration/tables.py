"""Counts as tables that a page can hold."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.drift_calibration.running import SCENES, Counts
from benchmarks.drift_calibration.tally import Tally, wilson


def markdown(counts: Counts) -> Iterator[str]:
    """A table a scene, line by line: rows by detectors, of findings and of alarms."""
    for scene in dict.fromkeys(key[0] for key in counts):
        of_scene = {key[1:]: tally for key, tally in counts.items() if key[0] == scene}
        rows, detectors, modes = (list(dict.fromkeys(key[place] for key in of_scene)) for place in range(3))
        yield f"### {SCENES[scene].title} (`{scene}`)"
        yield ""
        yield "| | " + " | ".join(f"{detector}: {mode}" for detector in detectors for mode in modes) + " |"
        yield "|---|" + "---|" * (len(detectors) * len(modes))
        for row in rows:
            cells = [_cell(of_scene.get((row, detector, mode))) for detector in detectors for mode in modes]
            yield f"| {row} | " + " | ".join(cells) + " |"
        yield ""


def told(tally: Tally) -> str:
    """Count, interval of 95 %, and the mean delay in windows."""
    low, high = wilson(tally.hits, tally.trials)
    text = f"{tally.hits}/{tally.trials} ({low:.1%} to {high:.1%})"
    return text if tally.delay is None else f"{text}, {tally.delay:.1f}"


def _cell(tally: Tally | None) -> str:
    return "" if tally is None else told(tally)
