"""Writes this workload's raw data, made up: the hourly load of a small grid. `python data.py FILE.csv --days 1096`"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from dateutil.easter import easter

YEAR_HOURS = 365.25 * 24
FIXED_HOLIDAYS = ((1, 1), (5, 1), (8, 15), (11, 1), (12, 25), (12, 26))


def make_series(start: str, days: int, seed: int) -> pd.DataFrame:
    """A row an hour from midnight UTC of the start: time (ISO 8601), temperature (°C), holiday (0, 1), load (MW).

    The temperature swings over the year and the day, about which weather wanders for days. The load has two peaks a
    day, less of them at weekends and on holidays, heating below 15 °C, cooling above 22 °C, and noise of its own.
    """
    times = pd.date_range(start, periods=24 * days, freq="h", tz="UTC")
    rng = np.random.default_rng(seed)
    temperature = _temperature(times, rng)
    holiday = _holidays(times)
    load = _load(times, temperature, holiday, rng)
    return pd.DataFrame(
        {
            "time": times.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "temperature": temperature.round(2),
            "holiday": holiday.astype(int),
            "load": load.round(2),
        }
    )


def _temperature(times: pd.DatetimeIndex, rng: np.random.Generator) -> np.ndarray:
    hours = times.asi8 / {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[times.unit] / 3600
    coldest = 14 * 24  # hours into the year
    year = -9.5 * np.cos(2 * np.pi * (hours - coldest) / YEAR_HOURS)
    day = -3.5 * np.cos(2 * np.pi * (hours - 3) / 24)
    return np.asarray(10.5 + year + day + _wandering(len(times), 48, 3.0, rng))


def _load(
    times: pd.DatetimeIndex, temperature: np.ndarray, holiday: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    hour = times.hour.to_numpy()
    peaks = 130 * np.exp(-(((hour - 9) / 3.0) ** 2)) + 190 * np.exp(-(((hour - 19) / 2.5) ** 2))
    night = -110 * np.exp(-((((hour + 9) % 24 - 12) / 4.0) ** 2))
    idle = (times.dayofweek.to_numpy() >= 5) | holiday
    use = 900 + (peaks + night) * np.where(idle, 0.7, 1.0) - np.where(idle, 90, 0)
    heated = 9.0 * np.maximum(15 - temperature, 0) + 11.0 * np.maximum(temperature - 22, 0)
    return np.asarray(use + heated + _wandering(len(times), 12, 14.0, rng) + rng.normal(0, 10, len(times)))


def _holidays(times: pd.DatetimeIndex) -> np.ndarray:
    """Which hours lie on a holiday, shape (rows,), bool."""
    fixed = [datetime(year, *day).date() for year in set(times.year) for day in FIXED_HOLIDAYS]  # noqa: DTZ001
    moving = [easter(year) + timedelta(days=days) for year in set(times.year) for days in (1, 39)]
    return np.isin(times.date, np.array([*fixed, *moving], dtype=object))


def _wandering(rows: int, hours: float, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary autoregressive walk about zero that forgets within so many hours, shape (rows,)."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / hours)
    steps = rng.normal(0, deviation * np.sqrt(1 - keep**2), rows)
    steps[0] = rng.normal(0, deviation)
    return np.asarray(lfilter([1.0], [1.0, -keep], steps))


def main() -> None:
    """Write the series."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--start", default="2023-01-01")
    parser.add_argument("--days", type=int, default=3 * 365 + 1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    make_series(options.start, options.days, options.seed).to_csv(options.file, index=False)


if __name__ == "__main__":
    main()
