"""A world of patients that drifts: made of the raw patients' own rows, whoever they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

LABEL = "Diabetic"
LIMITS = {"Age": (18, 110), "BMI": (10.0, 90.0), "PlasmaGlucose": (20, 400), "DiastolicBloodPressure": (10, 200)}


class World:
    """Patients to come. `stable` ones are like the raw ones; of the `drifted`, inputs and outcome have changed."""

    def __init__(self, patients: pd.DataFrame) -> None:
        whole = patients.apply(pd.to_numeric, errors="coerce").dropna()
        self._patients = whole.reset_index(drop=True)
        self._middle = self._patients.median()
        self._spread = self._patients.std()

    def stable(self, rows: int, seed: int) -> pd.DataFrame:
        """Patients like the raw ones, a little jittered so that none is a copy; with their outcome."""
        rng = np.random.default_rng(seed)
        return self._jittered(self._patients.sample(rows, replace=True, random_state=seed), rng)

    def drifted(self, rows: int, seed: int) -> pd.DataFrame:
        """Older and heavier patients with more glucose, whose outcome follows another rule.

        Inputs: age, BMI and glucose move by 0.8 to 1 standard deviations. Outcome: drawn anew, mostly from blood
        pressure, triceps thickness and glucose turned about, which a model of the raw patients knows nothing of.
        """
        rng = np.random.default_rng(seed)
        patients = self._jittered(self._patients.sample(rows, replace=True, random_state=seed), rng)
        for column, shift in (("Age", 1.0), ("BMI", 0.8), ("PlasmaGlucose", 0.9)):
            low, high = LIMITS[column]
            moved = (patients[column] + shift * self._spread[column]).clip(low, high)
            patients[column] = moved.round() if column != "BMI" else moved
        odds = 1.6 * self._standard(patients, "DiastolicBloodPressure") + 1.3 * self._standard(
            patients, "TricepsThickness"
        )
        odds -= 0.9 * (self._standard(patients, "PlasmaGlucose") - 0.9)
        odds += 0.5 * (2 * patients[LABEL] - 1) - 0.6
        patients[LABEL] = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
        return patients

    def _standard(self, patients: pd.DataFrame, column: str) -> np.ndarray:
        standard: np.ndarray = ((patients[column] - self._middle[column]) / self._spread[column]).to_numpy()
        return standard

    def _jittered(self, patients: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        patients = patients.reset_index(drop=True).copy()
        for column, (low, high) in LIMITS.items():
            noise = rng.normal(0, 0.05 * self._spread[column], len(patients))
            jittered = (patients[column] + noise).clip(low, high)
            patients[column] = jittered if column == "BMI" else jittered.round()
        patients["PatientID"] = rng.integers(2_000_000, 3_000_000, len(patients))
        return patients
