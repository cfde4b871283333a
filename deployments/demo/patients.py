"""Patients made up: the columns of the diabetes workload, from formulas of our own."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = (
    "PatientID",
    "Pregnancies",
    "PlasmaGlucose",
    "DiastolicBloodPressure",
    "TricepsThickness",
    "SerumInsulin",
    "BMI",
    "DiabetesPedigree",
    "Age",
    "Diabetic",
)


def make_patients(rows: int, seed: int) -> pd.DataFrame:
    """Patients of whom about a third are diabetic: a steep but noisy function of most of the columns."""
    rng = np.random.default_rng(seed)
    age = np.clip(21 + rng.gamma(1.2, 8.0, rows), 21, 80).round()
    bmi = np.clip(rng.normal(30, 7, rows) + 0.05 * (age - 30), 16, 60)
    glucose = np.clip(rng.normal(104, 28, rows) + 0.5 * (bmi - 30), 40, 220).round()
    patients = pd.DataFrame(
        {
            "PatientID": rng.integers(1_000_000, 2_000_000, rows),
            "Pregnancies": np.minimum(rng.poisson(np.clip((age - 18) / 6, 0.3, 6)), 14),
            "PlasmaGlucose": glucose.astype(int),
            "DiastolicBloodPressure": np.clip(rng.normal(71, 15, rows), 30, 120).round().astype(int),
            "TricepsThickness": np.clip(rng.normal(28, 13, rows) + 0.4 * (bmi - 30), 7, 90).round().astype(int),
            "SerumInsulin": np.clip(rng.lognormal(4.6, 0.7, rows), 14, 800).round().astype(int),
            "BMI": bmi.round(4),
            "DiabetesPedigree": np.clip(rng.lognormal(-1.1, 0.7, rows), 0.08, 2.4).round(6),
            "Age": age.astype(int),
        }
    )
    patients["Diabetic"] = (rng.random(rows) < 1 / (1 + np.exp(-risk(patients)))).astype(int)
    return patients


def risk(patients: pd.DataFrame) -> np.ndarray:
    """The log-odds of being diabetic, shape (rows,): steps and slopes, so that a tree has something to find."""
    return (
        -4.1
        + 0.9 * np.minimum(patients["Pregnancies"], 6)
        + 0.035 * (patients["PlasmaGlucose"] - 104)
        + 0.14 * (patients["BMI"] - 30)
        + 1.4 * (patients["SerumInsulin"] > 140)
        + 1.8 * (patients["Age"] > 35)
        + 1.2 * (patients["DiabetesPedigree"] - 0.4)
    ).to_numpy()


def with_broken_rows(patients: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """The patients as text, and among them `count` broken rows: what raw data looks like."""
    rng = np.random.default_rng(seed)
    broken = patients.sample(count, random_state=seed).astype(object)
    damages = [("PlasmaGlucose", "n/a?"), ("Age", "-4"), ("Diabetic", ""), ("BMI", "fat"), ("SerumInsulin", "")]
    for place, index in enumerate(broken.index):
        column, value = damages[place % len(damages)]
        broken.loc[index, column] = value
    whole = pd.concat([patients.astype(str), broken.astype(str)], ignore_index=True)
    return whole.iloc[rng.permutation(len(whole))].reset_index(drop=True)
