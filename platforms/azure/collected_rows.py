"""From collected rows to predictions: inputs and outputs joined on our own correlation id.

The collector's own ids do not join: it batches requests into one event. `scoring/data_collector.py` says which columns
a row has; a feature whose name is one of ours comes as `inputs.NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from platforms.azure.collected_paths import BOTH, INPUTS, OUTPUTS

_SHARED = ("correlation_id", "time", "model_version", "slot")
_OUTPUT = ("prediction", "probability", "probabilities", "quantiles", "latency_ms", "caller")
_NOT_FEATURES = frozenset((*_SHARED, *_OUTPUT))
_PREFIX = "inputs."

Row = dict[str, Any]


def joined(rows: Mapping[str, Sequence[Row]]) -> tuple[list[Row], list[Row]]:
    """Records with inputs and outputs, and the rows that lack their other half. `rows` are by collection.

    A row's key is its id and its time: whoever scores again under an old id does so at another time.
    """
    whole = {_key(row): {**_outputs(row), "inputs": _features(row)} for row in rows[BOTH] if "prediction" in row}
    inputs = {_key(row): _features(row) for row in rows[INPUTS]}
    outputs = {_key(row): _outputs(row) for row in rows[OUTPUTS] if "prediction" in row}
    for key in inputs.keys() & outputs.keys():
        whole.setdefault(key, {**outputs[key], "inputs": inputs[key]})
    halves = (inputs.keys() ^ outputs.keys()) - whole.keys()
    return list(whole.values()), [{"correlation_id": identity, "time": time} for identity, time in halves]


def _key(row: Row) -> tuple[str, str]:
    return row["correlation_id"], str(row.get("time"))


def _outputs(row: Row) -> Row:
    return _picked(row, (*_SHARED, *_OUTPUT))


def _features(row: Row) -> Row:
    return {name.removeprefix(_PREFIX): value for name, value in row.items() if name not in _NOT_FEATURES}


def _picked(row: Row, names: Iterable[str]) -> Row:
    return {name: row[name] for name in names if name in row}
