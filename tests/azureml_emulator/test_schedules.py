"""Schedules: of pipelines, triggered; and of monitors, kept as the SDK reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import wait

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import JobSchedule


def _name() -> str:
    return f"s-{uuid4().hex[:8]}"


@pytest.fixture
def pipeline(client: MLClient) -> Any:
    from azure.ai.ml import Output, command, dsl
    from azure.ai.ml.entities import AmlCompute, Environment

    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    client.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_DS3_v2")).result()
    made = {"out": Output(type="uri_folder")}
    part = command(name="part", command="echo 1 > ${{outputs.out}}/a", environment="azureml:bare:1", outputs=made)

    @dsl.pipeline(default_compute="cpu")
    def nightly() -> dict[str, Any]:
        return {"out": part().outputs.out}

    return nightly()


def _create(client: MLClient, name: str, job: Any, trigger: Any) -> JobSchedule:
    from azure.ai.ml.entities import JobSchedule

    wanted = JobSchedule(name=name, trigger=trigger, create_job=job, tags={"workload": "diabetes"})
    return client.schedules.begin_create_or_update(wanted).result()


def test_a_schedule_is_kept_and_triggered(client: MLClient, pipeline: Any) -> None:
    from azure.ai.ml.constants import TimeZone
    from azure.ai.ml.entities import RecurrencePattern, RecurrenceTrigger

    name = _name()
    when = RecurrencePattern(hours=10, minutes=[0, 30])
    trigger = RecurrenceTrigger(frequency="day", interval=1, schedule=when, time_zone=TimeZone.UTC)
    _create(client, name, pipeline, trigger)
    found = client.schedules.get(name)
    assert (found.is_enabled, found.trigger.frequency, found.tags) == (True, "day", {"workload": "diabetes"})
    assert found.trigger.schedule.minutes == [0, 30]
    begun = client.schedules.trigger(name)
    assert wait(client, begun.job_name) == "Completed"
    assert [job.name for job in client.jobs.list(scheduled_job_name=name)] == [begun.job_name]
    assert begun.job_name in {job.name for job in client.jobs.list(schedule_defined=True)}


def test_a_schedule_of_an_earlier_job(client: MLClient, pipeline: Any) -> None:
    from azure.ai.ml.entities import CronTrigger

    earlier = client.jobs.create_or_update(pipeline)
    assert wait(client, earlier.name) == "Completed"
    name = _name()
    _create(client, name, earlier.id, CronTrigger(expression="0 3 * * *"))
    assert client.schedules.get(name).trigger.expression == "0 3 * * *"
    begun = client.schedules.trigger(name)
    assert wait(client, begun.job_name) == "Completed"
    outputs = [client.jobs.get(job).outputs["out"].path for job in (earlier.name, begun.job_name)]
    assert outputs[0] != outputs[1]


def test_schedules_are_switched_off_listed_and_deleted(client: MLClient, pipeline: Any) -> None:
    from azure.ai.ml.entities import CronTrigger
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    name = _name()
    _create(client, name, pipeline, CronTrigger(expression="15 10 * * 1"))
    with pytest.raises(HttpResponseError, match="enabled"):
        client.schedules.begin_delete(name).result()
    client.schedules.begin_disable(name).result()
    assert client.schedules.get(name).is_enabled is False
    assert name not in {found.name for found in client.schedules.list()}
    assert name in {found.name for found in client.schedules.list(list_view_type="DisabledOnly")}
    with pytest.raises(HttpResponseError, match="disabled"):
        client.schedules.trigger(name)
    client.schedules.begin_enable(name).result()
    assert client.schedules.get(name).is_enabled is True
    client.schedules.begin_disable(name).result()
    client.schedules.begin_delete(name).result()
    with pytest.raises(ResourceNotFoundError):
        client.schedules.get(name)


def _monitor(target: str) -> Any:
    from azure.ai.ml import Input
    from azure.ai.ml.entities import (
        AlertNotification,
        DataDriftMetricThreshold,
        DataDriftSignal,
        DataQualityMetricsNumerical,
        DataQualityMetricThreshold,
        DataQualitySignal,
        MonitorDefinition,
        MonitoringTarget,
        NumericalDriftMetrics,
        PredictionDriftMetricThreshold,
        PredictionDriftSignal,
        ProductionData,
        ReferenceData,
        ServerlessSparkCompute,
    )

    production = ProductionData(
        input_data=Input(type="uri_folder", path=f"azureml:{target}:1"), data_context="model_inputs"
    )
    reference = ReferenceData(input_data=Input(type="mltable", path=f"azureml:{target}:1"), data_context="training")
    data = {"production_data": production, "reference_data": reference, "alert_enabled": True}
    numerical = NumericalDriftMetrics(jensen_shannon_distance=0.01)
    signals = {
        "drift": DataDriftSignal(**data, metric_thresholds=DataDriftMetricThreshold(numerical=numerical)),
        "predictions": PredictionDriftSignal(
            **data, metric_thresholds=PredictionDriftMetricThreshold(numerical=numerical)
        ),
        "quality": DataQualitySignal(
            **data,
            metric_thresholds=DataQualityMetricThreshold(numerical=DataQualityMetricsNumerical(null_value_rate=0.1)),
        ),
    }
    return MonitorDefinition(
        compute=ServerlessSparkCompute(instance_type="standard_e4s_v3", runtime_version="3.4"),
        monitoring_target=MonitoringTarget(ml_task="classification", model_id=f"azureml:{target}:1"),
        monitoring_signals=signals,
        alert_notification=AlertNotification(emails=["ops@example.com"]),
    )


def test_a_monitor_is_read_as_it_was_written(client: MLClient, tmp_path: Any) -> None:
    from azure.ai.ml.entities import CronTrigger, Data, Model, MonitorSchedule
    from azure.core.exceptions import HttpResponseError

    name = _name()
    (tmp_path / "a.txt").write_text("1")
    client.models.create_or_update(Model(name=name, version="1", path=str(tmp_path)))
    client.data.create_or_update(Data(name=name, version="1", path=str(tmp_path), type="uri_folder"))
    wanted = MonitorSchedule(name=name, trigger=CronTrigger(expression="0 4 * * *"), create_monitor=_monitor(name))
    client.schedules.begin_create_or_update(wanted).result()
    found = client.schedules.get(name)
    assert isinstance(found, MonitorSchedule)
    signals = found.create_monitor.monitoring_signals
    assert {key: signal.alert_enabled for key, signal in signals.items()} == {
        "drift": True,
        "predictions": True,
        "quality": True,
    }
    assert signals["drift"].metric_thresholds.numerical.jensen_shannon_distance == 0.01
    assert signals["quality"].metric_thresholds.numerical.null_value_rate == 0.1
    assert found.create_monitor.alert_notification.emails == ["ops@example.com"]
    assert name in {listed.name for listed in client.schedules.list()}
    with pytest.raises(HttpResponseError, match="kept, not run"):
        client.schedules.trigger(name)
