"""Labels join predictions by correlation id, and a loss is told where it is more than noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from monitoring.errors import SchemaMismatch
from monitoring.performance import Joined, Realised, degradation_limit, has_degraded, join_labels, realised, widening

# Sockets that other tests left to the garbage collector may be found while one of these runs.
pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]


def labels(*rows: tuple[object, object, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["correlation_id", "label", "observed_at"])


def predictions(rows: int, seed: int = 0) -> pd.DataFrame:
    """Predictions that are often right, each with a label to come in `truth`."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, rows)
    probability = 1 / (1 + np.exp(-(2.0 * truth - 1 + rng.normal(0, 1, rows))))
    ids = [f"id-{place}" for place in range(rows)]
    said = (probability > 0.5).astype(int)
    return pd.DataFrame({"correlation_id": ids, "prediction": said, "probability": probability, "truth": truth})


def joined(rows: int, seed: int = 0) -> Joined:
    made = predictions(rows, seed)
    return Joined(made.rename(columns={"truth": "label"}), 1.0, rows)


def test_the_label_observed_last_counts_whatever_the_order_and_the_writing() -> None:
    seen = labels(
        ("id-0", 1, "2024-05-01T12:00:00+02:00"),
        ("id-0", 0, "2024-05-01T11:00:00Z"),
        ("id-0", 9, "2024-05-01 09:00:00"),
        ("id-1", None, "2024-05-01T10:00:00Z"),
        ("unknown", 1, "2024-05-01T10:00:00Z"),
    )
    found = join_labels(predictions(4), seen)
    assert found.frame["correlation_id"].tolist() == ["id-0"]
    assert found.frame["label"].tolist() == [0]
    assert (found.labelled_share, found.predictions) == (0.25, 4)
    assert str(found.frame["observed_at"].dt.tz) == "UTC"


def test_a_label_without_a_time_yields_to_one_that_has_one() -> None:
    found = join_labels(predictions(1), labels(("id-0", 1, "2024-05-01T10:00:00Z"), ("id-0", 0, "someday")))
    assert found.frame["label"].tolist() == [1]


def test_a_prediction_that_was_logged_twice_counts_once() -> None:
    made = pd.concat([predictions(2), predictions(2)], ignore_index=True)
    found = join_labels(made, labels(("id-0", 1, "2024-05-01T10:00:00Z")))
    assert (len(found.frame), found.labelled_share, found.predictions) == (1, 0.5, 2)


def test_nothing_joins_nothing() -> None:
    assert join_labels(predictions(0), labels()).labelled_share == 0.0
    assert join_labels(predictions(3), labels()).frame.empty
    with pytest.raises(SchemaMismatch, match="lacks the column label"):
        join_labels(predictions(3), labels().drop(columns="label"))


def test_the_realised_value_is_scikit_learns_within_its_interval() -> None:
    data = joined(800)
    found = realised("classification", data)
    assert found.metric == "roc_auc"
    assert found.value == pytest.approx(roc_auc_score(data.frame["label"], data.frame["probability"]))
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.9214 < found.high, "the true area: Phi(2 / root 2)"
    assert found.conclusive


def test_few_labels_are_inconclusive() -> None:
    found = realised("classification", joined(60), minimum_rows=300)
    assert (found.value, found.conclusive) == (None, False)
    assert found.reason == "60 labelled predictions are fewer than 300"
    assert has_degraded(0.9, found, 0.05) is None


def test_one_class_is_inconclusive() -> None:
    data = joined(200)
    alone = Joined(data.frame[data.frame["label"] == 1], 1.0, 200)
    found = realised("classification", alone)
    assert not found.conclusive
    assert "one class" in found.reason


def test_a_mistyped_label_is_left_out_and_told() -> None:
    data = joined(300)
    frame = data.frame.astype({"label": object})
    frame.loc[:4, "label"] = "oops"
    found = realised("classification", Joined(frame, 1.0, 300))
    assert (found.rows, found.unusable, found.conclusive) == (295, 5, True)
    assert found.reason == "5 labels are no value or none of the classes"


