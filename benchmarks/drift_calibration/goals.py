"""What is promised, beside what was counted."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.drift_calibration.concept import TOLERATED
from benchmarks.drift_calibration.detectors import OURS
from benchmarks.drift_calibration.running import Counts
from benchmarks.drift_calibration.tables import told
from benchmarks.drift_calibration.tally import Tally
from benchmarks.figures import Figure

FALSE_ALARMS = 0.01  # of windows without drift
DETECTED = 0.99  # of shifts of 0.25 SD or more, within two windows
QUIET = ("independent", "weekly", "yearly", "alike", "whole_weeks", "whole_years", "few")
SEEN = ("shifts", "shifts_alike", "shifts_weeks", "shifts_years")
ALARM = "an alarm"


def figures(counts: Counts) -> Iterator[Figure]:
    """Of a scene: the false alarms of all, or what was detected; of what has no goal, nothing."""
    for scene, row, who, mode in counts:
        tally = counts[scene, row, who, mode]
        if scene in QUIET and mode == ALARM:
            what = f"false alarms, {row}: {who}"
            yield Figure(what, told(tally), "1 in 100" if who == OURS else "", _met(who, tally.share <= FALSE_ALARMS))
    for scene in dict.fromkeys(key[0] for key in counts if key[0] in SEEN):
        for who in dict.fromkeys(key[2] for key in counts if key[0] == scene):
            total = Tally()
            for key, tally in counts.items():
                if key[0] == scene and key[2:] == (who, ALARM) and not key[1].startswith("0.1 SD"):
                    total.add(tally)
            what = f"shifts of 0.25 SD and more within two windows ({scene}): {who}, confirmed"
            yield Figure(what, told(total), "99 %" if who == OURS else "", _met(who, total.share >= DETECTED))
    for (scene, row, who, mode), tally in counts.items():
        if scene == "concept" and mode == ALARM and who == OURS and TOLERATED not in row:
            quiet = row.startswith("no drift")
            met = tally.share <= FALSE_ALARMS if quiet else tally.share >= DETECTED
            yield Figure(f"concept drift, {row}", told(tally), "1 in 100" if quiet else "99 %", met)


def _met(who: str, met: bool) -> bool:
    """Goals are ours alone."""
    return met or who != OURS
