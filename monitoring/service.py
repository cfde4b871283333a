"""Does the service answer, in time, and with room to spare? Judged from counts, percentiles and loads.

A share is held against its limit with the exact binomial interval (Clopper and Pearson 1934), since three errors in
forty requests say little. Percentiles come without their rows: each wants enough requests that ten lie beyond it.
A model that answers nonsense in time is fine here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle.limits import ServiceLimits
from monitoring.judgement import Judgement, inconclusive

_BEYOND = 10  # requests that must lie beyond a percentile
_PERCENTILES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}
_LOADS = ("cpu_percent", "memory_percent")
_HALF = 0.5


@dataclass(frozen=True)
class ServiceSample:
    """A slot's requests. None stands for not known.

    requests: sent, answered or not. errors: answered with a failure of the server's (5xx). unanswered: no answer came
    (refused, reset, timed out on the way); None where only the server counts, since it cannot know.
    """

    requests: int | None = None
    errors: int | None = None
    unanswered: int | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    cpu_percent: float | None = None
    memory_percent: float | None = None

    @classmethod
    def of(cls, metrics: Mapping[str, Any], unanswered: int | None = None) -> ServiceSample:
        """From what `OnlineEndpoints.metrics` says of a slot, with what the caller counted itself.

        The server's requests are those that reached it: what went unanswered is added to them.
        """
        requests, errors = _count(metrics.get("requests")), _count(metrics.get("errors"))
        if requests is not None and unanswered is not None:
            requests += unanswered
        numbers = {name: _number(metrics.get(name)) for name in (*_PERCENTILES, *_LOADS)}
        return cls(requests, errors, unanswered, **numbers)

    @property
    def answered(self) -> int | None:
        """Requests that got an answer, good or bad."""
        return None if self.requests is None else self.requests - (self.unanswered or 0)


def judge_service(
    sample: ServiceSample, limits: ServiceLimits, *, slot: str = "", confidence: float = 0.99
) -> list[Judgement]:
    """A judgement for each limit that is set. What is not known is inconclusive, but for unanswered requests and loads,
    which many platforms do not tell: those are left out."""
    judged = []
    if limits.error_rate is not None:
        judged.append(
            _rate(_at("error rate", slot), sample.errors, sample.answered, limits.error_rate, limits, confidence)
        )
    if limits.unanswered_rate is not None and sample.unanswered is not None:
        subject = _at("unanswered rate", slot)
        judged.append(_rate(subject, sample.unanswered, sample.requests, limits.unanswered_rate, limits, confidence))
    for name, share in _PERCENTILES.items():
        limit = getattr(limits, name)
        if limit is not None:
            judged.append(_latency(_at(name, slot), getattr(sample, name), share, limit, sample.answered, limits))
    for name in _LOADS:
        limit, value = getattr(limits, name), getattr(sample, name)
        if limit is not None and value is not None:
            judged.append(_above(_at(name, slot), value, limit, "%"))
    return judged


def judge_queueing(seconds: Sequence[float], limit: float, *, confidence: float = 0.95) -> Judgement:
    """Whether jobs wait longer for compute than the limit, in seconds, more often than not.

    A sign test of the median: the limit is exceeded where surely more than half of the jobs waited longer. Five jobs
    are the fewest that can tell at 95 %.
    """
    subject, waits = "queueing for compute", sorted(float(value) for value in seconds if math.isfinite(float(value)))
    if not waits:
        return inconclusive(subject, "No job has queued for compute", None, limit)
    median = (waits[(len(waits) - 1) // 2] + waits[len(waits) // 2]) / 2
    late = sum(value > limit for value in waits)
    low = share_bounds(late, len(waits), 2 * confidence - 1)[0]  # one-sided
    surely = low > _HALF
    message = f"Jobs queue {median:.0f} s for compute in the median, {late} of {len(waits)} over {limit:.0f} s"
    conclusive = surely or (median <= limit and _can_tell(len(waits), confidence))
    return Judgement(subject, median, limit, surely, conclusive, message)


def share_bounds(hits: int, of: int, confidence: float) -> tuple[float, float]:
    """The exact binomial interval of a share (Clopper and Pearson 1934), 0..1; nothing seen is (0, 1)."""
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, of - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, of - hits)) if hits < of else 1.0
    return low, high


def _rate(
    subject: str, hits: int | None, of: int | None, limit: float, limits: ServiceLimits, confidence: float
) -> Judgement:
    if hits is None or of is None:
        return inconclusive(subject, f"The {subject} is not known", None, limit)
    if of < max(1, limits.minimum_requests):
        told = f"The {subject} cannot be judged: {of} requests are fewer than {limits.minimum_requests}"
        return inconclusive(subject, told, hits / of if of else None, limit)
    rate, (low, high) = hits / of, share_bounds(hits, of, confidence)
    message = f"The {subject} is {rate:.2%} [{low:.2%}, {high:.2%}] of {of} requests, limit {limit:.2%}"
    return Judgement(subject, rate, limit, low > limit, low > limit or rate <= limit, message)


def _latency(
    subject: str, value: float | None, share: float, limit: float, answered: int | None, limits: ServiceLimits
) -> Judgement:
    if value is None:
        return inconclusive(subject, f"The latency {subject} is not known", None, limit)
    wanted = max(limits.minimum_requests, math.ceil(_BEYOND / (1 - share) - 1e-9))
    if answered is None or answered < wanted:
        told = f"The latency {subject} cannot be judged: it wants {wanted} requests, and there were {answered or 0}"
        return inconclusive(subject, told, value, limit)
    return _above(subject, value, limit, " ms")


def _above(subject: str, value: float, limit: float, unit: str) -> Judgement:
    word = "over" if value > limit else "within"
    message = f"{subject} is {value:.0f}{unit}, {word} its limit of {limit:.0f}{unit}"
    return Judgement(subject, value, limit, value > limit, True, message)


def _can_tell(jobs: int, confidence: float) -> bool:
    """Whether so many jobs could have shown that most wait too long."""
    return share_bounds(jobs, jobs, 2 * confidence - 1)[0] > _HALF


def _at(what: str, slot: str) -> str:
    return f"{what} of {slot}" if slot else what


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else round(number)