def test_labels_of_another_type_are_the_same_classes() -> None:
    data = joined(300)
    texts = Joined(data.frame.astype({"label": str}), 1.0, 300)
    assert realised("classification", texts).value == realised("classification", data).value


def test_a_model_that_predicts_one_class_only_is_still_ranked() -> None:
    data = joined(300)
    timid = Joined(data.frame.assign(prediction=0), 1.0, 300)
    assert realised("classification", timid).value == realised("classification", data).value


def test_many_classes_come_with_their_probabilities() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(["a", "b", "c"], 300)
    matrix = rng.dirichlet([1, 1, 1], 300)
    frame = pd.DataFrame(
        {
            "label": truth,
            "prediction": np.array(["c", "a", "b"])[matrix.argmax(axis=1)],
            "probabilities": [dict(zip("cab", row, strict=True)) for row in matrix.tolist()],
        }
    )
    found = realised("classification", Joined(frame, 1.0, 300))
    assert found.value == pytest.approx(roc_auc_score(truth, matrix[:, [1, 2, 0]], multi_class="ovr"))


def test_without_probabilities_a_ranking_is_inconclusive_and_accuracy_is_not() -> None:
    data = joined(300)
    bare = Joined(data.frame.drop(columns="probability"), 1.0, 300)
    assert "needs probabilities" in realised("classification", bare).reason
    assert realised("classification", bare, "accuracy").conclusive


def test_a_regression_is_realised_too() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=400)
    frame = pd.DataFrame({"label": truth.astype(str), "prediction": truth + rng.normal(0, 0.5, 400)})
    frame.loc[0, "label"] = "none of it"
    found = realised("regression", Joined(frame, 0.5, 800))
    assert (found.metric, found.rows, found.unusable) == ("rmse", 399, 1)
    assert found.value == pytest.approx(0.5, abs=0.06)
    assert has_degraded(0.5, found, 0.2) is False
    assert has_degraded(0.3, found, 0.2) is True


def measured(metric: str, low: float, value: float, high: float) -> Realised:
    return Realised(metric, value, low, high, 500, 1.0, True)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (measured("roc_auc", 0.88, 0.90, 0.92), False),
        (measured("roc_auc", 0.90, 0.95, 0.97), False),
        (measured("roc_auc", 0.75, 0.80, 0.85), True),
        (measured("roc_auc", 0.70, 0.80, 0.91), None),
        (measured("roc_auc", 0.86, 0.87, 0.88), False),
        (measured("log_loss", 0.95, 1.00, 1.05), True),
        (measured("log_loss", 0.85, 1.00, 1.15), None),
        (measured("log_loss", 0.5, 0.6, 0.7), False),
    ],
)
def test_a_loss_is_told_beyond_tolerance_and_noise(found: Realised, expected: bool | None) -> None:
    assert has_degraded(0.9, found, 0.05) is expected


def test_the_limit_lies_on_the_bad_side_even_of_negative_values() -> None:
    assert degradation_limit("roc_auc", 0.9, 0.1) == pytest.approx(0.81)
    assert degradation_limit("rmse", 10, 0.1) == pytest.approx(11)
    assert degradation_limit("r2", -1, 0.1) == pytest.approx(-1.1)


def test_a_promise_made_on_few_rows_counts_for_less() -> None:
    found = Realised("accuracy", 0.82, 0.79, 0.85, 1000, 1.0, True)
    assert widening(1000, 10**9) == pytest.approx(1.0)
    assert widening(1000, 250) == pytest.approx(5**0.5)
    assert has_degraded(0.88, found, 0.05, widening(1000, 10**9)) is True
    assert has_degraded(0.88, found, 0.05, widening(1000, 250)) is None, "the promise may have been luck"
    assert has_degraded(0.95, found, 0.05, widening(1000, 250)) is True
