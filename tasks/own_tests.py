"""A workload's own pytest files, run in a process of their own with a time limit, against a slot.

They find what they need in the environment: PERENNIAL_SCORING_URL, PERENNIAL_SCORING_KEY and PERENNIAL_SCORING_SLOT,
PERENNIAL_MODEL_VERSION, and PERENNIAL_SAMPLE, the path of a JSON file of held-out rows: a request as it is posted
(`request`), and the rows' labels (`labels`). Nothing else of our environment reaches them but where programs, the home
and temporary files lie.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tasks.staging import Check

FOLDER = "tests"
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY")
_LONGEST = 500


@dataclass(frozen=True)
class Target:
    """The slot that is tested. key: a secret, which no check shows. sample: what PERENNIAL_SAMPLE names."""

    url: str
    key: str
    slot: str
    version: int
    sample: Mapping[str, object]


def run_own_tests(folder: Path, target: Target, within: float) -> list[Check]:
    """A check for each test of the workload's folder `tests`; where they cannot be run to their end, one that failed.

    within: seconds; then the process and all that it started are ended.
    """
    with tempfile.TemporaryDirectory() as name:
        report, sample = Path(name, "report.xml"), Path(name, "sample.json")
        sample.write_text(json.dumps(target.sample))
        code, output = _run(folder, report, _environment(target, sample), within)
        output = output.replace(target.key, "***")
        if code is None:
            return [Check("own tests", False, f"they did not end within {within:g} s: {output[-_LONGEST:]}")]
        found = _results(report, target.key) if report.exists() else []
    if not found or (code != 0 and all(check.passed for check in found)):
        # 5 is pytest's word for no tests found; what could not be collected has no results of its own.
        return [*found, Check("own tests", False, f"pytest ended with {code}: {output.strip()[-_LONGEST:]}")]
    return found


def _run(folder: Path, report: Path, environment: dict[str, str], within: float) -> tuple[int | None, str]:
    """Exit code, None where the time was up, and what was printed."""
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, "--import-mode=importlib", f"--junitxml={report}", FOLDER],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        _end(process)
        return None, process.communicate()[0] or ""
    except BaseException:  # a flow that is cancelled leaves no process behind
        _end(process)
        raise
    return process.returncode, output


def _end(process: subprocess.Popen[str]) -> None:
    """With all that it started: they are a session of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(target: Target, sample: Path) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "PYTHONDONTWRITEBYTECODE": "1",  # the workload's folder is not ours to write to
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # those of this environment are none of the workload's
        "PERENNIAL_SCORING_URL": target.url,
        "PERENNIAL_SCORING_KEY": target.key,
        "PERENNIAL_SCORING_SLOT": target.slot,
        "PERENNIAL_MODEL_VERSION": str(target.version),
        "PERENNIAL_SAMPLE": str(sample),
    }


def _results(report: Path, key: str) -> list[Check]:
    """From pytest's own report. A test that skips itself says why, and does not apply."""
    tree = ElementTree.parse(report)  # noqa: S314 - of our own process' file
    return [_result(case, key) for case in tree.iter("testcase")]


def _result(case: ElementTree.Element, key: str) -> Check:
    name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '')}"
    for kind in ("failure", "error"):
        problem = case.find(kind)
        if problem is not None:
            last = (problem.text or "").strip().rpartition("\n")[2]
            told = f"{problem.get('message') or kind}; {last}".replace(key, "***")
            return Check(name, False, told[:_LONGEST])
    skipped = case.find("skipped")
    if skipped is not None:
        return Check(name, True, (skipped.get("message") or "it skips itself").replace(key, "***"), applies=False)
    return Check(name, True, f"{float(case.get('time', 0)):.2f} s")
