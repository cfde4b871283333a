"""What an identity that was granted little may not do, as the real SDKs meet it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.azureml_emulator.conftest import Emulator, make_client, wait
from tests.azureml_emulator.test_registries import deploy_from_registry, make_model, registry_client, share

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.storage.blob import BlobServiceClient, ContainerClient

Become = Callable[[str], None]
_ACCOUNT = "https://emulated.blob.core.windows.net"
_BLOB_REFUSAL = "AuthorizationPermissionMismatch"


@pytest.fixture
def become(sdk: Emulator, monkeypatch: pytest.MonkeyPatch) -> Become:
    """Changes whose tokens the clients get that are made from now on; `first` reaches everything."""
    first = sdk.description["environment"]["AZURE_CLIENT_ID"]
    return lambda client: monkeypatch.setenv("AZURE_CLIENT_ID", first if client == "first" else client)


def _blobs(account: str = _ACCOUNT) -> BlobServiceClient:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

    return BlobServiceClient(account, credential=DefaultAzureCredential(), retry_total=0)


def _container(client: MLClient) -> ContainerClient:
    """The default datastore's, opened by whose token one has now."""
    store = client.datastores.get("workspaceblobstore")
    return _blobs(f"https://{store.account_name}.blob.core.windows.net").get_container_client(store.container_name)


def _again(container: ContainerClient) -> ContainerClient:
    """The same by the token of who one is now."""
    return _blobs(f"https://{container.account_name}.blob.core.windows.net").get_container_client(
        container.container_name
    )


def _refused(action: str) -> object:
    from azure.core.exceptions import HttpResponseError

    words = rf"AuthorizationFailed\).*perform action 'Microsoft.MachineLearningServices/{action}' over scope"
    return pytest.raises(HttpResponseError, match=words)


def test_development_is_refused_in_production(sdk: Emulator, become: Become) -> None:
    become("developer")
    production = make_client(sdk, "production")
    with _refused("workspaces/models/versions/read"):
        production.models.get("any", "1")
    with _refused("workspaces/onlineEndpoints/read"):
        list(production.online_endpoints.list())
    assert [found.name for found in make_client(sdk, None).workspaces.list()] == ["development"]


