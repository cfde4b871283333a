"""The model card (Mitchell et al. 2019): what a candidate is, what was found of it, and what it must not be used for.

It lies in the blob store and with the model's run; the version's tag `perennial.card` says where. It is made of what
the release found, so that the same findings make the same card.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifecycle.columns import Column
from lifecycle.names import card_blob
from monitoring.metric_intervals import metric_intervals
from platforms.ports import PlatformError, RegisteredModel
from tasks.card_pages import Section, as_markdown, as_page
from tasks.context import Context
from tasks.evaluation import outcomes_of
from tasks.gates import Candidate, Judgement
from tasks.staging_checks.part import Part
from tasks.step import step
from tasks.story import tell, tell_table


@step(name="write the model card", attempts=3)
def tell_suite(
    context: Context,
    candidate: Candidate,
    champion: RegisteredModel | None,
    judgement: Judgement,
    parts: Sequence[Part],
) -> Judgement:
    """The checks as a table and the card as a text on the run's page; the judgement with all of them."""
    rows = [{"part": part.title, **check.as_row()} for part in parts for check in part.checks]
    rows = rows or [{"part": "all", "check": "none was made", "passed": "NO", "seen": judgement.reason}]
    tell_table(context, "staging", rows, "What the candidate was examined by, and what was tested over HTTP")
    everything = [*judgement.checks, *(check for part in parts for check in part.checks)]
    whole = Judgement(everything, judgement.comparison)
    title = f"{context.name}, version {candidate.version.version}"
    markdown = as_markdown(title, list(_sections(context, candidate, champion, whole, judgement, parts)))
    tell(context, "model-card", markdown)
    return Judgement(everything, judgement.comparison, _store(context, candidate.version, champion, title, markdown))


def _store(
    context: Context, version: RegisteredModel, champion: RegisteredModel | None, title: str, markdown: str
) -> str:
    """Where people read it. A platform may keep a run's first text under a name, so the name tells the comparison."""
    page = as_page(title, markdown)
    for ending, content in (("md", markdown), ("html", page)):
        context.platform.blobs.write(card_blob(context.name, version.version, ending), content.encode())
    over = "none" if champion is None else champion.version
    try:
        context.platform.models.log_text(version.run_id, markdown, f"model-card/over-{over}.md")
        return context.platform.models.log_text(version.run_id, page, f"model-card/over-{over}.html")
    except PlatformError:  # it can be read all the same
        return card_blob(context.name, version.version, "html")


def _sections(
    context: Context,
    candidate: Candidate,
    champion: RegisteredModel | None,
    whole: Judgement,
    gates: Judgement,
    parts: Sequence[Part],
) -> Iterator[Section]:
    yield Section("Model", tables=[[_facts(context, candidate, champion, whole)]])
    yield _data(candidate)
    yield _metrics(context, candidate)
    yield Section("Gates and fairness", tables=[[check.as_row() for check in gates.checks]])
    for part in parts:
        yield Section(part.title.capitalize(), tables=[[check.as_row() for check in part.checks], part.figures])
    if not parts:
        yield Section("Examination", "The candidate failed its gates, and was examined no further.")
    yield _limits(candidate, whole, parts)


def _facts(
    context: Context, candidate: Candidate, champion: RegisteredModel | None, whole: Judgement
) -> dict[str, object]:
    return {
        "kind": context.workload.kind,
        "predicts": context.workload.data.label,
        "made of": type(candidate.model).__name__,
        "registered": candidate.version.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        "champion": "none" if champion is None else champion.version,
        "found": "fit for approval" if whole.passed else f"not fit: {whole.reason}",
    }


def _data(candidate: Candidate) -> Section:
    manifest = candidate.holdout.manifest
    rows = {
        "dataset version": manifest.version,
        "rows trained on": manifest.train_rows,
        "held out": manifest.holdout_rows,
        "raw": manifest.raw_rows,
        "from labelled predictions": manifest.labelled_rows,
        "quarantined": manifest.quarantined_rows,
        "newest": manifest.newest.strftime("%Y-%m-%d %H:%M UTC"),
    }
    columns = [{"column": column.name, "what it may be": _spelt(column)} for column in manifest.columns]
    return Section("Data", tables=[[rows], columns])


def _spelt(column: Column) -> str:
    spelt = column.spell()
    return spelt if isinstance(spelt, str) else str(spelt)


def _metrics(context: Context, candidate: Candidate) -> Section:
    rows = candidate.holdout.newest(context.workload.release.compare_rows)
    outcomes = outcomes_of(context.workload, candidate.model, rows)
    values = metric_intervals(context.workload.kind, outcomes, seed=0)
    table = [{"metric": one.metric, "value": one.value, "low": one.low, "high": one.high} for one in values]
    return Section("Metrics", f"On the newest {outcomes.rows} held-out rows, with 95 % intervals.", [table])


def _limits(candidate: Candidate, whole: Judgement, parts: Sequence[Part]) -> Section:
    """What follows from the findings, and is no promise beyond them."""
    manifest = candidate.holdout.manifest
    bounded = [column for column in manifest.columns if column.minimum is not None or column.maximum is not None]
    lines = [f"- It knows {manifest.train_rows} rows up to {manifest.newest:%Y-%m-%d}; what is newer may differ."]
    if bounded:
        told = ", ".join(f"{column.name} {_spelt(column)}" for column in bounded)
        lines.append(f"- Outside these ranges it was never tested: {told}.")
    for part in parts:
        unjudged = [row for row in part.figures if row.get("not judged")]
        lines += [f"- Nothing is known of {row['column']} = {row['slice']}: {row['not judged']}." for row in unjudged]
    lines += [f"- Not examined: {check.name} ({check.seen})." for check in whole.checks if not check.applies]
    return Section("Limits", "\n".join(lines))
