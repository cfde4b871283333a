"""A process that has imported what scoring servers need, and forks one for each line that it is told.

Imports are most of the time, and of the work, that a slot takes to come up. It is run by the Python of the slots'
environment and imports nothing of ours. A line of JSON tells folder, environment, log and words of a server; its id as
a process is the answer. Linux only: a server is handed to the gateway, as the nearest subreaper of orphans, whose child
it is from then on, and does not die with this process.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import sys
import time
from contextlib import suppress

IMPORTED = (
    "azureml_inference_server_http.amlserver",
    "flask",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "inference_schema.schema_util",
    "azure.monitor.opentelemetry.exporter",
    "pandas",
    "pydantic_settings",
    "skops.io",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.impute",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "sklearn.preprocessing",
)
_NAME = 15  # prctl's
_ADOPTION_SECONDS = 10.0


def main() -> None:
    """Import, then fork as often as a line comes."""
    for name in IMPORTED:
        with suppress(ImportError):  # a model may do without, and what it lacks its own server says
            importlib.import_module(name)
    gc.freeze()  # what the servers share is not to be copied by looking for garbage
    gateway = os.getppid()
    while line := sys.stdin.readline():
        told = json.loads(line)
        pid = _orphan()
        if pid == 0:
            _become(told, gateway)
            return
        print(pid, flush=True)


def _orphan() -> int:
    """Fork a process whose parent is gone at once; its id here, 0 there."""
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        server = os.fork()
        if server == 0:
            os.close(reading)
            os.close(writing)
            return 0
        os.write(writing, str(server).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(between, 0)
    with os.fdopen(reading) as told:
        return int(told.read())


def _become(told: dict, gateway: int) -> None:
    """What a fresh process would be that was started in that folder, with that environment and those words."""
    deadline = time.monotonic() + _ADOPTION_SECONDS
    while os.getppid() != gateway:
        if time.monotonic() > deadline:
            os._exit(1)  # it is gone, or is no subreaper
        time.sleep(0.001)
    os.setsid()  # whoever ends what is left of the gateway's own session does not end what outlives it
    ctypes.CDLL(None).prctl(_NAME, b"scoring server", 0, 0, 0)  # its command line is still ours
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    log, nothing = os.open(told["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(here, there)
    os.close(log)
    os.close(nothing)
    sys.argv, sys.path[0] = told["words"], told["folder"]
    runpy.run_path(told["words"][0], run_name="__main__")


if __name__ == "__main__":
    main()
