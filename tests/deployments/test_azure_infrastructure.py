"""What must hold of the Azure infrastructure, whoever edits it. That it deploys, only a subscription can show."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from lifecycle import names
from tests.conftest import ROOT
from tests.deployments.bicep import Declaration, declarations

AZURE = ROOT / "deployments" / "azure"
FILES = {file.relative_to(AZURE).as_posix(): declarations(file) for file in sorted(AZURE.rglob("*.bicep"))}
ENTRIES = {"main.bicep", "identities.bicep", "registry.bicep"}
PARAMETER_FILES = sorted(AZURE.glob("*.bicepparam"))
ROLES = json.loads((AZURE / "roles.json").read_text())
GRANT = re.compile(r"\{ identity: '(\w+)'.*?role: (.+?), why: (.+?) \}")


def of_type(kind: str) -> list[Declaration]:
    """Every resource of a type that our files make."""
    found = [one for file in FILES.values() for one in file if one.kind == "resource" and not one.existing]
    wanted = [one for one in found if one.target.partition("@")[0] == kind]
    assert wanted, f"no {kind} anywhere"
    return wanted


def grants(file: str) -> list[tuple[str, str, str, str]]:
    """(module, identity, role, why) of the tables in main.bicep or in a module; a role may be a choice."""
    return [(one.name, *found) for one in FILES[file] for found in GRANT.findall(one.text)]


def granted_roles(written: str) -> set[str]:
    return set(re.findall(r"'([^']+)'", written))


def test_every_module_is_used_and_every_module_that_is_used_exists() -> None:
    used = {
        (AZURE / file).parent.joinpath(one.target).resolve().relative_to(AZURE).as_posix()
        for file, content in FILES.items()
        for one in content
        if one.kind == "module"
    }
    assert used == set(FILES) - ENTRIES


def test_a_module_is_given_all_it_needs_and_nothing_that_it_does_not_know() -> None:
    for file, content in FILES.items():
        for module in (one for one in content if one.kind == "module"):
            path = (AZURE / file).parent.joinpath(module.target).resolve().relative_to(AZURE).as_posix()
            known = {one.name: one for one in FILES[path] if one.kind == "param"}
            needed = {name for name, one in known.items() if "=" not in one.text.splitlines()[0]}
            assert needed <= module.parameters() <= set(known), f"{file}: {module.name}"


def test_what_a_file_reads_of_a_module_the_module_puts_out() -> None:
    for file, content in FILES.items():
        modules = {one.name: one for one in content if one.kind == "module"}
        for name, output in re.findall(r"\b(\w+)\.outputs\.(\w+)", (AZURE / file).read_text()):
            path = (AZURE / file).parent.joinpath(modules[name].target).resolve().relative_to(AZURE).as_posix()
            assert output in {one.name for one in FILES[path] if one.kind == "output"}, f"{file}: {name}.{output}"


def test_each_environment_has_its_parameters_and_main_declares_them() -> None:
    assert [file.stem for file in PARAMETER_FILES] == ["dev", "prod", "staging"]
    declared = {one.name: one for one in FILES["main.bicep"] if one.kind == "param"}
    needed = {name for name, one in declared.items() if "=" not in one.text.splitlines()[0]}
    for file in PARAMETER_FILES:
        given = {one.name: one for one in declarations(file) if one.kind == "param"}
        assert needed <= set(given) <= set(declared), file.name
        assert given["environment"].text.strip() == f"= '{file.stem}'"
        assert given["trains"].text.strip() == ("= true" if file.stem == "dev" else "= false")


def test_a_type_has_one_version_everywhere() -> None:
    versions = defaultdict(set)
    for content in FILES.values():
        for one in (one for one in content if one.kind == "resource"):
            kind, _, version = one.target.partition("@")
            versions[kind.split("/")[0] + "/" + kind.split("/")[1]].add(version)
    assert {kind: found for kind, found in versions.items() if len(found) != 1} == {}


def test_storage_has_no_keys_no_public_side_and_forgets_nothing_at_once() -> None:
    (account,) = of_type("Microsoft.Storage/storageAccounts")
    assert account.value("allowSharedKeyAccess") == "false"
    assert account.value("allowBlobPublicAccess") == "false"
    assert account.value("defaultAction") == "'Deny'"
    (blobs,) = of_type("Microsoft.Storage/storageAccounts/blobServices")
    assert blobs.value("isVersioningEnabled") == "true"
    assert blobs.text.count("enabled: true") == 2


@pytest.mark.parametrize(
    "kind",
    [
        "Microsoft.Storage/storageAccounts",
        "Microsoft.KeyVault/vaults",
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.MachineLearningServices/workspaces",
        "Microsoft.MachineLearningServices/registries",
    ],
)
def test_nothing_that_holds_data_has_a_public_side(kind: str) -> None:
    for one in of_type(kind):
        assert one.value("publicNetworkAccess") == "'Disabled'"


def test_secrets_are_reached_by_role_and_cannot_be_purged() -> None:
    (vault,) = of_type("Microsoft.KeyVault/vaults")
    assert vault.value("enableRbacAuthorization") == "true"
    assert vault.value("enablePurgeProtection") == "true"


def test_images_have_no_admin() -> None:
    (images,) = of_type("Microsoft.ContainerRegistry/registries")
    assert images.value("adminUserEnabled") == "false"
    assert images.value("anonymousPullEnabled") == "false"


def test_the_cluster_costs_nothing_while_idle_and_has_no_public_address() -> None:
    (cluster,) = of_type("Microsoft.MachineLearningServices/workspaces/computes")
    assert cluster.value("minNodeCount") == "0"
    assert cluster.value("nodeIdleTimeBeforeScaleDown") == "'PT5M'"
    assert cluster.value("enableNodePublicIp") == "false"
    assert cluster.value("type") == "'UserAssigned'"


def test_the_workspace_goes_out_by_rule_and_builds_images_on_its_cluster() -> None:
    (workspace,) = of_type("Microsoft.MachineLearningServices/workspaces")
    (cluster,) = of_type("Microsoft.MachineLearningServices/workspaces/computes")
    assert workspace.value("isolationMode") == "'AllowOnlyApprovedOutbound'"
    assert workspace.value("systemDatastoresAuthMode") == "'identity'"
    assert workspace.value("imageBuildCompute") == cluster.value("name")


def test_every_role_assignment_is_scoped_to_a_resource_and_says_why() -> None:
    on_groups = []
    for one in of_type("Microsoft.Authorization/roleAssignments"):
        assert one.value("scope"), one.name
        assert one.value("description"), one.name
        assert one.value("principalType") == "'ServicePrincipal'", one.name
        if one.value("scope") == "resourceGroup()":
            on_groups.append(one.value("description"))
    assert sorted(on_groups) == [
        "'deploys main.bicep into this resource group'",
        "'hands out the roles of main.bicep, and no others, to identities only'",
        "'shows what a deployment would change'",
        "'starts and removes container groups, which do not exist before'",
    ]


def test_no_identity_of_main_reaches_out_of_its_group() -> None:
    """main.bicep deploys nothing elsewhere; only the registry's own deployment grants anything on the registry."""
    for file in FILES:
        text = (AZURE / file).read_text()
        if file not in {"identities.bicep", "modules/registry-access.bicep"}:
            assert "resourceGroup('" not in text, file
            assert "scope: subscription()" not in text, file


