"""Azure ML's own monitor of a production deployment: a MonitorSchedule, upserted by name.

Its signals are Disabled unless an alert is asked for, whatever the schedule says: `alert_enabled` turns them on.
The service wants its reference as a table: a file `MLTable` beside nothing, which names the training data's Parquet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from platforms.azure.clients import AzureClients
from platforms.azure.data_assets import ensure_data_asset
from platforms.azure.errors import told
from platforms.ports import BlobStore, NativeMonitor, NotFound

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import ReferenceData

_COLLECTED = "workspaceblobstore"  # where the data collector writes, below modelDataCollector/
_THRESHOLD = 0.1  # of the Jensen-Shannon distance, the service's own default for categories
_SIZE, _SPARK = "standard_e4s_v3", "3.4"
_ML_TABLE = """\
$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json
type: mltable
paths:
  - pattern: {place}*.parquet
transformations:
  - read_parquet
"""


class AzureNativeMonitors:
    """Implements `NativeMonitors` in the production workspace, at 04:00 UTC every day."""

    def __init__(self, clients: AzureClients, blobs: BlobStore) -> None:
        self._clients = clients
        self._blobs = blobs

    def ensure(self, monitor: NativeMonitor) -> None:
        from azure.ai.ml.entities import CronTrigger, MonitorSchedule

        name = schedule_name(monitor.endpoint)
        client = self._client
        schedule = MonitorSchedule(
            name=name,
            trigger=CronTrigger(expression="0 4 * * *"),
            create_monitor=self._definition(client, monitor),
            tags={"workload": monitor.endpoint, "slot": monitor.slot, "dataset": monitor.dataset},
        )
        with told("create", f"monitor {name}"):
            client.schedules.begin_create_or_update(schedule).result()

    def remove(self, endpoint: str) -> None:
        name = schedule_name(endpoint)
        client = self._client
        try:
            with told("disable", f"monitor {name}"):
                client.schedules.get(name)
                client.schedules.begin_disable(name).result()  # one that is enabled is not deleted
        except NotFound:
            return
        with told("delete", f"monitor {name}"):
            client.schedules.begin_delete(name).result()

    @property
    def _client(self) -> MLClient:
        return self._clients.workspace("production")

    def _definition(self, client: MLClient, monitor: NativeMonitor) -> Any:
        from azure.ai.ml.entities import (
            CategoricalDriftMetrics,
            DataDriftMetricThreshold,
            DataDriftSignal,
            MonitorDefinition,
            MonitoringTarget,
            NumericalDriftMetrics,
            PredictionDriftMetricThreshold,
            PredictionDriftSignal,
            ServerlessSparkCompute,
        )

        reference = self._reference(client, monitor)
        numerical = NumericalDriftMetrics(jensen_shannon_distance=_THRESHOLD)
        categorical = CategoricalDriftMetrics(jensen_shannon_distance=_THRESHOLD)
        signals: dict[str, Any] = {
            "data-drift": DataDriftSignal(
                production_data=_production(client, monitor, "model_inputs"),
                reference_data=reference(None),
                features=list(monitor.features),
                metric_thresholds=DataDriftMetricThreshold(numerical=numerical, categorical=categorical),
                alert_enabled=True,
            ),
            "prediction-drift": PredictionDriftSignal(
                production_data=_production(client, monitor, "model_outputs"),
                reference_data=reference({"target_column": monitor.label}),
                metric_thresholds=PredictionDriftMetricThreshold(numerical=numerical, categorical=categorical),
                alert_enabled=True,
            ),
        }
        return MonitorDefinition(
            compute=ServerlessSparkCompute(instance_type=_SIZE, runtime_version=_SPARK),
            # The deployment is told by its data. Of one named as the target, the SDK reads the data assets of its
            # collector, and breaks with an AttributeError where there are none yet.
            monitoring_target=MonitoringTarget(ml_task=monitor.kind),
            monitoring_signals=signals,
        )

    def _reference(self, client: MLClient, monitor: NativeMonitor) -> Any:
        """What makes a signal's reference, by its columns; the training data is an asset of production's, too."""
        from azure.ai.ml import Input
        from azure.ai.ml.entities import Data, ReferenceData

        prefix = f"monitors/{monitor.endpoint}/{monitor.dataset}/"
        datastore = self._clients.settings.datastore
        store = f"azureml:/{self._clients.workspace_id('production')}/datastores/{datastore}/paths/"
        self._blobs.put_if_absent(f"{prefix}MLTable", _ML_TABLE.format(place=store + monitor.training_prefix).encode())
        name, version = f"{monitor.endpoint}-reference", monitor.dataset
        try:
            with told("get", f"data asset {name}:{version}"):
                client.data.get(name, version=version)
        except NotFound:
            asset = Data(name=name, version=version, path=store + prefix, type="mltable", skip_validation=True)
            with told("create", f"data asset {name}:{version}"):
                client.data.create_or_update(asset)

        def of(columns: dict[str, str] | None) -> ReferenceData:
            table = Input(type="mltable", path=f"azureml:{name}:{version}")
            return ReferenceData(input_data=table, data_context="training", data_column_names=columns)  # type: ignore[arg-type]

        return of


def schedule_name(endpoint: str) -> str:
    """One monitor an endpoint."""
    return f"{endpoint}-native-monitor"


def _production(client: MLClient, monitor: NativeMonitor, collection: str) -> Any:
    """What the collector wrote of the deployment: the asset that the service makes of it, or the like of it."""
    from azure.ai.ml import Input
    from azure.ai.ml.entities import ProductionData

    name = f"{monitor.endpoint}-{monitor.slot}-{collection}"
    place = f"modelDataCollector/{monitor.endpoint}/{monitor.slot}/{collection}/"
    asset = ensure_data_asset(client, _COLLECTED, name, "1", place)
    return ProductionData(input_data=Input(type="uri_folder", path=asset), data_context=collection)  # type: ignore[arg-type]
