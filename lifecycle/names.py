"""Deterministic names: whoever does the same thing again finds what is there under the same name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid5

_NAMESPACE = UUID("6b1f7c1e-6d0c-5a3c-9f0e-7065726e6e69")

_STAGING = "-staging"
_MOMENT = "%Y%m%dT%H%M%S.%fZ"

Stage = Literal["development", "staging", "production"]
PRODUCTION_SLOTS = ("blue", "green")
STAGING_SLOT = "candidate"
BASELINE_SLOT = "baseline"  # the champion, deployed beside the candidate to be measured at the same time
RETRAIN = "retrain/dev"  # the deployment that trains on the newest data
RELEASE = "release/staging"  # the deployment that takes a candidate through staging
PROMOTE = "promote/prod"  # the deployment that carries out what a release approved
AB_TEST = "ab-test/prod"  # the deployment that compares two versions by their callers
COMPARE_BATCH = "compare-batch/prod"  # the deployment that decides whether the champion scores batches, too
CHAMPION = "champion"
PREVIOUS = "previous-champion"


def digest(content: bytes, length: int = 12) -> str:
    """The first hexadecimal digits of the content's sha256."""
    return hashlib.sha256(content).hexdigest()[:length]


def dataset_prefix(workload: str, version: str) -> str:
    """Where a dataset version lies."""
    return f"datasets/{workload}/{version}/"


def job_prefix(workload: str, version: str) -> str:
    """The part of a dataset version that a training job gets to see: never the hold-out."""
    return f"{dataset_prefix(workload, version)}data/"


def labels_prefix(workload: str) -> str:
    """Where labels arrive."""
    return f"labels/{workload}/"


def predictions_prefix(endpoint: str) -> str:
    """Where an endpoint's prediction log lies."""
    return f"predictions/{endpoint}/"


def quarantine_prefix(workload: str) -> str:
    """Where rows and files lie that could not be used."""
    return f"quarantine/{workload}/"


def ledger_prefix(workload: str) -> str:
    """Where the workload's audit lies."""
    return f"ledger/{workload}/"


def annotation_blob(workload: str, key: str) -> str:
    """Predictions that wait for people to label them."""
    return f"annotations/{workload}/{_plain(key)}.jsonl"


def report_prefix(workload: str) -> str:
    """Where monitoring's reports lie."""
    return f"reports/{workload}/"


def report_blob(workload: str, key: str) -> str:
    """The Evidently report of a window."""
    return f"{report_prefix(workload)}{key}.html"


def snapshot_blob(workload: str, key: str) -> str:
    """The same report as Evidently's own UI reads it."""
    return f"{report_prefix(workload)}{key}.json"


def pending_reports_prefix(workload: str) -> str:
    """Where it lies what a report is to be drawn from, until it is."""
    return f"{report_prefix(workload)}pending/"


def report_key(name: str) -> str:
    """The window's key that the name of a report tells, or of anything else that is kept for one."""
    return name.rpartition("/")[2].rpartition(".")[0]


def windows_prefix(workload: str) -> str:
    """Where the records of the monitored windows lie."""
    return f"windows/{workload}/"


def window_blob(workload: str, end: datetime, key: str) -> str:
    """A window's record: the names sort by the windows' ends, and tell them."""
    return f"{windows_prefix(workload)}{end.astimezone(UTC):{_MOMENT}}-{_plain(key)}.json"


