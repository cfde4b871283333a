"""What must hold of the images; building them needs Docker, which tests do not."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from tests.conftest import ROOT

DOCKER = ROOT / "docker"
IMAGES = {file.relative_to(DOCKER).as_posix(): file.read_text() for file in sorted(DOCKER.rglob("*Dockerfile"))}
WORKFLOW = (ROOT / ".github" / "workflows" / "azure.yml").read_text()


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_pinned_hashed_and_without_root(name: str) -> None:
    lines = IMAGES[name].splitlines()
    assert "ARG BASE" in lines, "a default would be a tag"
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert set(bases) == {"${BASE}"}
    installs = [line for line in lines if "pip install" in line and "--editable ." not in line]
    assert installs
    assert all("--require-hashes" in line and "--no-deps" in line for line in installs)
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER 10001"


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_is_installed_when_a_container_starts(name: str) -> None:
    start = "".join(line for line in IMAGES[name].splitlines() if line.startswith(("CMD", "ENTRYPOINT")))
    assert not re.search(r"\b(pip|uv|conda|apt)\b", start)


def test_the_scoring_image_serves_with_what_its_lock_holds() -> None:
    lock = (ROOT / "scoring" / "requirements.lock").read_text()
    assert re.search(r"^azureml-inference-server-http==", lock, re.MULTILINE)
    assert "exec azmlinfsrv --entry_script" in IMAGES["scoring/Dockerfile"]


def test_the_flows_image_holds_every_room_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    copied = set(re.findall(r"^COPY (\w+) \1$", IMAGES["flows.Dockerfile"], re.MULTILINE))
    ignored = (DOCKER / "flows.Dockerfile.dockerignore").read_text().splitlines()
    assert copied == rooms
    assert {f"!{room}" for room in rooms} <= set(ignored)
    assert ignored[1] == "*"


def test_the_workflow_shows_before_it_applies_and_holds_no_secret() -> None:
    jobs = yaml.safe_load(WORKFLOW)["jobs"]
    assert jobs["apply"]["needs"] == "plan"
    assert jobs["apply"]["strategy"]["max-parallel"] == 1
    assert jobs["apply"]["environment"] == "azure-${{ matrix.environment }}"
    assert jobs["plan"]["environment"] != jobs["apply"]["environment"]
    assert jobs["apply"]["strategy"]["matrix"] == jobs["plan"]["strategy"]["matrix"]
    assert "secrets." not in WORKFLOW


def test_the_workflow_sets_what_the_parameter_files_read() -> None:
    files = (ROOT / "deployments" / "azure").glob("*.bicepparam")
    read = {name for file in files for name in re.findall(r"readEnvironmentVariable\('(\w+)'\)", file.read_text())}
    assert read == set(yaml.safe_load(WORKFLOW)["env"])
    assert read == set(yaml.safe_load(WORKFLOW)["jobs"]["build"]["env"])
