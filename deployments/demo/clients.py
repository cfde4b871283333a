"""The demo's clients: they score patients over HTTP, all the while, and learn what became of them later."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pandas as pd

from lifecycle.names import labels_prefix
from platforms.ports import BlobStore

ROWS_A_REQUEST = 20


@dataclass
class Tally:
    """What the clients have seen so far."""

    requests: int = 0
    errors: int = 0
    by_version: Counter[int] = field(default_factory=Counter)
    first_error: str = ""


class Clients:
    """Scores patients, counts what comes back, and remembers the truth by correlation id."""

    def __init__(self, url: str, key: str, features: list[str], label: str) -> None:
        self.url = url
        self.tally = Tally()
        self._features = features
        self._label = label
        self._http = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30.0)
        self._truth: list[dict[str, object]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def score(self, patients: pd.DataFrame) -> None:
        """Score all of them, in requests of some rows each."""
        for start in range(0, len(patients), ROWS_A_REQUEST):
            self._request(patients.iloc[start : start + ROWS_A_REQUEST])

    def keep_scoring(self, patients: pd.DataFrame, every_seconds: float = 0.05) -> None:
        """Go on scoring patients in the background, over and over, until `stop`."""

        def work() -> None:
            start = 0
            while not self._stop.wait(every_seconds):
                self._request(patients.iloc[start : start + 2], remember=False)
                start = (start + 2) % (len(patients) - 2)

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background's requests, after the one under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def labels_arrive(self, blobs: BlobStore, workload: str) -> int:
        """What the patients turned out to have: one blob of labels for all that were remembered; how many."""
        observed = datetime.now(UTC).isoformat()
        lines = [json.dumps({**truth, "observed_at": observed}) for truth in self._truth]
        self._truth.clear()
        blobs.write(f"{labels_prefix(workload)}{uuid4().hex}.jsonl", ("\n".join(lines) + "\n").encode())
        return len(lines)

    def _request(self, rows: pd.DataFrame, remember: bool = True) -> None:
        identities = [uuid4().hex for _ in range(len(rows))]
        inputs = rows[self._features]
        table = {
            "columns": self._features,
            "data": inputs.astype(object).where(inputs.notna(), None).to_numpy().tolist(),
        }
        problem, version = "", 0
        try:
            response = self._http.post(self.url, json={"input_data": table, "correlation_ids": identities})
            if response.status_code == 200:
                version = int(response.json()["model_version"])
            else:
                problem = f"HTTP {response.status_code}: {response.text[:200]}"
        except httpx.HTTPError as error:
            problem = f"{type(error).__name__}: {error}"
        with self._lock:
            self.tally.requests += 1
            if problem:
                self.tally.errors += 1
                self.tally.first_error = self.tally.first_error or problem
                return
            self.tally.by_version[version] += 1
            if remember:
                labels = rows[self._label].tolist()
                self._truth += [
                    {"correlation_id": identity, "label": label}
                    for identity, label in zip(identities, labels, strict=True)
                ]