def window_end(name: str) -> datetime | None:
    """The end, UTC, that a record's name tells; None for a name that is none of ours."""
    try:
        return datetime.strptime(name.rpartition("/")[2].partition("-")[0], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def evidence_blob(workload: str, key: str) -> str:
    """What a window's findings rest on, column by column."""
    return f"evidence/{workload}/{_plain(key)}.json"


def investigations_prefix(workload: str) -> str:
    """Where investigations lie, open and closed."""
    return f"investigations/{workload}/"


def usage_prefix(workload: str) -> str:
    """Where it is written down how long each training job ran."""
    return f"usage/{workload}/"


def reference_blob(workload: str, key: str, name: str) -> str:
    """A part of what windows of the model that was trained under the key are held against."""
    return f"references/{workload}/{_plain(key)}/{name}"


def probe_blob(workload: str, model_version: int) -> str:
    """Where the question lies that staging asked a version, with its answer."""
    return f"releases/{workload}/{model_version}/probe.json"


def suite_blob(workload: str, model_version: int, key: str) -> str:
    """What staging found of a version, so that a release that was suspended or killed need not measure it again."""
    return f"releases/{workload}/{model_version}/suite-{_plain(key)}.json"


def measured_blob(workload: str, model_version: int) -> str:
    """What staging's load test measured of a version."""
    return f"releases/{workload}/{model_version}/measured.json"


def card_blob(workload: str, model_version: int, ending: str) -> str:
    """The model card of a version; ending: md or html."""
    return f"releases/{workload}/{model_version}/model-card.{ending}"


def approval_requests_prefix(workload: str) -> str:
    """Where it lies which versions people are, or were, asked about."""
    return f"approvals/{workload}/"


def approval_request_blob(workload: str, model_version: int) -> str:
    """The newest request for an answer about a version."""
    return f"{approval_requests_prefix(workload)}{model_version}.json"


def approval_evidence_blob(workload: str, model_version: int, digest: str) -> str:
    """What an approval rests on, written once."""
    return f"releases/{workload}/{model_version}/evidence/{_plain(digest)}.json"


def approval_answer_blob(workload: str, model_version: int, digest: str) -> str:
    """What was answered about the evidence of that digest, written once."""
    return f"releases/{workload}/{model_version}/answers/{_plain(digest)}.json"


def requester_blob(workload: str, flow_run: str) -> str:
    """Who asked for a release, as the run of it verified."""
    return f"releases/{workload}/requesters/{_plain(flow_run)}.json"


def used_token_blob(fingerprint: str) -> str:
    """What a token was used for."""
    return f"tokens/{_plain(fingerprint)}.json"


def foretold_blob(workload: str, model_version: int) -> str:
    """Where it lies how far apart a version's and the champion's predictions of the hold-out are."""
    return f"releases/{workload}/{model_version}/foretold.json"


def ab_tests_prefix(workload: str) -> str:
    """Where A/B tests lie, each under its key."""
    return f"ab-tests/{workload}/"


def ab_test_blob(workload: str, test: str, what: str) -> str:
    """A part of one test: plan, end, looks or answer."""
    return f"{ab_tests_prefix(workload)}{_plain(test)}/{what}.json"


def ab_front_blob(workload: str) -> str:
    """What the front reads: the test that runs, or null."""
    return f"ab-fronts/{workload}.json"


def ab_test_name(began: datetime, mark: str) -> str:
    """What an A/B test is called, as its plan says it: names sort by when the tests began (UTC, to a second)."""
    return f"{began:%Y%m%d-%H%M%S}-{mark}"


def ab_test_key(workload: str, test: str) -> str:
    """One run carries a test out; whoever comes with the same key finds it."""
    return f"ab-test-{workload}-{test}"


def staging_endpoint(workload: str) -> str:
    """Staging is an endpoint of its own."""
    return f"{workload}{_STAGING}"


def batch_endpoint(workload: str) -> str:
    """Where production's champion scores files: hosts are named by endpoints, so it is not the online one's name."""
    return f"{workload}-batch"


def batch_deployment(model_version: int) -> str:
    """A deployment is of one version and never changes: whoever comes again finds it."""
    return f"version-{model_version}"


def version_of(deployment: str | None) -> int | None:
    """The model version that a batch deployment is of; None where it is none of ours."""
    number = (deployment or "").removeprefix("version-")
    return int(number) if number.isdecimal() else None


def scores_prefix(workload: str, key: str) -> str:
    """Where the outputs of a batch scoring lie."""
    return f"scores/{workload}/{key}/"


def batches_prefix(workload: str) -> str:
    """Where it lies which batches were completed, and how versions compared on them."""
    return f"batches/{workload}/"


def last_batch_blob(workload: str, model_version: int) -> str:
    """Where it lies which batch a version completed last."""
    return f"{batches_prefix(workload)}version-{model_version}.json"


def batch_comparison_key(challenger: int, over: int, batch: str) -> str:
    """A comparison is of two versions on one batch."""
    return f"compare-{challenger}-over-{over}-{digest(batch.encode())}"


def batch_comparison_prefix(workload: str, key: str) -> str:
    """Where a comparison's sample, verdict and copies of files lie."""
    return f"{batches_prefix(workload)}{key}/"


def scored_blob(workload: str, key: str) -> str:
    """Where it lies where the outputs of a scoring are, once it is completed."""
    return f"{scores_prefix(workload, key)}completed.json"


def stage_of(endpoint: str) -> Stage:
    """The stage that an endpoint belongs to."""
    return "staging" if endpoint.endswith(_STAGING) else "production"


def training_key(dataset_version: str, code_digest: str, parameters: Mapping[str, object]) -> str:
    """The same data, code and parameters make the same model."""
    recipe = json.dumps({"code": code_digest, "parameters": parameters}, sort_keys=True)
    return f"{dataset_version}-{digest(recipe.encode(), 8)}"


def job_name(workload: str, key: str, attempt: int) -> str:
    """One attempt at training; an attempt that failed is not repeated under its own name."""
    return f"{workload}-{key}-{attempt}"


def event_id(workload: str, kind: str, key: str) -> UUID:
    """The same thing told twice is one event: Prefect fires once on a repeated id."""
    return uuid5(_NAMESPACE, f"{workload}/{kind}/{key}")


def release_key(workload: str, model_version: int) -> str:
    """A release is of one model version; whoever comes with the same key continues it."""
    return f"release-{workload}-{model_version}"


def staging_trigger(model_version: int) -> str:
    """Why a candidate is trained anew: this one passed staging."""
    return f"staging-{model_version}"


def promotion_key(workload: str, model_version: int, approved_at: str) -> str:
    """A promotion is of one approval of one model version."""
    return f"promote-{workload}-{model_version}-{approved_at}"


def _plain(key: str) -> str:
    """A key as a part of a blob's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", key)
