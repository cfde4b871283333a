"""Does production answer, in time, and is it asked as much as usual?"""

from __future__ import annotations

from datetime import timedelta

from lifecycle.findings import Finding
from lifecycle.spending import MONTH
from monitoring.arrivals import judge_freshness, judge_volume, longest_silence
from monitoring.judgement import Judgement, finding, inconclusive
from monitoring.service import ServiceSample, judge_queueing, judge_service
from platforms.ports import NotFound, Unavailable
from platforms.usage import read_usage
from platforms.windows import Windows
from tasks.checks.observed import Observed
from tasks.step import step

USUAL_WINDOWS = 28
_FLUSH = timedelta(minutes=10)  # a prediction is written, or collected, some time after it was made


@step(name="check service")
def check_service(observed: Observed, windows: Windows) -> list[Finding]:
    """Errors, latency and load of the champion's slot; volume, silence at the end, and how long trainings queue for
    compute, where they can be told."""
    others = (_volume(observed, windows), _freshness(observed), _queueing(observed))
    told = [one for one in others if one is not None and one.conclusive]
    return [finding("service", one) for one in (*_slot(observed), *told)]


def _slot(observed: Observed) -> list[Judgement]:
    """Of the slot that serves the champion. Whether there are metrics is the platform's: where not, nothing is told."""
    endpoints, name = observed.context.platform.endpoints, observed.context.name
    try:
        endpoint = endpoints.get(name)
        metrics = endpoints.metrics(name)
    except NotFound:
        return []
    except Unavailable as reason:
        return [inconclusive("error rate", f"The error rate is not known: {reason}")]
    version = str(observed.champion.version)
    serving = [slot.name for slot in endpoint.slots.values() if slot.tags.get("model_version") == version]
    limits = observed.context.workload.monitor.service
    samples = [ServiceSample.of(metrics[slot]) for slot in serving if slot in metrics]
    found = [one for sample in samples for one in judge_service(sample, limits)]
    # That a handful of requests all went well is nothing to tell, and no doubt about the window either.
    return [one for one in found if one.conclusive or one.score]


def _volume(observed: Observed, windows: Windows) -> Judgement | None:
    """Against the windows of the same length before it, by any version: who asks does not know which one answers."""
    span = observed.span
    length = span.end - span.start
    before = windows.over_time(span.start, USUAL_WINDOWS)
    usual = [record.rows for record in before if abs(record.length - length) < 0.01 * length]
    return judge_volume(len(observed.window.predictions), usual)


def _freshness(observed: Observed) -> Judgement | None:
    """How long nothing has come, against the gaps of this very window."""
    if not observed.asked:
        return None
    times = observed.window.predictions["time"]
    limit = longest_silence(times)
    if limit is None:
        return None
    return judge_freshness(times.max().to_pydatetime(), observed.span.end, limit + _FLUSH.total_seconds())


def _queueing(observed: Observed) -> Judgement | None:
    """Of the month's training jobs, where the platform's jobs wait for compute."""
    limit, end = observed.context.workload.monitor.service.queue_seconds, observed.span.end
    if limit is None:
        return None
    jobs = read_usage(observed.context.platform.blobs, observed.context.name, end - MONTH)
    return judge_queueing([job.queued_seconds for job in jobs if job.queued_seconds is not None], limit)
