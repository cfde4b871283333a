"""Writes this workload's raw data, 442 patients that scikit-learn brings along: `python data.py FILE.csv`."""

from __future__ import annotations

import sys
from pathlib import Path

from sklearn.datasets import load_diabetes


def main(path: Path) -> None:
    """Write the patients, in the units they were measured in, with the disease's progression after a year."""
    bunch = load_diabetes(as_frame=True, scaled=False)
    bunch.frame.rename(columns={"target": "progression"}).to_csv(path, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
