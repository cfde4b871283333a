"""The workload's own tests: `workloads/NAME/tests/`, against the staging slot."""

from __future__ import annotations

from lifecycle.names import STAGING_SLOT, staging_endpoint
from tasks.endpoints import request_body
from tasks.own_tests import FOLDER, Target, run_own_tests
from tasks.staging import not_applicable
from tasks.staging_checks.part import Part, Subject

TITLE = "the workload's own tests"
SAMPLE_ROWS = 20


def own_tests(subject: Subject) -> Part:
    """A check for each of them; docs/releases.md says what they are given."""
    context = subject.context
    if not (context.folder / FOLDER).is_dir():
        return Part(title=TITLE, checks=(not_applicable(TITLE, f"the workload has no folder {FOLDER}"),))
    name, endpoints = staging_endpoint(context.name), context.platform.endpoints
    rows = subject.candidate.holdout.newest(SAMPLE_ROWS)
    sample = {"request": request_body(rows.features), "labels": rows.label.tolist()}
    version = subject.candidate.version.version
    target = Target(endpoints.get(name).scoring_url, endpoints.key(name), STAGING_SLOT, version, sample)
    within = context.workload.release.tests_within.total_seconds()
    return Part(title=TITLE, checks=tuple(run_own_tests(context.folder, target, within)))
