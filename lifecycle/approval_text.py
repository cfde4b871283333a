"""A request for approval in words: what is to be decided, on which evidence, by whom, until when, and how."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.approval import Checked, Evidence, Request, version_named


def summary_of(request: Request) -> str:
    """In a sentence."""
    evidence = request.evidence
    forced = "" if evidence.forced is None else f", {evidence.forced.told}"
    return (
        f"Version {evidence.model_version} of {evidence.workload} waits for an answer until "
        f"{request.until:%Y-%m-%d %H:%M} UTC{forced}."
    )


def compared_in_words(evidence: Evidence) -> str:
    """How it did against the champion."""
    compared = evidence.compared
    if compared is None:
        return f"compared with {version_named(evidence.over)}"
    figures = (compared.challenger, compared.champion, compared.difference, compared.low, compared.high)
    if any(figure is None for figure in figures):
        return f"{compared.verdict} than {version_named(evidence.over)}"
    ours, theirs, difference, low, high = figures
    return (
        f"{compared.metric} {ours:.4f} against {theirs:.4f} of {version_named(evidence.over)}, "
        f"{difference:+.4f} [{low:+.4f}, {high:+.4f}] on {compared.rows} rows"
    )


def who_may(request: Request) -> str:
    """Who may answer."""
    if not request.verified:
        return "anybody who reaches this service; who it was, nothing proves"
    return ", ".join(request.approvers) or "nobody: release.approvers of the workload names none"


def command_of(request: Request) -> str:
    """What to type to approve it."""
    evidence = request.evidence
    words = ["perennial approve", evidence.workload, str(evidence.model_version), "--evidence", evidence.digest[:12]]
    if request.verified:
        words.append("--azure-cli" if "entra" in request.audiences else "--github-actions")
    return " ".join([*words, "--comment '...'"])


def page_of(request: Request) -> str:
    """All of it, in Markdown, for the page of the run that waits."""
    evidence = request.evidence
    asked = "nobody named" if request.requester is None else request.requester.told
    parts = [
        f"### {summary_of(request)}",
        f"- Evidence: `{evidence.digest}`, of the model whose content is `{evidence.content}`\n"
        f"- Comparison: {compared_in_words(evidence)}\n"
        f"- Asked for by: {asked}\n"
        f"- Who may answer: {who_may(request)}\n"
        "- Silence until then rejects it",
        _table(evidence.gates, "gate"),
        _table(evidence.staging, "test in staging"),
        f"Answer in the form of this run (Resume), or type `{command_of(request)}`; `perennial reject` likewise.",
        *(
            f"- An answer at {one.at:%Y-%m-%d %H:%M:%S} UTC by {one.by} counted for nothing: {one.why}"
            for one in request.refusals
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def _table(checks: Sequence[Checked], title: str) -> str:
    if not checks:
        return ""
    rows = [f"| {_cell(one.name)} | {'yes' if one.passed else '**NO**'} | {_cell(one.seen)} |" for one in checks]
    return "\n".join([f"| {title} | passed | seen |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
