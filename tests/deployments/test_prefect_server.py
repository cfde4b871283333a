"""What is different about our Prefect server."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT, clean

CODE = """
import datetime, zoneinfo
from deployments.prefect_server import read_time_zones_once
from prefect.types import _datetime

read = []
_datetime.available_timezones = lambda: read.append(1) or zoneinfo.available_timezones()
read_time_zones_once()
from prefect.server.schemas.schedules import IntervalSchedule
for _ in range(3):
    IntervalSchedule(interval=datetime.timedelta(hours=1), timezone="Europe/Vienna")
print("read", len(read))
"""


def test_time_zones_are_read_once() -> None:
    """In a process of its own, since it changes Prefect's."""
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, cwd=ROOT, env=clean(), capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "read 1", done.stderr
