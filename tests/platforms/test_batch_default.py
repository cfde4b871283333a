"""Which version scores batches by default, on the emulated Azure: the flows, run whole with production's adapters."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from lifecycle.columns import Column
from lifecycle.dataset import OBSERVED_AT
from lifecycle.tags import DATASET
from platforms.ledger import Ledger
from platforms.ports import RegisteredModel
from tasks.datasets import write_dataset
from tests.conftest import Service, result_of
from tests.people import make_people
from tests.platforms.conftest import EmulatedAzure
from tests.service import calling
from tests.tasks.manifests import manifest_of
from tests.toy_model import pack_toy_model

NAME, VERSION = "toy", "0123456789ab"
AGE, WEIGHT = Column(name="age", type="number"), Column(name="weight", type="number", missing_allowed=True)


def register(azure: EmulatedAzure, folder: Path, key: str) -> RegisteredModel:
    """A version of the toy model, with a dataset version whose rows are all held out."""
    packed = folder / key
    packed.mkdir()
    pack_toy_model(packed)
    (packed / "MLmodel").write_text("flavors: {}")
    models = azure.platform.models
    return models.register(NAME, models.start_run(NAME, key, {}), packed, key, {DATASET: VERSION})


def run(stack: Service, azure: EmulatedAzure, flow: str, call: str) -> str:
    """What the flow returned, in a process whose platform is the emulated Azure."""
    where = {"PERENNIAL_PLATFORM": "azure-emulated", "PERENNIAL_STATE": str(azure.settings.state)}
    code, output = stack.run_code(f"import os\nos.environ.update({where!r})\n{calling(flow, call)}")
    assert code == 0, output
    return result_of(output).strip("'")


def test_the_default_moves_once_the_champion_held(stack: Service, azure: EmulatedAzure, tmp_path: Path) -> None:
    blobs, models = azure.platform.blobs, azure.platform.models
    people = make_people(200, seed=1)[["age", "weight", "sick"]].round({"weight": 0})
    held_out = people.assign(**{OBSERVED_AT: pd.Timestamp("2026-01-01", tz="UTC")})
    write_dataset(blobs, manifest_of("classification", "sick", AGE, WEIGHT).model_copy(update={"version": VERSION}),
                  people.assign(**{OBSERVED_AT: held_out[OBSERVED_AT]}), held_out)  # fmt: skip
    ids = [f"p-{number}" for number in range(len(people))]
    blobs.write("toy/in/a.csv", people.assign(correlation_id=ids).to_csv(index=False).encode())
    labels = [{"correlation_id": one, "label": int(sick), "observed_at": "2026-01-02T00:00:00+00:00"}
              for one, sick in zip(ids, people["sick"], strict=True)]  # fmt: skip
    blobs.write("labels/toy/a.jsonl", "".join(json.dumps(label) + "\n" for label in labels).encode())
    before, now = (register(azure, tmp_path, key).version for key in ("before", "now"))
    models.set_alias(NAME, "champion", before)
    run(stack, azure, "score", f"{NAME!r}, 'toy/in/'")
    models.set_alias(NAME, "champion", now)
    assert azure.platform.batch.get(f"{NAME}-batch").default == f"version-{before}"

    told = run(stack, azure, "compare_batch", repr(NAME))

    assert f"Version {now} of {NAME} scores batches by default" in told
    assert azure.platform.batch.get(f"{NAME}-batch").default == f"version-{now}"
    (entry,) = (one for one in Ledger(blobs, NAME).entries() if one.kind == "compared")
    signals = {one["signal"]: one["evidence"] for one in entry.evidence["signals"]}
    assert "0 of 200 rows have another prediction" in signals["changed"]
    assert "0.0% more are further off" in signals["performance"]
    assert run(stack, azure, "compare_batch", repr(NAME)).startswith(f"Batches are scored by version {now}")
