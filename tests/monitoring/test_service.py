"""A service is judged by what its requests surely say, and not by a few of them."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from monitoring.judgement import Judgement
from monitoring.service import ServiceLimits, ServiceSample, judge_queueing, judge_service, share_bounds

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]

LIMITS = ServiceLimits(error_rate=0.01, p50_ms=50, p95_ms=100, p99_ms=200)


def judged(sample: ServiceSample, limits: ServiceLimits = LIMITS) -> dict[str, Judgement]:
    return {judgement.subject: judgement for judgement in judge_service(sample, limits)}


def sample(requests: int, errors: int = 0, unanswered: int | None = None, **numbers: float) -> ServiceSample:
    told = {"p50_ms": 10.0, "p95_ms": 20.0, "p99_ms": 30.0, **numbers}
    return ServiceSample.of({"requests": requests, "errors": errors, **told}, unanswered)


@pytest.mark.parametrize(
    ("requests", "errors", "verdict"),
    [(10_000, 50, "fine"), (10_000, 200, "significant"), (400, 6, "inconclusive"), (99, 99, "inconclusive")],
)
def test_an_error_rate_is_told_where_its_whole_interval_is_over_the_limit(
    requests: int, errors: int, verdict: str
) -> None:
    assert judged(sample(requests, errors))["error rate"].verdict == verdict


def test_the_interval_is_the_exact_binomial_one() -> None:
    for hits, of in ((0, 50), (3, 40), (40, 40)):
        expected = binomtest(hits, of).proportion_ci(0.95, method="exact")
        assert share_bounds(hits, of, 0.95) == pytest.approx((expected.low, expected.high))


def test_a_network_that_fails_is_told_apart_from_a_server_that_does() -> None:
    found = judged(sample(900, errors=0, unanswered=100))
    assert found["unanswered rate"].verdict == "significant"
    assert found["unanswered rate"].score == pytest.approx(0.1)
    assert found["error rate"].verdict == "fine", "the server failed nobody"
    assert "900 requests" in found["error rate"].message
    down = judged(sample(0, errors=0, unanswered=500))
    assert down["unanswered rate"].verdict == "significant"
    assert down["error rate"].verdict == "inconclusive", "nobody was answered"
    assert "unanswered rate" not in judged(sample(1000))


def test_percentiles_want_requests_beyond_them() -> None:
    slow = {"p50_ms": 300.0, "p95_ms": 400.0, "p99_ms": 500.0}
    few = judged(sample(150, **slow))
    assert [few[name].verdict for name in ("p50_ms", "p95_ms", "p99_ms")] == [
        "significant",
        "inconclusive",
        "inconclusive",
    ]
    many = judged(sample(1000, **slow))
    assert [many[name].verdict for name in ("p50_ms", "p95_ms", "p99_ms")] == ["significant"] * 3
    assert judged(sample(1000))["p99_ms"].verdict == "fine"


def test_loads_are_judged_where_the_platform_tells_them() -> None:
    assert judged(sample(1000, cpu_percent=97.0, memory_percent=20.0))["cpu_percent"].verdict == "significant"
    assert judged(sample(1000, cpu_percent=97.0, memory_percent=20.0))["memory_percent"].verdict == "fine"
    assert "cpu_percent" not in judged(sample(1000))


def test_what_is_not_known_is_inconclusive() -> None:
    unknown = judged(ServiceSample.of({"requests": None, "errors": None, "p50_ms": float("nan")}))
    assert {name for name, judgement in unknown.items() if judgement.verdict != "inconclusive"} == set()
    assert len(unknown) == 4


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        ([700.0] * 5, "significant"),
        ([700.0] * 4, "inconclusive"),
        ([700.0, 700.0, 700.0, 10.0, 10.0], "inconclusive"),
        ([10.0] * 9 + [9000.0], "fine"),
        ([10.0], "inconclusive"),
        ([], "inconclusive"),
    ],
)
def test_queueing_is_told_where_most_jobs_surely_wait_too_long(seconds: list[float], verdict: str) -> None:
    assert judge_queueing(seconds, limit=600).verdict == verdict
