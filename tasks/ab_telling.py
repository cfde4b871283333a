"""What the page of an A/B test's run tells: the table of the latest look, the interval over time, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.ab_test import AbEnd, AbPlan, next_step
from tasks.ab_looking import as_look, as_record, as_table, in_words
from tasks.ab_running import tests_of
from tasks.clock import now
from tasks.context import Context
from tasks.step import step
from tasks.story import emit, record, tell, tell_picture, tell_progress, tell_table

if TYPE_CHECKING:
    from monitoring.ab_test import Answer

LOOKS_KEPT = 1000


@step(name="tell the test so far")
def tell_look(context: Context, plan: AbPlan, answer: Answer) -> None:
    """Table, picture and progress; the look is kept for the next picture."""
    from monitoring.ab_picture import interval_over_time

    tests, at = tests_of(context), now()
    looks = [*tests.looks(plan.test), as_look(answer, at)][-LOOKS_KEPT:]
    tests.keep_looks(plan.test, looks)
    title = f"Version {plan.challenger} less version {plan.champion}, mean {plan.metric} by caller"
    tell_table(context, "ab-test", as_table(answer, plan), f"{answer.verdict}: {answer.why}")
    tell_picture(context, "ab-test-picture", title, interval_over_time(looks, title))
    measured = answer.champion.measured + answer.challenger.measured
    share = 0.0 if plan.until is None else min(1.0, (at - plan.began) / (plan.until - plan.began))
    tell_progress(context, "ab-test-progress", share, f"{answer.verdict}, {measured} callers measured. {answer.why}")


@step(name="tell the answer")
def conclude(context: Context, plan: AbPlan, end: AbEnd, answer: Answer) -> str:
    """Ledger, event and page, and last the blob with which the test is over; a sentence."""
    told = in_words(answer, plan)
    summary = f"The A/B test of version {plan.challenger} against version {plan.champion} of {context.name} is over "
    summary += f"({end.why}): {answer.verdict}. Difference in mean {plan.metric}: {told}."
    challenger = context.platform.models.get(context.name, plan.challenger)
    advice = next_step(answer.verdict, plan, challenger.tags)
    evidence = {"ended": end.why, "next": advice, **as_record(answer)}
    record(context, "ab-ended", plan.test, summary, by=end.by, model_version=plan.challenger, evidence=evidence)
    payload = {"model_version": plan.challenger, "champion": plan.champion, "verdict": answer.verdict, "why": end.why}
    emit(context, "perennial.ab-test.ended", plan.test, {**payload, "difference": told})
    tell(context, "ab-test-answer", f"### {summary}\n\nAll requests go to the champion. {advice}")
    tests_of(context).conclude(plan.test, evidence)
    return summary