def test_only_what_publishes_may_write_to_the_registry() -> None:
    may = {identity: role for _, identity, role, _ in grants("modules/registry-access.bicep")}
    assert may.pop("flows") == "publishes ? 'AzureML Registry User' : 'Reader'"
    assert {role for role in may.values()} == {"'Reader'", "'Azure AI Enterprise Network Connection Approver'"}
    registry = (AZURE / "registry.bicep").read_text()
    assert re.findall(r"name: '(\w+)', publishes: true", registry) == ["dev"]


def test_only_what_trains_may_train() -> None:
    roles = {role for module, identity, role, _ in grants("main.bicep") if (module, identity) == ("workspace", "flows")}
    (role,) = roles - {"'Monitoring Reader'"}
    assert role == "trains ? 'AzureML Data Scientist' : 'Perennial Endpoint Operator'"
    definitions = {one.name: one for one in of_type("Microsoft.Authorization/roleDefinitions")}
    assert set(definitions) == {"operator", "planner"}
    operator = definitions["operator"]
    actions = re.findall(r"'Microsoft.MachineLearningServices/(.+)'", operator.text)
    assert actions
    writing = [action for action in actions if action.startswith(("workspaces/jobs", "workspaces/computes"))]
    assert writing == ["workspaces/computes/read", "workspaces/jobs/read"]


