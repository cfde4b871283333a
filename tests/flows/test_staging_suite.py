"""The examination in a release: right on average and wrong on one slice is stopped; what is fit goes through."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifecycle.dataset import DatasetManifest
from lifecycle.names import CHAMPION, STAGING_SLOT, card_blob, job_prefix
from lifecycle.tags import CARD, DATASET, REASON, VERDICT
from platforms.ledger import Ledger
from platforms.packing import load_model, pack
from platforms.ports import NotFound
from tasks.datasets import read_manifest
from tests.conftest import Service, result_of
from tests.flows.test_loop import champion
from tests.flows.watched import run
from tests.people import make_people
from tests.waiting import until

NAME = "examined"
FEATURES = ["age", "weight", "region"]
OWN_TEST = """
import json, os, urllib.request
from pathlib import Path
def test_it_answers():
    sample = json.loads(Path(os.environ["PERENNIAL_SAMPLE"]).read_text())
    headers = {"Authorization": f"Bearer {os.environ['PERENNIAL_SCORING_KEY']}", "Content-Type": "application/json",
               "azureml-model-deployment": os.environ["PERENNIAL_SCORING_SLOT"]}
    body = json.dumps(sample["request"]).encode()
    asked = urllib.request.Request(os.environ["PERENNIAL_SCORING_URL"], data=body, headers=headers)
    answer = json.loads(urllib.request.urlopen(asked, timeout=30).read())
    assert len(answer["predictions"]) == len(sample["labels"])
    assert answer["model_version"] == int(os.environ["PERENNIAL_MODEL_VERSION"])
"""


def fitted(rows: pd.DataFrame, labels: pd.Series, columns: list[str]) -> Any:
    """A model that looks at these columns only."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    regions = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    kinds = [(regions, ["region"])] if "region" in columns else []
    seen = make_column_transformer(*kinds, ("passthrough", [name for name in columns if name != "region"]))
    return make_pipeline(seen, HistGradientBoostingClassifier(max_iter=60, random_state=0)).fit(rows[FEATURES], labels)


def register(stack: Service, manifest: DatasetManifest, rows: pd.DataFrame, model: Any, folder: Path) -> int:
    """As a training does it; the version's number."""
    import skops.io

    folder.mkdir()
    skops.io.dump(model, folder / "model.skops")
    _, trusted = load_model(folder / "model.skops")
    packed = pack(model, trusted, manifest, rows[FEATURES].head(5), folder)
    models = stack.platform.models
    run_id = models.start_run(NAME, folder.name, {})
    return models.register(NAME, run_id, packed, folder.name, {DATASET: manifest.version}).version


@pytest.fixture(scope="module", name="versions")
def _versions(stack: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """A champion that looks at the weight only, one that is wrong about the island, one that is right; by name."""
    people = make_people(4000, seed=8)
    people["region"] = np.where(np.random.default_rng(1).random(len(people)) < 0.12, "island", people["region"])
    stack.platform.blobs.write(f"{NAME}/raw/people.csv", people.to_csv(index=False).encode())
    code, output = stack.run("ingest", repr(NAME))
    assert code == 0, output
    manifest = read_manifest(stack.platform.blobs, NAME, result_of(output).strip("'"))
    content = stack.platform.blobs.read(f"{job_prefix(NAME, manifest.version)}train.parquet")
    rows = pd.read_parquet(io.BytesIO(content))
    wrong = rows["sick"].where(rows["region"] != "island", 1 - rows["sick"])
    models = {
        "champion": fitted(rows, rows["sick"], ["weight"]),
        "wrong": fitted(rows, wrong, FEATURES),
        "right": fitted(rows, rows["sick"], FEATURES),
    }
    folder = tmp_path_factory.mktemp("models")
    found = {name: register(stack, manifest, rows, model, folder / name) for name, model in models.items()}
    stack.platform.models.set_alias(NAME, CHAMPION, found["champion"])
    own = stack.settings.workloads / NAME
    (own / "tests").mkdir()
    (own / "tests" / "test_answers.py").write_text(OWN_TEST)
    (own / "requests").mkdir()
    request = {"input_data": [{"age": 50, "weight": 70, "region": "island"}]}
    (own / "requests" / "islander.json").write_text(json.dumps(request))
    return found


def test_wrong_on_one_slice_is_rejected_before_it_has_a_slot(stack: Service, versions: dict[str, int]) -> None:
    version = versions["wrong"]
    ended = run(stack, "release", f"{NAME!r}, {version}")
    assert ended.code == 0, ended.output
    tags = stack.platform.models.get(NAME, version).tags
    assert tags[VERDICT] == "rejected"
    assert tags[REASON].startswith("no slice of region loses to the champion: island would surely lose: roc_auc 0.")
    with pytest.raises(NotFound):
        stack.platform.endpoints.get(f"{NAME}-staging")
    (entry,) = [one for one in Ledger(stack.platform.blobs, NAME).entries() if one.kind == "rejected"]
    assert entry.evidence["gates"]["better than champion 1"].startswith("better: roc_auc 0.")
    assert entry.evidence["card"] == tags[CARD]
    assert "not fit: no slice of region" in card(stack, version)


def test_what_is_fit_goes_through_all_of_it(stack: Service, versions: dict[str, int]) -> None:
    version = versions["right"]
    ended = run(stack, "release", f"{NAME!r}, {version}")
    assert ended.code == 0, ended.output
    assert stack.platform.models.get(NAME, version).tags[VERDICT] in ("approved", "promoted"), ended.output
    (entry,) = [one for one in Ledger(stack.platform.blobs, NAME).entries() if one.kind == "approved"]
    told = entry.evidence["gates"]
    assert told["requests/islander.json is answered"] == "HTTP 200"
    assert told["test_answers::test_it_answers"].endswith(" s")
    assert "times [" in told["p95 at most 2 times the champion's"], "the champion was asked beside it"
    text = card(stack, version)
    titles = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "Model",
        "Data",
        "Metrics",
        "Gates and fairness",
        "Quality on slices",
        "Training data",
        "Importance and sensitivity",
        "Security",
        "Contract",
        "Sample requests",
        "The workload's own tests",
        "Endpoint under load",
        "Limits",
    ]
    assert "fit for approval" in text
    assert stack.platform.endpoints.get(f"{NAME}-staging").slots.get(STAGING_SLOT) is None
    assert stack.platform.endpoints.get(f"{NAME}-staging").slots == {}, "nor does the baseline cost anything on"
    until(lambda: champion(stack, NAME) == version, what="its promotion")


def card(stack: Service, version: int) -> str:
    """Its Markdown; the page beside it says the same."""
    blobs = stack.platform.blobs
    page = blobs.read(card_blob(NAME, version, "html")).decode()
    assert page.startswith("<!doctype html>")
    assert "<table>" in page
    return blobs.read(card_blob(NAME, version, "md")).decode()
