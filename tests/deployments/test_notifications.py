"""Slack, with a real HTTP receiver in its place."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from deployments.notifications import NOTICES
from tests.conftest import HTTP, ROOT, Service, clean
from tests.waiting import until


@pytest.fixture(name="posted")
def _posted() -> Iterator[tuple[str, list[str]]]:
    """The receiver's URL, and the texts that arrived."""
    texts: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            texts.append(json.loads(content)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", texts
    server.shutdown()


def apply(stack: Service, webhook: str | None) -> str:
    """What `perennial deploy` does about notifications."""
    code = (
        "from deployments.notifications import apply_notifications; from platforms.settings import load_settings; "
        "print('\\n'.join(apply_notifications(load_settings())))"
    )
    environment = {**clean(), **stack.environment, **({"PERENNIAL_SLACK_WEBHOOK": webhook} if webhook else {})}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def automations(stack: Service) -> list[str]:
    found = HTTP.post(f"{stack.addresses['prefect']}/api/automations/filter", json={}).json()
    return sorted(one["name"] for one in found if one["name"].startswith("perennial-slack"))


def tell(stack: Service, event: str, **payload: object) -> None:
    resource = {"prefect.resource.id": "perennial.workload.toy"}
    body = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": event,
        "resource": resource,
        "payload": {"workload": "toy", **payload},
    }
    assert HTTP.post(f"{stack.addresses['prefect']}/api/events", json=[body]).status_code == 204


def test_what_happens_is_posted(stack: Service, posted: tuple[str, list[str]]) -> None:
    url, texts = posted
    apply(stack, url)
    first = automations(stack)
    assert len(first) == len(NOTICES)
    apply(stack, url)
    assert automations(stack) == first
    for event, told in (
        ("waiting", "version 7 waits for approval"),
        ("promoted", "version 7 serves in production"),
        ("rolled_back", "rolled back to version 7"),
        ("rejected", "version 7 was rejected"),
    ):
        tell(stack, f"perennial.release.{event}", model_version=7, reason="a test")
        until(lambda told=told: any(told in text for text in texts), 30, what=event)
    tell(stack, "perennial.alarm.raised", model_version=7, message="age drifted")
    until(
        lambda: any("an alarm about version 7" in text and "age drifted" in text for text in texts),
        30,
        what="the alarm",
    )
    tell(stack, "perennial.annotation.ready", rows=100, reason="a test", blob="annotations/toy/a.jsonl")
    until(lambda: any("100 predictions wait for labels" in text for text in texts), 30, what="the labels")
    code, _ = stack.run("ingest", "'absent'")
    assert code == 1
    until(lambda: any("ingest failed" in text for text in texts), 30, what="the failed run")
    assert any("There is no workload" in text for text in texts)
    apply(stack, None)
    assert automations(stack) == []
