"""Without labels, what other inputs do to a model is seen; what became of the labels is not, and that is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from lifecycle.columns import Column
from monitoring.confidence_based import CalibratedReference, calibrated_reference, estimate_classification
from monitoring.direct_loss import LossReference, estimate_regression, loss_reference
from monitoring.errors import SchemaMismatch
from monitoring.isotonic import AS_IT_IS, fit_where_it_helps
from monitoring.metrics import metrics_for

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]

# NannyML 0.13.1 (scikit-learn 1.9.1) on the data that `binary`, `many` and `regression` make with the seeds below, in
# an environment of its own (pip install nannyml==0.13.1 statsmodels):
#   nml.CBPE(y_pred_proba=..., y_pred=..., y_true=..., metrics=[...], problem_type=..., chunk_number=1)
#   nml.DLE(feature_column_names=["x"], y_pred=..., y_true=..., metrics=["mae", "rmse"], chunk_number=1)
# each .fit(reference), then .estimate(window).filter(period="analysis").
NANNYML_BINARY = {"roc_auc": 0.8352765560, "accuracy": 0.7976808990, "f1": 0.8698813850}
NANNYML_MANY = {"roc_auc": 0.7959620548, "accuracy": 0.6554099896, "f1": 0.5897464066}
NANNYML_DLE = {"mae": 1.2670150905, "rmse": 1.8208182501}


def binary(rows: int, seed: int, shift: float = 0.0, sharp: float = 1.0, turned: float = 1.0) -> pd.DataFrame:
    """shift moves the input; sharp above 1 makes the model claim too much; turned scales what the labels follow."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, rows)
    true = 1 / (1 + np.exp(-1.5 * turned * x))
    label = (rng.random(rows) < true).astype(int)
    claimed = 1 / (1 + np.exp(-1.5 * sharp * x))
    return pd.DataFrame({"label": label, "probability": claimed, "prediction": (claimed > 0.5).astype(int)})


def many(rows: int, seed: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of three classes, and probabilities that claim too much."""
    rng = np.random.default_rng(seed)
    x = rng.normal([shift, 0, 0], 1, (rows, 3))
    true = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    label = (rng.random(rows)[:, None] > true.cumsum(axis=1)).sum(axis=1)
    return label, np.exp(2.5 * x) / np.exp(2.5 * x).sum(axis=1, keepdims=True)


def regression(rows: int, seed: int, shift: float = 0.0, wrong: float = 1.0) -> pd.DataFrame:
    """Errors that grow with x."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, rows)
    said = 2 * x
    return pd.DataFrame({"x": x, "prediction": said, "label": said + wrong * rng.normal(0, 1, rows) * np.exp(0.5 * x)})


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Of so small trees, threads that wait for each other take longer than the work."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def overclaiming() -> CalibratedReference:
    rows = binary(4000, 1, sharp=3.0)
    return calibrated_reference(rows["label"], rows["probability"], [0, 1], rows["prediction"])


@pytest.fixture(scope="module")
def losses() -> LossReference:
    rows = regression(4000, 1)
    return loss_reference(rows, [Column(name="x", type="number")], rows["label"], rows["prediction"])


@pytest.mark.parametrize(("metric", "expected"), NANNYML_BINARY.items())
def test_two_classes_are_estimated_as_by_nannyml(
    overclaiming: CalibratedReference, metric: str, expected: float
) -> None:
    window = binary(2000, 2, shift=1.0, sharp=3.0)
    found = estimate_classification(overclaiming, metric, window["probability"], window["prediction"], resamples=50)
    assert found.value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("metric", "expected"), NANNYML_MANY.items())
def test_many_classes_are_estimated_as_by_nannyml(metric: str, expected: float) -> None:
    label, claimed = many(4000, 1)
    reference = calibrated_reference(label, claimed, [0, 1, 2])
    found = estimate_classification(reference, metric, many(2000, 2, shift=1.0)[1], resamples=20)
    assert found.value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("metric", "expected"), NANNYML_DLE.items())
def test_a_regression_is_estimated_like_by_nannyml(losses: LossReference, metric: str, expected: float) -> None:
    """Another learner of the errors: within 3 per cent of NannyML's, and the truth within the interval."""
    window = regression(2000, 2, shift=0.7)
    found = estimate_regression(losses, metric, window, window["prediction"])
    truth = metrics_for("regression", window["label"], window["prediction"])[metric]
    assert found.value == pytest.approx(expected, rel=0.03)
    assert found.low is not None
    assert found.high is not None
    assert found.low < truth < found.high


def test_other_inputs_are_seen_in_the_estimate(overclaiming: CalibratedReference, losses: LossReference) -> None:
    moved = binary(3000, 3, shift=1.5, sharp=3.0)
    found = estimate_classification(overclaiming, "accuracy", moved["probability"], moved["prediction"])
    truth = metrics_for("classification", moved["label"], moved["prediction"])["accuracy"]
    assert found.low is not None
    assert found.reference_value == pytest.approx(0.733, abs=0.001)
    assert found.low > found.reference_value, "further from the boundary, the model errs less"
    assert found.value == pytest.approx(truth, abs=0.02)
    harder = regression(3000, 3, shift=1.0)
    worse = estimate_regression(losses, "rmse", harder, harder["prediction"])
    assert worse.low is not None
    assert worse.reference_value is not None
    assert worse.low > worse.reference_value


