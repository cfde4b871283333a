"""Good rows come out typed, bad ones with the reason, and every row comes out once."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from lifecycle.columns import Column
from monitoring.coercion import to_categories, to_numbers
from monitoring.inference import infer_columns
from monitoring.quality import PROBLEM, SchemaMismatch, UnusableData, split_rows

# Sockets that other tests left to the garbage collector may be found while one of these runs.
pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.filterwarnings("ignore::ResourceWarning")]

COLUMNS = (
    Column.parse("Age", "integer 0..120"),
    Column.parse("BMI", "5..90?"),
    Column.parse("Sex", ["f", "m"]),
    Column.parse("Smoker", "boolean"),
)


@pytest.fixture
def raw() -> pd.DataFrame:
    """Twenty good rows, as text."""
    return pd.DataFrame(
        {
            "Age": [str(20 + row) for row in range(20)],
            "BMI": [f"{20 + row / 10:.1f}" for row in range(20)],
            "Sex": ["f", "m"] * 10,
            "Smoker": ["true", "false", "yes", "0"] * 5,
            "Ill": ["0", "1", "1", "0"] * 5,
        },
        dtype=object,
    )


def test_good_rows_are_typed_by_the_columns(raw: pd.DataFrame) -> None:
    good, quarantined = split_rows(raw, COLUMNS, "Ill")
    assert quarantined.empty
    assert list(quarantined.columns) == [*raw.columns, PROBLEM]
    assert {name: str(dtype) for name, dtype in good.dtypes.items()} == {
        "Age": "int64",
        "BMI": "float64",
        "Sex": "object",
        "Smoker": "bool",
        "Ill": "int64",
    }
    assert good["Smoker"].tolist()[:4] == [True, False, True, False]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("Age", "abc", "Age is no integer"),
        ("Age", "3.5", "Age is no integer"),
        ("Age", "1e300", "Age is no integer"),
        ("Age", "300", "Age is above 120"),
        ("Age", "-1", "Age is below 0"),
        ("Age", "", "Age is missing"),
        ("Age", None, "Age is missing"),
        ("BMI", "inf", "BMI is no number"),
        ("BMI", "1_000", "BMI is no number"),
        ("BMI", "4.9", "BMI is below 5"),
        ("Sex", "x", "Sex is an unknown category"),
        ("Sex", None, "Sex is missing"),
        ("Smoker", "maybe", "Smoker is neither true nor false"),
        ("Ill", None, "Ill (the label) is missing"),
        ("Ill", "perhaps", "Ill (the label) is no integer, as the other classes are"),
    ],
)
def test_a_bad_value_is_quarantined_with_its_reason(raw: pd.DataFrame, name: str, value: object, problem: str) -> None:
    raw.loc[3, name] = value
    good, quarantined = split_rows(raw, COLUMNS, "Ill")
    assert len(good) == 19
    assert quarantined[PROBLEM].to_dict() == {3: problem}
    assert quarantined.loc[3, name] == value or value is None, "as it came"


def test_missing_values_stay_where_they_are_allowed(raw: pd.DataFrame) -> None:
    raw.loc[[1, 2], "BMI"] = [None, "NA"]
    good, quarantined = split_rows(raw, COLUMNS, "Ill")
    assert quarantined.empty
    assert good["BMI"].isna().sum() == 2


def test_all_that_is_wrong_with_a_row_is_told(raw: pd.DataFrame) -> None:
    raw.loc[5, ["Age", "Sex", "Ill"]] = ["old", "x", ""]
    _, quarantined = split_rows(raw, COLUMNS, "Ill")
    told = quarantined.loc[5, PROBLEM]
    assert told == "Age is no integer; Sex is an unknown category; Ill (the label) is missing"


def test_exact_copies_are_quarantined_and_the_first_kept(raw: pd.DataFrame) -> None:
    doubled = pd.concat([raw, raw.iloc[[4]]], ignore_index=True).assign(_observed_at=range(21))
    good, quarantined = split_rows(doubled, COLUMNS, "Ill")
    assert quarantined[PROBLEM].to_dict() == {20: "copies a row before it"}
    assert 4 in good.index


def test_rows_that_another_column_tells_apart_are_no_copies(raw: pd.DataFrame) -> None:
    doubled = pd.concat([raw, raw.iloc[[4]]], ignore_index=True)
    doubled["PatientID"] = range(21)
    good, _ = split_rows(doubled, COLUMNS, "Ill")
    assert len(good) == 21
    assert list(good.columns) == [*(column.name for column in COLUMNS), "Ill"]


def test_indexes_are_kept_even_where_they_repeat(raw: pd.DataFrame) -> None:
    raw.loc[0, "Age"] = "x"
    raw.index = pd.Index([7] * 20)
    good, quarantined = split_rows(raw, COLUMNS, "Ill")
    assert (len(good), len(quarantined)) == (19, 1)
    assert set(good.index) == {7}


def test_records_from_json_are_checked_like_text() -> None:
    rows = [
        {"Age": 30, "BMI": None, "Sex": "f", "Smoker": True, "Ill": 1},
        {"Age": 31.0, "BMI": 22.5, "Sex": "m", "Smoker": False, "Ill": 0},
        {"Age": True, "BMI": [1, 2], "Sex": {"a": 1}, "Smoker": 2, "Ill": 0},
        {"Age": [30], "BMI": 22, "Sex": "m", "Smoker": False, "Ill": 0},
    ]
    good, quarantined = split_rows(pd.DataFrame(json.loads(json.dumps(rows))), COLUMNS, "Ill")
    assert good.index.tolist() == [0, 1]
    assert "Age is nested (a list or an object)" in quarantined.loc[3, PROBLEM]
    assert "BMI is nested" in quarantined.loc[2, PROBLEM]
    assert "Sex is nested" in quarantined.loc[2, PROBLEM]


def test_a_number_is_read_to_its_last_digit() -> None:
    """The same value, whether a file says it in text or in eight bytes."""
    values = np.random.default_rng(1).normal(0, 1, 5000) * 10.0 ** np.random.default_rng(2).integers(-30, 30, 5000)
    assert to_numbers(pd.Series([repr(float(value)) for value in values], dtype=object)).tolist() == values.tolist()
    assert to_numbers(pd.Series([10**400, "1_0", "\u0661", " 5 "], dtype=object)).isna().tolist() == [True] * 3 + [
        False
    ]


def test_a_whole_float_is_one_category_with_its_integer() -> None:
    spelled = pd.Series(["7.0", 7.0, 7, "7", "-0.0", "007.0", "7.00"], dtype=object)
    assert to_categories(spelled).tolist() == ["7", "7", "7", "7", "0", "007.0", "7.00"]


def test_a_missing_column_names_what_looks_like_it(raw: pd.DataFrame) -> None:
    renamed = raw.rename(columns={"BMI": "bmi_", "Sex": "gender"})
    with pytest.raises(SchemaMismatch) as caught:
        split_rows(renamed, COLUMNS, "Ill")
    assert caught.value.missing == ("BMI", "Sex")
    assert caught.value.renamed == {"BMI": "bmi_"}
    assert caught.value.unexpected == ("bmi_", "gender")
    assert "BMI is now bmi_; unexpected: gender" in str(caught.value)


def test_a_missing_label_is_a_missing_column(raw: pd.DataFrame) -> None:
    with pytest.raises(SchemaMismatch, match="lacks the column Ill"):
        split_rows(raw.drop(columns="Ill"), COLUMNS, "Ill")


def test_a_frame_without_anything_lacks_its_columns() -> None:
    with pytest.raises(SchemaMismatch, match="lacks the columns Age, BMI, Sex, Smoker, Ill"):
        split_rows(pd.DataFrame(), COLUMNS, "Ill")


def test_a_column_that_stands_twice_is_refused(raw: pd.DataFrame) -> None:
    with pytest.raises(UnusableData, match="several columns named Age"):
        split_rows(pd.concat([raw, raw[["Age"]]], axis=1), COLUMNS, "Ill")


def test_data_without_a_good_row_is_unusable(raw: pd.DataFrame) -> None:
    with pytest.raises(UnusableData, match=r"All 20 rows are unusable: Age is no integer \(20 rows\)"):
        split_rows(raw.assign(Age="x"), COLUMNS, "Ill")
    with pytest.raises(UnusableData, match="no rows"):
        split_rows(raw.head(0), COLUMNS, "Ill")
    good, quarantined = split_rows(raw.assign(Age="x"), COLUMNS, "Ill", whole=False)
    assert (len(good), len(quarantined)) == (0, 20)


def test_one_class_is_unusable_but_as_a_part(raw: pd.DataFrame) -> None:
    with pytest.raises(UnusableData, match="The label Ill has one class only, 1 in all 20 usable rows"):
        split_rows(raw.assign(Ill="1"), COLUMNS, "Ill")
    assert len(split_rows(raw.assign(Ill="1"), COLUMNS, "Ill", whole=False)[0]) == 20
    assert len(split_rows(raw.assign(Ill="1"), COLUMNS, "Ill", "regression")[0]) == 20


def test_known_classes_are_held_to(raw: pd.DataFrame) -> None:
    raw.loc[3, "Ill"] = "2"
    _, quarantined = split_rows(raw, COLUMNS, "Ill", classes=[0, 1])
    assert quarantined[PROBLEM].tolist() == ["Ill (the label) is none of 0, 1"]


def test_labels_may_be_words_or_truth_values(raw: pd.DataFrame) -> None:
    words, _ = split_rows(raw.assign(Ill=["no", "yes"] * 10), COLUMNS, "Ill")
    assert set(words["Ill"]) == {"no", "yes"}
    truths, _ = split_rows(raw.assign(Ill=[True, False] * 10), COLUMNS, "Ill")
    texts, _ = split_rows(raw.assign(Ill=["true", "FALSE"] * 10), COLUMNS, "Ill")
    assert truths["Ill"].tolist() == texts["Ill"].tolist() == ["True", "False"] * 10


def test_a_regression_wants_numbers_for_labels(raw: pd.DataFrame) -> None:
    raw["Ill"] = [f"{row / 3:.3f}" for row in range(20)]
    raw.loc[2, "Ill"] = "nan?"
    good, quarantined = split_rows(raw, COLUMNS, "Ill", "regression")
    assert good["Ill"].dtype == np.float64
    assert quarantined[PROBLEM].to_dict() == {2: "Ill (the label) is no number"}


def test_columns_are_inferred_from_text(raw: pd.DataFrame) -> None:
    raw.loc[0, ["Age", "Smoker"]] = ["broken", "?"]
    raw.loc[:4, "BMI"] = None
    found = infer_columns(raw.assign(Smoker=raw["Smoker"].replace("0", "no"), _ours=1), exclude={"Ill"})
    assert {column.name: column.spell() for column in found} == {
        "Age": "integer",
        "BMI": "number?",
        "Sex": "category",
        "Smoker": "boolean",
    }


def test_inference_survives_emptiness() -> None:
    assert infer_columns(pd.DataFrame()) == ()
    assert infer_columns(pd.DataFrame({"a": [None, None], "b": ["1", "0"]})) == (
        Column(name="a", type="category", missing_allowed=True),
        Column(name="b", type="integer"),
    )
    assert infer_columns(pd.DataFrame({"a": []}, dtype=object)) == (Column(name="a", type="category"),)
