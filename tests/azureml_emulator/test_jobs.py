"""Command jobs, really run."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import Emulator, make_client, wait
from tests.waiting import until

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_SCRIPT = """
import os, pathlib, sys
data, out, rate = sys.argv[1:]
rows = sum(len(file.read_text().split()) for file in pathlib.Path(data).iterdir())
pathlib.Path(out, "model.txt").write_text(f"{rows} {rate} {os.environ['COLOUR']}")
pathlib.Path("outputs").mkdir()
pathlib.Path("outputs/metrics.txt").write_text("0.9")
print("trained on", rows, "rows as", os.environ["AZUREML_RUN_ID"])
"""


def _job(command: str, **more: Any) -> Any:
    from azure.ai.ml import command as make

    return make(name=f"job-{uuid4().hex[:8]}", command=command, environment="azureml:bare:1", **more)


@pytest.fixture
def ready(client: MLClient) -> MLClient:
    from azure.ai.ml.entities import Environment

    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    return client


def _training(client: MLClient, tmp_path: Path) -> Any:
    from azure.ai.ml import Input, Output
    from azure.ai.ml.entities import Data

    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("1\n2\n3")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text(_SCRIPT)
    client.data.create_or_update(Data(name="rows", version="7", path=str(tmp_path / "rows"), type="uri_folder"))
    return _job(
        "python train.py ${{inputs.data}} ${{outputs.model}} ${{inputs.rate}}",
        code=str(tmp_path / "code"),
        inputs={"data": Input(type="uri_folder", path="azureml:rows:7"), "rate": 0.5},
        outputs={"model": Output(type="uri_folder")},
        environment_variables={"COLOUR": "green"},
        tags={"workload": "diabetes"},
    )


def test_a_job_runs_and_its_outputs_are_downloaded(ready: MLClient, tmp_path: Path) -> None:
    made = ready.jobs.create_or_update(_training(ready, tmp_path))
    assert wait(ready, made.name) == "Completed"
    assert ready.jobs.get(made.name).tags == {"workload": "diabetes"}
    assert made.name in {job.name for job in ready.jobs.list()}
    ready.jobs.download(made.name, download_path=tmp_path / "got", all=True)
    assert (tmp_path / "got/named-outputs/model/model.txt").read_text() == "3 0.5 green"
    assert (tmp_path / "got/artifacts/outputs/metrics.txt").read_text() == "0.9"
    log = (tmp_path / "got/artifacts/user_logs/std_log.txt").read_text()
    assert log == f"trained on 3 rows as {made.name}\n"


def test_a_model_is_made_from_a_jobs_output(ready: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Model

    made = ready.jobs.create_or_update(_training(ready, tmp_path))
    assert wait(ready, made.name) == "Completed"
    path = f"azureml://jobs/{made.name}/outputs/model"
    ready.models.create_or_update(Model(name="from-job", version="1", path=path))
    ready.models.download("from-job", "1", download_path=str(tmp_path / "got"))
    assert next((tmp_path / "got").rglob("model.txt")).read_text() == "3 0.5 green"


def test_the_same_code_is_uploaded_once(ready: MLClient, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print(1)")
    codes = [ready.jobs.create_or_update(_job("python train.py", code=str(tmp_path))).code for _ in range(2)]
    assert codes[0] == codes[1]


def test_a_failing_job_says_so_in_its_log(ready: MLClient, tmp_path: Path) -> None:
    made = ready.jobs.create_or_update(_job("echo no rows; exit 3"))
    assert wait(ready, made.name) == "Failed"
    ready.jobs.download(made.name, download_path=tmp_path)
    assert (tmp_path / "artifacts/user_logs/std_log.txt").read_text() == "no rows\n"


@pytest.mark.parametrize("start", ["sleep 300 &", "setsid sleep 300 &"])
def test_a_job_is_cancelled_with_all_it_started(ready: MLClient, tmp_path: Path, start: str) -> None:
    if "setsid" in start and sys.platform != "linux":
        pytest.skip("what leaves its group is found on Linux only")
    mark = tmp_path / "mark"
    made = ready.jobs.create_or_update(_job(f"{start} echo $! > {mark}.new; mv {mark}.new {mark}; wait"))
    until(mark.exists, 30)
    ready.jobs.begin_cancel(made.name).result()
    assert ready.jobs.get(made.name).status == "Canceled"
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_a_job_that_takes_too_long_is_cancelled(ready: MLClient) -> None:
    job = _job("sleep 300")
    job.set_limits(timeout=1)
    made = ready.jobs.create_or_update(job)
    assert wait(ready, made.name) == "Canceled"


def test_a_name_is_submitted_once(ready: MLClient) -> None:
    from azure.core.exceptions import HttpResponseError

    job = _job("echo 1")
    ready.jobs.create_or_update(job)
    other = _job("echo 2")
    other.name = job.name
    with pytest.raises(HttpResponseError, match="already exists"):
        ready.jobs.create_or_update(other)


def test_jobs_are_listed_by_what_is_asked_for(ready: MLClient) -> None:
    from azure.ai.ml.constants import ListViewType

    kept, archived = (ready.jobs.create_or_update(_job("echo 1")).name for _ in range(2))
    for name in (kept, archived):
        wait(ready, name)
    ready.jobs.archive(archived)
    views = {"kept": ListViewType.ACTIVE_ONLY, "archived": ListViewType.ARCHIVED_ONLY, "all": ListViewType.ALL}
    found = {key: {job.name for job in ready.jobs.list(list_view_type=view)} for key, view in views.items()}
    assert found["kept"] & {kept, archived} == {kept}
    assert found["archived"] & {kept, archived} == {archived}
    assert {kept, archived} <= found["all"]
    ready.jobs.restore(archived)
    assert archived in {job.name for job in ready.jobs.list()}


def test_a_job_is_described_anew(ready: MLClient) -> None:
    made = ready.jobs.create_or_update(_job("echo 1", tags={"a": "1"}))
    ready.jobs.update(made.name, display_name="shown", tags={"b": "2"})
    found = ready.jobs.get(made.name)
    assert (found.display_name, found.tags) == ("shown", {"a": "1", "b": "2"})


def test_a_jobs_log_is_streamed(
    ready: MLClient, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.ai.ml.exceptions import JobException
    from azure.ai.ml.operations._run_history_constants import RunHistoryConstants

    monkeypatch.setattr(RunHistoryConstants, "_WAIT_COMPLETION_POLLING_INTERVAL_MIN", 1)
    gate = tmp_path / "gate"
    made = ready.jobs.create_or_update(_job(f"echo first; until test -e {gate}; do sleep 0.1; done; echo last; exit 3"))
    opener = threading.Timer(3, gate.touch)
    opener.start()
    with pytest.raises(JobException, match="exited with status code 3"):
        ready.jobs.stream(made.name)
    opener.join()
    shown = capsys.readouterr().out
    assert shown.index("Streaming user_logs/std_log.txt") < shown.index("first") < shown.index("last")


def test_a_job_that_has_ended_can_be_streamed(ready: MLClient, capsys: pytest.CaptureFixture[str]) -> None:
    made = ready.jobs.create_or_update(_job("echo all of it"))
    assert wait(ready, made.name) == "Completed"
    ready.jobs.stream(made.name)
    assert f"RunId: {made.name}" in capsys.readouterr().out


def test_an_unknown_compute_is_refused(ready: MLClient) -> None:
    with pytest.raises(Exception, match="nowhere"):
        ready.jobs.create_or_update(_job("echo 1", compute="nowhere"))


def test_a_job_outlives_the_emulator(own_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Environment

    def client() -> MLClient:
        for name, value in own_emulator.description["environment"].items():
            monkeypatch.setenv(name, value)
        return make_client(own_emulator, "development")

    client().environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    gate = tmp_path / "gate"
    made = client().jobs.create_or_update(_job(f"until test -e {gate}; do sleep 0.1; done; echo through"))
    wait(client(), made.name, "Running")
    own_emulator.restart()
    assert client().jobs.get(made.name).status == "Running"
    gate.touch()
    assert wait(client(), made.name) == "Completed"
