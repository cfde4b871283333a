"""`python -m benchmarks.drift_calibration [SCENE ...]`: print the tables."""

from __future__ import annotations

import argparse
import sys

from benchmarks.drift_calibration.nannyml_defaults import install
from benchmarks.drift_calibration.running import SCENES, Effort, count
from benchmarks.drift_calibration.tables import markdown


def main() -> int:
    """Count, and print."""
    usual = Effort()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift_calibration", description=main.__doc__)
    parser.add_argument("scenes", nargs="*", help=f"of {', '.join(SCENES)}; none: all")
    parser.add_argument("--references", type=int, default=usual.references, help="drawn for each scene")
    parser.add_argument("--repetitions", type=int, default=usual.repetitions, help="of each row with each reference")
    parser.add_argument("--slow", type=int, default=usual.slow, help="the same for Evidently; 0: without it")
    parser.add_argument("--ours-only", action="store_true", help="without Evidently and NannyML")
    parser.add_argument("--processes", type=int, default=None, help="none: as many as cores")
    asked = parser.parse_args()
    if unknown := set(asked.scenes) - set(SCENES):
        parser.error(f"there is no scene {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    absent = "not asked for" if asked.ours_only else install()
    if absent:
        print(f"NannyML: not measured ({absent})", file=sys.stderr)
    slow = 0 if asked.ours_only else asked.slow
    effort = Effort(asked.references, asked.repetitions, slow=slow, nannyml=absent is None)
    for counts in count(asked.scenes or list(SCENES), effort, asked.processes):
        print("\n".join(markdown(counts)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
