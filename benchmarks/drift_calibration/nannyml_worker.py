"""Run by the interpreter of NannyML's own environment: a folder a line comes in, its verdicts go out as JSON.

A folder holds reference.parquet, windows.parquet (windows of equal size, one after another) and case.json: the columns,
the rows of a window, and whether there are labels. An answer is, by column, whether NannyML alerts in each window.
"""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"


def main() -> None:
    """Answer until the lines end. Whatever the libraries print goes to stderr."""
    out, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    import nannyml
    import pandas as pd

    for line in sys.stdin:
        folder = Path(line.strip())
        case = json.loads((folder / "case.json").read_text())
        reference, windows = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "windows"))
        look = _performance if case["labelled"] else _univariate
        print(json.dumps(look(nannyml, case, reference, windows)), file=out, flush=True)


def _univariate(nannyml, case, reference, windows):  # type: ignore[no-untyped-def]
    calculator = nannyml.UnivariateDriftCalculator(column_names=case["columns"], chunk_size=case["rows"])
    calculator.fit(reference)
    told = calculator.calculate(windows).filter(period="analysis").to_df()
    return {name: told[(name, "jensen_shannon", "alert")].astype(bool).tolist() for name in case["columns"]}


def _performance(nannyml, case, reference, windows):  # type: ignore[no-untyped-def]
    calculator = nannyml.PerformanceCalculator(
        y_true="label",
        y_pred="prediction",
        y_pred_proba="probability",
        problem_type="classification_binary",
        metrics=["roc_auc"],
        chunk_size=case["rows"],
    )
    calculator.fit(reference)
    told = calculator.calculate(windows).filter(period="analysis").to_df()
    return {"roc_auc": told[("roc_auc", "alert")].astype(bool).tolist()}


if __name__ == "__main__":
    main()
