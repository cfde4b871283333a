"""The scoring script of a batch deployment: files in, files out. Copied beside `score.py`; imports nothing of ours.

The platform calls `init()` once a process and `run(mini_batch)` with paths, again where it raised or took too long.
Every file has outputs of its own under `AZUREML_BI_OUTPUT_PATH`, named by the file's place in the input, so that a
second try replaces what the first one left:

    rows/PLACE.jsonl      a line a row: correlation_id, file, row, model_version, prediction, probability
    rejected/PLACE.jsonl  a line a row that cannot be scored, with what is wrong in which column
    told/PLACE.json       what became of the file; written last: with it and without an error, the file is done

A row's correlation id is the one in its column `correlation_id` or, where it has none, named by the file's content and
the row's number. A file of which nothing can be scored is failed, and counts against the error threshold.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scoring.score import Scorer

INPUT_NAME = "perennial_input"  # what the input is called: its folder bears the name, wherever it is mounted
ID_COLUMN = "correlation_id"
MAX_ID_LENGTH = 128
_ROWS, _REJECTED, _TOLD = "rows/{}.jsonl", "rejected/{}.jsonl", "told/{}.json"

_scorer: Scorer
_output: Path


def init() -> None:
    """Load the model. Whatever is wrong with it ends the job: no mini-batch would fare better."""
    global _scorer, _output
    sys.path.insert(0, str(Path(__file__).parent))
    from score import load_scorer

    _scorer = load_scorer(None)
    _output = Path(os.environ["AZUREML_BI_OUTPUT_PATH"])


def run(mini_batch: list[str]) -> list[str]:
    """A word for each file that is scored: the platform counts those that have none as failed."""
    return [told for path in mini_batch if (told := score_file(Path(path))) is not None]


def score_file(path: Path) -> str | None:
    """Score one file; its place, or None where nothing of it can be scored. What else goes wrong is raised."""
    from batch_files import Unreadable
    from score import BadRequest

    outcome = _Outcome(_place(path), _digest(path))
    try:
        outcome.score(path)
        error = "" if outcome.rows else "no row can be scored"
    except (Unreadable, BadRequest) as reason:
        error = str(reason)
    except Exception as reason:
        outcome.tell(f"{type(reason).__name__}: {reason}")
        raise
    outcome.tell(error)
    print(f"{outcome.place}: {error or f'{outcome.rows} rows scored, {outcome.rejected} rejected'}", flush=True)
    return None if error else outcome.place


class _Outcome:
    """What becomes of one file."""

    def __init__(self, place: str, digest: str) -> None:
        self.place = place
        self.rows = 0
        self.rejected = 0
        self._digest = digest
        self._seen = 0

    def score(self, path: Path) -> None:
        from batch_files import read_parts

        with _Lines(_ROWS.format(self.place)) as rows, _Lines(_REJECTED.format(self.place)) as rejected:
            for part in read_parts(path, _scorer.types):
                scored, unfit = self._score(part)
                rows.write(scored)
                rejected.write(unfit)
                self.rows += len(scored)
                self.rejected += len(unfit)
            if self.rows:
                rows.keep()
            if self.rejected:
                rejected.keep()

    def tell(self, error: str) -> None:
        """Write down what became of the file; what an earlier try left of its rows is taken away with an error."""
        if error:
            (_output / _ROWS.format(self.place)).unlink(missing_ok=True)
        told = {"file": self.place, "rows": 0 if error else self.rows, "rejected": self.rejected, "error": error}
        with _Lines(_TOLD.format(self.place)) as lines:
            lines.write([{**told, "model_version": _scorer.version}])
            lines.keep()

    def _score(self, part: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The outputs of the rows that are fit, and what is wrong with the others."""
        schema = _scorer.schema
        schema.require_columns(set().union(*part))
        table = [[row.get(name) for name in schema.names] for row in part]
        wrong: dict[int, list[dict[str, str]]] = {}
        for problem in schema.problems(table):
            wrong.setdefault(problem["row"], []).append({key: problem[key] for key in ("column", "problem")})
        named = [self._name(row) for row in part]
        fit = [number for number in range(len(part)) if number not in wrong]
        outputs = _scorer.score([table[number] for number in fit]) if fit else []
        scored = [{**named[number], **output} for number, output in zip(fit, outputs, strict=True)]
        return scored, [{**named[number], "problems": problems} for number, problems in sorted(wrong.items())]

    def _name(self, row: dict[str, Any]) -> dict[str, Any]:
        given = str(row.get(ID_COLUMN) or "")
        number, self._seen = self._seen, self._seen + 1
        key = given if 0 < len(given) <= MAX_ID_LENGTH else f"{self._digest}-{number}"
        return {ID_COLUMN: key, "file": self.place, "row": number, "model_version": _scorer.version}


class _Lines:
    """A file of JSON lines that is there whole or not at all; without `keep`, an earlier one is taken away."""

    def __init__(self, name: str) -> None:
        self._file = _output / name
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._beside = self._file.with_name(f".{self._file.name}.{os.getpid()}.part")
        self._kept = False

    def __enter__(self) -> _Lines:
        self._stream = self._beside.open("w", encoding="utf-8")
        return self

    def write(self, records: Iterable[dict[str, Any]]) -> None:
        self._stream.writelines(json.dumps(record) + "\n" for record in records)

    def keep(self) -> None:
        self._kept = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stream.close()
        if self._kept and kind is None:
            self._beside.replace(self._file)
        else:
            self._beside.unlink()
            self._file.unlink(missing_ok=True)


def _place(path: Path) -> str:
    """The file's name below the input."""
    root = os.environ.get("PERENNIAL_INPUT_ROOT")
    if root:
        return path.relative_to(root).as_posix()
    depth = max((number for number, part in enumerate(path.parts) if INPUT_NAME in part), default=None)
    return path.name if depth is None else "/".join(path.parts[depth + 1 :])


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
