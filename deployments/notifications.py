"""Slack: posts when a run fails, an alarm is raised, people are waited for, or a model comes or goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from platforms.settings import Settings

BLOCK = "perennial-slack"
_RESOURCE = "perennial.workload.*"
_FAILED = {"prefect.resource.id": "prefect.flow-run.*", "prefect.state-type": ["FAILED", "CRASHED"]}

# name -> what is matched, the event, subject, body
NOTICES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "perennial-slack-failed": (
        _FAILED,
        "prefect.flow-run.*",
        "{{ flow.name }} {{ flow_run.state.name | lower }}: {{ flow_run.name }}",
        "{{ flow_run.state.message }}\n{{ flow_run|ui_url }}",
    ),
    "perennial-slack-waiting": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.release.waiting",
        "{{ event.payload.workload }}: version {{ event.payload.model_version }} waits for approval",
        "Gates: {{ event.payload.gates }}\nComparison: {{ event.payload.comparison }}\n"
        "{% if event.payload.forced %}It is {{ event.payload.forced }}\n{% endif %}"
        "Who may answer: {{ event.payload.approvers }}; silence until {{ event.payload.until }} rejects it\n"
        "{{ event.payload.command }}\n{{ event.payload.page }}",
    ),
    "perennial-slack-promoted": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.release.promoted",
        "{{ event.payload.workload }}: version {{ event.payload.model_version }} serves in production",
        "perennial history {{ event.payload.workload }}",
    ),
    "perennial-slack-rolled-back": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.release.rolled_back",
        "{{ event.payload.workload }}: rolled back to version {{ event.payload.model_version }}",
        "{{ event.payload.reason }}",
    ),
    "perennial-slack-batch-kept": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.batch.kept",
        "{{ event.payload.workload }}: version {{ event.payload.model_version }} does not score batches",
        "{{ event.payload.reason }}",
    ),
    "perennial-slack-alarm": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.alarm.raised",
        "{{ event.payload.workload }}: an alarm about version {{ event.payload.model_version }}",
        "{{ event.payload.message }}\nperennial explain {{ event.payload.workload }}",
    ),
    "perennial-slack-annotation": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.annotation.ready",
        "{{ event.payload.workload }}: {{ event.payload.rows }} predictions wait for labels",
        "{{ event.payload.reason }}\n{{ event.payload.blob }}",
    ),
    "perennial-slack-unwatched": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.monitoring.failed",
        "{{ event.payload.workload }}: a patrol could not look at it",
        "{{ event.payload.message }}",
    ),
    "perennial-slack-ab-test": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.ab-test.ended",
        "{{ event.payload.workload }}: the A/B test of version {{ event.payload.model_version }} is over: "
        "{{ event.payload.verdict }}",
        "{{ event.payload.difference }}\nperennial ab show {{ event.payload.workload }}",
    ),
    "perennial-slack-rejected": (
        {"prefect.resource.id": _RESOURCE},
        "perennial.release.rejected",
        "{{ event.payload.workload }}: version {{ event.payload.model_version }} was rejected",
        "{{ event.payload.reason }}",
    ),
}


def apply_notifications(settings: Settings) -> list[str]:
    """Make or update the automations by name, or remove them where no webhook is set; a line each."""
    if settings.slack_webhook is None:
        return _remove()
    block = _block(settings.slack_webhook.get_secret_value())
    return [_upsert(name, notice, block) for name, notice in NOTICES.items()]


def _block(url: str) -> Any:
    """The id of the block that holds the webhook, a secret, and speaks Slack's format."""
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    content: dict[str, Any] = {
        "name": "Perennial",
        "url": "{{webhook}}",  # the secret below: whoever has the address can post
        "secrets": {"webhook": url},
        "method": "POST",
        "json_data": {"text": "*{{subject}}*\n{{body}}"},
    }
    return CustomWebhookNotificationBlock(**content).save(BLOCK, overwrite=True)


def _upsert(name: str, notice: tuple[dict[str, Any], str, str, str], block: Any) -> str:
    from prefect.automations import Automation
    from prefect.events.actions import SendNotification
    from prefect.events.schemas.automations import EventTrigger, Posture

    match, event, subject, body = notice
    wanted: Any = Automation(
        name=name,
        description="Made by `perennial deploy`; off when no webhook is set.",
        trigger=EventTrigger(match=match, expect={event}, posture=Posture.Reactive, threshold=1, within=timedelta(0)),
        actions=[SendNotification(block_document_id=block, subject=subject, body=body)],
    )
    try:
        there: Any = Automation.read(name=name)
    except ValueError:
        wanted.create()
        return f"notification {name}: made"
    wanted.id = there.id
    wanted.enabled = there.enabled  # an operator may have switched it off
    wanted.update()
    return f"notification {name}: brought up to date"


def _remove() -> list[str]:
    from prefect.automations import Automation

    told = []
    for name in NOTICES:
        try:
            there: Any = Automation.read(name=name)
        except ValueError:
            continue
        there.delete()
        told.append(f"notification {name}: removed, as no webhook is set")
    return told
