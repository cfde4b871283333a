"""What makes a dataset version: a canonical order of rows, a hash of them, and who is held out for ever."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecycle.columns import Column
from lifecycle.dataset import HOLDOUT_ONE_IN

_KEY = "perennial-rows-v1"  # sixteen bytes at most; another key would hold other rows out
VERSION_LENGTH = 12
IDENTITY = "_identity"  # whose row it is, text; empty where nobody knows
SOURCE = "_source"  # the blob it came from


@dataclass(frozen=True)
class SplitRows:
    """The rows of a version, which of them are held out (bool, shape (rows,)), and of a series its seasonal error."""

    rows: pd.DataFrame
    held_out: np.ndarray
    seasonal_error: float | None = None


def row_hashes(frame: pd.DataFrame, names: list[str]) -> np.ndarray:
    """A 64-bit hash a row of these columns, the same in every process and for every order of rows, shape (rows,).

    Numbers count as 64-bit floats, so that 1 and 1.0 are one value whatever file they came from.
    """
    canonical = pd.DataFrame({name: _canonical(frame[name]) for name in names})
    return pd.util.hash_pandas_object(canonical, index=False, hash_key=_KEY[:16].ljust(16, "-")).to_numpy()


def without_repeats(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The rows without those that another source repeats; what one source holds twice counts twice.

    rows: with SOURCE and IDENTITY. The same export uploaded again adds nothing, and an identity and its values count
    once wherever they stand; where there are no identities, rows that are alike are as many as the source with the
    most of them says.
    """
    key = pd.DataFrame({"content": row_hashes(rows, names), "identity": rows[IDENTITY].to_numpy()})
    key["occurrence"] = key.assign(source=rows[SOURCE].to_numpy()).groupby([*key, "source"]).cumcount()
    return rows[~key.duplicated().to_numpy()].reset_index(drop=True)


def is_held_out(rows: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Which rows no training ever sees, shape (rows,), bool.

    By identity where there is one, so that no patient stands on both sides; else by content, so that no row does.
    """
    by_identity = row_hashes(rows, [IDENTITY])
    hashes = np.where(rows[IDENTITY].to_numpy() != "", by_identity, row_hashes(rows, names))
    return hashes % HOLDOUT_ONE_IN == 0


def content_version(frame: pd.DataFrame, names: list[str], columns: tuple[Column, ...], more: str = "") -> str:
    """The sha256 (its first digits) of the rows and whose they are, whatever their order, of the schema, and of what
    more the version is made by."""
    names = [*names, IDENTITY]
    canonical = pd.DataFrame({name: _canonical(frame[name]) for name in names})
    ordered = canonical.iloc[np.argsort(row_hashes(frame, names), kind="stable")]
    content = hashlib.sha256(
        json.dumps([column.model_dump(mode="json") for column in columns]).encode() + more.encode()
    )
    for name in names:
        values = ordered[name]
        content.update(name.encode())
        if values.dtype == np.float64:
            content.update(values.to_numpy().tobytes())
        else:
            content.update("\0".join(values.tolist()).encode())
    return content.hexdigest()[:VERSION_LENGTH]


def _canonical(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        # Adding zero makes -0.0 and 0.0 one value.
        return values.astype(np.float64).reset_index(drop=True) + 0.0
    return values.astype(object).where(values.notna(), "\1missing").astype(str).reset_index(drop=True)