def test_what_plans_can_change_nothing() -> None:
    (planner,) = [one for one in of_type("Microsoft.Authorization/roleDefinitions") if one.name == "planner"]
    actions = re.search(r"actions: \[(.*?)\]", planner.text, re.DOTALL)
    assert actions
    assert re.findall(r"'([^']+)'", actions.group(1)) == ["*/read", "Microsoft.Resources/deployments/*"]


def test_every_role_has_an_id_and_the_workflow_may_hand_it_out() -> None:
    handed_out = {role for _, _, written, _ in grants("main.bicep") for role in granted_roles(written)}
    for file in ("modules/events.bicep", "modules/flows-access.bicep"):
        named = re.findall(r"roles\['([^']+)'\]|role: '([^']+)'", (AZURE / file).read_text())
        handed_out |= {one or other for one, other in named}
    (grantable,) = [one for one in FILES["modules/ci-roles.bicep"] if one.name == "grantable"]
    allowed = {a or b for a, b in re.findall(r"roles\['([^']+)'\]|roles\.(\w+)", grantable.text.splitlines()[0])}
    assert allowed == handed_out - {"Perennial Endpoint Operator"}
    assert "${operatorRole}" in grantable.text
    assert allowed <= set(ROLES)
    assert not {"Owner", "User Access Administrator", "Role Based Access Control Administrator"} & allowed
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in ROLES.values())
    assert len(set(ROLES.values())) == len(ROLES)


def test_events_that_cannot_be_delivered_are_kept() -> None:
    for one in of_type("Microsoft.EventGrid/systemTopics/eventSubscriptions"):
        assert "deadLetterWithResourceIdentity" in one.text
        assert one.value("queueName") == "'events'"
        assert one.value("blobContainerName") == "'dead-letters'"
    (storage,) = [one for one in FILES["modules/storage.bicep"] if one.name == "containers"]
    assert "'dead-letters'" in storage.text


def test_what_the_service_writes_itself_is_no_news() -> None:
    (own,) = [one for one in FILES["main.bicep"] if one.name == "ownPrefixes"]
    written = [
        names.dataset_prefix("x", "1"), names.predictions_prefix("x"), names.quarantine_prefix("x"),
        names.ledger_prefix("x"), names.report_prefix("x"), names.windows_prefix("x"), names.evidence_blob("x", "k"),
        names.investigations_prefix("x"), names.usage_prefix("x"), "jobs/", "monitors/", "releases/", "scores/",
    ]  # fmt: skip
    assert {one.partition("/")[0] + "/" for one in written} == set(re.findall(r"'([^']+)'", own.text.splitlines()[0]))


def test_everything_that_can_be_tagged_is() -> None:
    untagged = {"blobServices", "containers", "managementPolicies", "queueServices", "queues", "diagnosticSettings",
                "roleAssignments", "roleDefinitions", "federatedIdentityCredentials", "outboundRules", "budgets",
                "eventSubscriptions", "privateDnsZoneGroups"}  # fmt: skip
    for file, content in FILES.items():
        for one in (one for one in content if one.kind == "resource" and not one.existing):
            if one.target.partition("@")[0].rpartition("/")[2] not in untagged:
                assert one.value("tags"), f"{file}: {one.name}"


def test_a_skipped_check_has_its_reason() -> None:
    scanned = [*AZURE.rglob("*.bicep"), *(ROOT / "docker").rglob("*Dockerfile")]
    skips = [line for file in scanned for line in Path(file).read_text().splitlines() if "checkov:skip" in line]
    assert skips
    assert all(re.search(r"checkov:skip=CKV\w+:\S.{15,}", line) for line in skips)
