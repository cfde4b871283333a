"""`python -m recipes --recipe NAME --data DIR --out DIR --PARAMETER VALUE ...`"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from recipes.contract import CannotTrain, cross_validated, load, save
from recipes.estimators import build
from recipes.forecasting import backtested, build_forecaster, mean_absolute_error, save_backtest


def main(words: list[str]) -> int:
    """Train; 2 and a sentence on standard error where that is not possible."""
    parser = argparse.ArgumentParser(prog="recipes", description=__doc__)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments, rest = parser.parse_known_args(words)
    try:
        task = load(arguments.data)
        parameters = _parameters(rest)
        if task.kind == "forecasting":
            model = build_forecaster(arguments.recipe, task, parameters, arguments.seed)
            forecasts = backtested(model, task)
            save_backtest(forecasts, arguments.out)
            metrics = mean_absolute_error(forecasts, task)
        else:
            model = build(arguments.recipe, task, parameters, arguments.seed)
            metrics = cross_validated(model, task, arguments.seed)
        print(f"{arguments.recipe} on {len(task.label)} rows: {metrics}", flush=True)
        save(model.fit(task.features, task.label), metrics, arguments.out)
    except CannotTrain as error:
        print(f"Cannot train: {error}.", file=sys.stderr)
        return 2
    return 0


def _parameters(words: list[str]) -> dict[str, Any]:
    """`--name value` pairs; a value that reads as JSON is what it reads as, any other is text."""
    if len(words) % 2 or not all(word.startswith("--") for word in words[::2]):
        raise CannotTrain(f"parameters come as --NAME VALUE, not {' '.join(words)}")
    return {name[2:]: _value(value) for name, value in zip(words[::2], words[1::2], strict=True)}


def _value(word: str) -> Any:
    try:
        return json.loads(word)
    except ValueError:
        return {"True": True, "False": False}.get(word, word)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