def test_a_reader_reads_and_does_not_write(sdk: Emulator, become: Become, client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Environment

    name = make_model(client, tmp_path, "0.5")
    become("reader")
    reader = make_client(sdk, "development")
    assert reader.models.get(name, "1").tags == {"a": "1"}
    with _refused("workspaces/environments/versions/write"):
        reader.environments.create_or_update(Environment(name="refused", version="1", image="python:3.11"))
    with _refused("workspaces/datastores/listSecrets/action"):
        reader.datastores.get("workspaceblobstore", include_secrets=True)


def test_who_has_no_role_on_a_registry_does_not_find_it(sdk: Emulator, become: Become) -> None:
    become("developer")
    with _refused("registries/read"):
        registry_client()
    assert list(make_client(sdk, "development").registries.list()) == []


def test_who_reads_a_registry_does_not_share_into_it(
    sdk: Emulator, become: Become, client: MLClient, tmp_path: Path
) -> None:
    name = make_model(make_client(sdk, "production"), tmp_path, "0.5")
    share(client, make_model(client, tmp_path, "0.7", name))
    become("releaser")
    assert registry_client().models.get(name, "1").name == name
    with _refused("registries/import/action"):
        share(make_client(sdk, "production"), name, shared_as=f"{name}-other")


def test_a_publisher_shares_only_what_it_may_read(sdk: Emulator, become: Become, tmp_path: Path) -> None:
    from azure.ai.ml.entities._assets import WorkspaceAssetReference

    production = make_client(sdk, "production")
    guid = production.workspaces.get("production")._workspace_id
    make_model(production, tmp_path, "0.5", "secret")
    become("publisher")
    name = make_model(make_client(sdk, "development"), tmp_path, "0.5")
    share(make_client(sdk, "development"), name)
    with _refused("workspaces/read"):
        share(make_client(sdk, "production"), "secret")
    source = f"azureml://locations/westeurope/workspaces/{guid}/models/secret/versions/1"
    with _refused("workspaces/models/versions/read"):
        registry_client().models.create_or_update(WorkspaceAssetReference(name="x", version="1", asset_id=source))


def test_a_releaser_serves_what_development_shared(
    sdk: Emulator, become: Become, client: MLClient, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import Environment

    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    registry_client().environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    become("releaser")
    assert deploy_from_registry(make_client(sdk, "production"), name, name) == "0.5"


def test_a_deployment_names_only_what_its_maker_may_read(sdk: Emulator, become: Become) -> None:
    become("developer")
    with _refused("registries/assets/read"):
        deploy_from_registry(make_client(sdk, "development"), "any", "any")


def test_uploaded_code_is_its_workspaces(sdk: Emulator, become: Become, tmp_path: Path) -> None:
    from azure.ai.ml.entities._assets import Code
    from azure.core.exceptions import HttpResponseError

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text(f"# {uuid4()}")
    made = make_client(sdk, "production")._code.create_or_update(Code(path=str(tmp_path / "code")))
    account, _, path = str(made.path).removeprefix("https://").partition("/")
    container = path.partition("/")[0]
    assert container.startswith("pending-")
    become("developer")
    with pytest.raises(HttpResponseError, match=_BLOB_REFUSAL):
        list(_blobs(f"https://{account}").get_container_client(container).list_blobs())


def test_a_job_takes_a_model_out_of_a_registry_if_its_submitter_may(
    sdk: Emulator, become: Become, client: MLClient, tmp_path: Path
) -> None:
    from azure.ai.ml import Input, command
    from azure.ai.ml.entities import Environment

    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    model = f"azureml://registries/shared/models/{name}/versions/1"
    client.environments.create_or_update(Environment(name="bare", version="1", image="python:3.11"))
    job = command(
        command="test $(cat ${{inputs.model}}/weights.txt) = 0.5",
        inputs={"model": Input(type="custom_model", path=model)},
        environment="azureml:bare:1",
    )
    become("developer")
    with _refused("registries/assets/read"):
        make_client(sdk, "development").jobs.create_or_update(job)
    become("publisher")
    publisher = make_client(sdk, "development")
    submitted = publisher.jobs.create_or_update(job).name
    assert wait(publisher, submitted) == "Completed"


def test_production_s_blobs_are_closed_to_development(sdk: Emulator, become: Become) -> None:
    from azure.core.exceptions import HttpResponseError

    production, development = (_container(make_client(sdk, name)) for name in ("production", "development"))
    assert production.url != development.url
    production.upload_blob("rows.csv", b"1,2", overwrite=True)
    become("developer")
    _again(development).upload_blob("rows.csv", b"3,4", overwrite=True)
    for refused in (
        lambda: _again(production).download_blob("rows.csv"),
        lambda: _again(production).upload_blob("other.csv", b""),
        lambda: list(_again(production).list_blobs()),
    ):
        with pytest.raises(HttpResponseError) as error:
            refused()
        assert error.value.error_code == _BLOB_REFUSAL


def test_a_signature_opens_one_container(sdk: Emulator, become: Become) -> None:
    """The one that a datastore hands out is not good for another container, of its own workspace or of another."""
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import ContainerClient

    production = _container(make_client(sdk, "production"))
    become("developer")
    development = make_client(sdk, "development")
    store = development.datastores.get("workspaceblobstore", include_secrets=True)
    other = development.datastores.get("workspaceartifactstore")
    signature, own = store.credentials.sas_token, f"https://{store.account_name}.blob.core.windows.net"
    ContainerClient(own, store.container_name, credential=signature).upload_blob("a.csv", b"1", overwrite=True)
    for account, container in (
        (own, other.container_name),
        (f"https://{production.account_name}.blob.core.windows.net", production.container_name),
    ):
        with pytest.raises(HttpResponseError, match="AuthenticationFailed"):
            ContainerClient(account, container, credential=signature, retry_total=0).upload_blob("a.csv", b"1")


def test_development_s_key_does_not_open_production_s_blobs(sdk: Emulator, become: Become) -> None:
    """The artifact store hands out its account's key, as the service does; it is good for that account alone."""
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import ContainerClient

    production = _container(make_client(sdk, "production"))
    become("developer")
    store = make_client(sdk, "development").datastores.get("workspaceartifactstore", include_secrets=True)
    own, key = f"https://{store.account_name}.blob.core.windows.net", store.credentials.account_key
    ContainerClient(own, store.container_name, credential=key).upload_blob("a.csv", b"1", overwrite=True)
    # The key as it is, and as that of production's account.
    for credential in (key, {"account_name": production.account_name, "account_key": key}):
        foreign = ContainerClient(
            f"https://{production.account_name}.blob.core.windows.net",
            production.container_name,
            credential=credential,
            retry_total=0,
        )
        with pytest.raises(HttpResponseError, match="AuthenticationFailed"):
            list(foreign.list_blobs())


def test_a_datastore_of_the_data_account_hands_out_no_key(sdk: Emulator, become: Become) -> None:
    """That key would open what the datastores of other workspaces hold there."""
    from azure.ai.ml.entities import AccountKeyConfiguration, AzureBlobDatastore

    become("developer")
    development = make_client(sdk, "development")
    wanted = AccountKeyConfiguration(account_key="unknown")
    development.datastores.create_or_update(
        AzureBlobDatastore(name="keyed", account_name="emulated", container_name="keyed", credentials=wanted)
    )
    handed_out = sdk.http(client="developer").post(
        "https://management.azure.com/subscriptions/{subscription}/resourceGroups/{resource_group}".format(
            **sdk.description
        )
        + "/providers/Microsoft.MachineLearningServices/workspaces/development/datastores/keyed/listSecrets"
    )
    assert handed_out.json()["secretsType"] == "Sas"


def test_a_datastore_does_not_open_what_its_maker_may_not_reach(sdk: Emulator, become: Become) -> None:
    from azure.ai.ml.entities import AzureBlobDatastore
    from azure.core.exceptions import HttpResponseError

    production = _container(make_client(sdk, "production"))
    become("developer")
    account, container = production.account_name, production.container_name
    stolen = AzureBlobDatastore(name="stolen", account_name=account, container_name=container)
    with pytest.raises(HttpResponseError, match=_BLOB_REFUSAL):
        make_client(sdk, "development").datastores.create_or_update(stolen)


def test_a_registry_s_containers_are_its_readers(become: Become, client: MLClient, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError

    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    account, container, blob = str(registry_client().models.get(name, "1").path).removeprefix("https://").split("/", 2)
    account, blob = f"https://{account}", f"{blob}/weights.txt"
    become("releaser")
    assert _blobs(account).get_blob_client(container, blob).download_blob().readall() == b"0.5"
    for client_id, refused in (("releaser", True), ("developer", True), ("publisher", False)):
        become(client_id)
        target = _blobs(account).get_blob_client(container, "more.txt")
        if refused:
            with pytest.raises(HttpResponseError, match=_BLOB_REFUSAL):
                target.upload_blob(b"")
        else:
            target.upload_blob(b"")


def test_a_container_that_a_grant_names_is_closed_to_others(become: Become) -> None:
    from azure.core.exceptions import HttpResponseError

    become("first")
    exports = _blobs().create_container("exports")
    exports.upload_blob("a.csv", b"1")
    become("reader")
    assert _blobs().get_blob_client("exports", "a.csv").download_blob().readall() == b"1"
    with pytest.raises(HttpResponseError, match=_BLOB_REFUSAL):
        _blobs().get_blob_client("exports", "b.csv").upload_blob(b"1")
    become("developer")
    with pytest.raises(HttpResponseError, match=_BLOB_REFUSAL):
        _blobs().get_blob_client("exports", "a.csv").download_blob()


def test_an_endpoint_that_may_not_pull_fails_with_a_log(sdk: Emulator, client: MLClient, tmp_path: Path) -> None:
    """By a user-assigned identity without a role on the registry; one with a role can pull."""
    from azure.ai.ml.entities import Environment, IdentityConfiguration, ManagedIdentityConfiguration
    from azure.core.exceptions import HttpResponseError

    name = make_model(client, tmp_path, "0.5")
    share(client, name)
    registry_client().environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities"

    def identity(who: str) -> IdentityConfiguration:
        assigned = ManagedIdentityConfiguration(resource_id=f"{group}/{who}")
        return IdentityConfiguration(type="user_assigned", user_assigned_identities=[assigned])

    production = make_client(sdk, "production")
    with pytest.raises(HttpResponseError, match="does not have pull permission on the registry"):
        deploy_from_registry(production, name, name, identity=identity("developer"), tags={"pulls": "no"})
    refused = next(found for found in production.online_endpoints.list() if found.tags.get("pulls") == "no")
    assert production.online_deployments.get("blue", refused.name).provisioning_state == "Failed"
    assert "ImagePullFailed" in production.online_deployments.get_logs("blue", refused.name, 100)
    assert deploy_from_registry(production, name, name, identity=identity("releaser")) == "0.5"
