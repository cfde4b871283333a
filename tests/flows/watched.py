"""A flow in a process that tells which endpoints it spoke to, and that can be killed right after a call it made."""

from __future__ import annotations

from dataclasses import dataclass

from tests.conftest import Service

CODE = """
import os, signal
from platforms.local.endpoints import LocalOnlineEndpoints as Endpoints
from platforms.local.batch import LocalBatchEndpoints as Batch
from platforms.local.blobs import LocalBlobStore as Blobs
from platforms.mlflow_models import MlflowModels as Models

spoken_to = set()

def watch(call):
    def watched(self, name, *more, **named):
        spoken_to.add(name)
        return call(self, name, *more, **named)
    return watched

for name in ("ensure", "get", "deploy", "set_traffic", "delete_slot", "logs", "key", "metrics"):
    setattr(Endpoints, name, watch(getattr(Endpoints, name)))

def die_after(owner, name):
    call = getattr(owner, name)
    def dying(self, *words, **named):
        call(self, *words, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, dying)

{kill}
from flows.{flow} import {flow}
try:
    {flow}({call})
finally:
    print("SPOKEN", " ".join(sorted(spoken_to)))
"""


@dataclass(frozen=True)
class Watched:
    """How it ended."""

    code: int
    output: str

    @property
    def endpoints(self) -> list[str]:
        """Which ones it spoke to."""
        return self.output.rpartition("SPOKEN")[2].split()


def run(stack: Service, flow: str, call: str, kill_after: str | None = None) -> Watched:
    """Run the flow to its end, or to its SIGKILL right after the call, such as Models.tag."""
    kill = "die_after({}, {!r})".format(*kill_after.split(".")) if kill_after else ""
    code, output = stack.run_code(CODE.format(kill=kill, flow=flow, call=call))
    assert (code == -9) == (kill_after is not None), output
    return Watched(code, output)