def test_concept_drift_is_not_seen_and_the_result_says_so(overclaiming: CalibratedReference) -> None:
    turned = binary(3000, 4, sharp=3.0, turned=-1.0)
    found = estimate_classification(overclaiming, "roc_auc", turned["probability"], turned["prediction"])
    truth = metrics_for("classification", turned["label"], turned["prediction"], turned["probability"])["roc_auc"]
    assert truth < 0.25
    assert found.value == pytest.approx(overclaiming.metrics["roc_auc"], abs=0.02)
    assert "blind to concept drift" in found.message


def test_a_model_that_claims_too_much_is_calibrated_first(overclaiming: CalibratedReference) -> None:
    window = binary(4000, 5, sharp=3.0)
    found = estimate_classification(overclaiming, "accuracy", window["probability"], window["prediction"])
    claimed = np.maximum(window["probability"], 1 - window["probability"]).mean()
    truth = metrics_for("classification", window["label"], window["prediction"])["accuracy"]
    assert claimed > truth + 0.1
    assert found.value == pytest.approx(truth, abs=0.02)


def test_a_model_that_is_calibrated_is_left_alone() -> None:
    kept = 0
    for seed in range(10):
        rows = binary(2000, seed)
        kept += fit_where_it_helps(rows["probability"].to_numpy(), rows["label"].to_numpy() == 1) == AS_IT_IS
    assert kept >= 8


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of 60 windows with other inputs, 95 % intervals hold the truth in 52 at least (p < 0.004 were they 95 %)."""
    held = {"roc_auc": 0, "accuracy": 0}
    for seed in range(60):
        rows, window = binary(1500, 1000 + seed, sharp=2.0), binary(800, 2000 + seed, shift=0.7, sharp=2.0)
        reference = calibrated_reference(rows["label"], rows["probability"], [0, 1], rows["prediction"])
        truth = metrics_for("classification", window["label"], window["prediction"], window["probability"])
        for metric in held:
            found = estimate_classification(
                reference, metric, window["probability"], window["prediction"], resamples=100, confidence=0.95
            )
            assert found.low is not None
            assert found.high is not None
            held[metric] += found.low <= truth[metric] <= found.high
    assert all(count >= 52 for count in held.values()), held


def test_the_interval_of_a_regression_holds_the_truth_as_often_as_it_says() -> None:
    """Of 20 windows with larger errors, 95 % intervals hold the truth in 16 at least (p < 0.003 were they 95 %)."""
    held = {"mae": 0, "rmse": 0}
    for seed in range(20):
        rows, window = regression(2000, 1000 + seed), regression(800, 2000 + seed, shift=0.5)
        reference = loss_reference(rows, [Column(name="x", type="number")], rows["label"], rows["prediction"])
        truth = metrics_for("regression", window["label"], window["prediction"])
        for metric in held:
            found = estimate_regression(reference, metric, window, window["prediction"], confidence=0.95)
            assert found.low is not None
            assert found.high is not None
            held[metric] += found.low <= truth[metric] <= found.high
    assert all(count >= 16 for count in held.values()), held


def test_what_is_kept_of_the_reference_is_json(overclaiming: CalibratedReference) -> None:
    text = overclaiming.model_dump_json()
    restored = CalibratedReference.model_validate_json(text)
    assert restored == overclaiming
    assert len(text) < 20_000


def test_the_models_of_the_errors_are_packed_without_pickle(losses: LossReference) -> None:
    import skops.io

    packed = skops.io.dumps(losses.squared)
    types = skops.io.get_untrusted_types(data=packed)
    assert all(name.startswith(("sklearn.", "numpy.", "scipy.")) for name in types), types
    window = regression(400, 9)
    restored = replace(losses, squared=skops.io.loads(packed, trusted=types))
    assert (
        estimate_regression(restored, "rmse", window, window["prediction"]).value
        == estimate_regression(losses, "rmse", window, window["prediction"]).value
    )


def test_errors_may_follow_a_category_and_a_missing_value() -> None:
    rng = np.random.default_rng(0)
    place = rng.choice(["a", "b"], 2000)
    rows = pd.DataFrame({"place": place, "x": np.where(rng.random(2000) < 0.1, np.nan, 1.0)})
    label = rng.normal(0, 1, 2000) * np.where(place == "b", 5.0, 1.0)
    columns = [Column(name="place", type="category"), Column(name="x", type="number", missing_allowed=True)]
    reference = loss_reference(rows, columns, label, np.zeros(2000))
    only_b = rows.assign(place=np.where(np.arange(2000) % 50, "b", "new"))
    found = estimate_regression(reference, "mae", only_b, np.zeros(2000))
    assert found.value == pytest.approx(5 * np.sqrt(2 / np.pi), rel=0.1)
    with pytest.raises(SchemaMismatch, match="place"):
        estimate_regression(reference, "mae", rows.drop(columns="place"), np.zeros(2000))


def test_few_rows_or_an_undefined_metric_are_inconclusive(
    overclaiming: CalibratedReference, losses: LossReference
) -> None:
    few = binary(299, 0)
    assert not estimate_classification(overclaiming, "accuracy", few["probability"]).conclusive
    small = binary(299, 0)
    reference = calibrated_reference(small["label"], small["probability"], [0, 1])
    found = estimate_classification(reference, "accuracy", binary(1000, 1)["probability"])
    assert not found.conclusive
    assert "the reference holds 299 rows" in found.message
    window = regression(1000, 0)
    assert not estimate_regression(losses, "r2", window, window["prediction"]).conclusive
    with pytest.raises(KeyError, match="gini"):
        estimate_classification(overclaiming, "gini", few["probability"])
