"""Starts azureml-inference-server-http on loopback. Copied beside score.py; imports nothing of ours.

The server binds every interface, with no option for another: its host is a constant that is set here. Where
`PERENNIAL_GATEWAY_LOCK` names a file, it ends once nobody has held that file's lock for so many seconds as
`PERENNIAL_GATEWAY_PATIENCE` says: a gateway that was killed is started again soon, and takes the server over.
"""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from azureml_inference_server_http import amlserver

LOOK_SECONDS = 0.5


def end_without(lock: str, patience: float) -> None:
    """Return never, or after it told this process to end."""
    import fcntl

    last_seen = time.monotonic()
    while time.monotonic() - last_seen < patience:
        time.sleep(LOOK_SECONDS)
        with suppress(FileNotFoundError), Path(lock).open() as file:  # with its folder nobody holds it either
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                last_seen = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    amlserver.DEFAULT_HOST = "127.0.0.1"
    if "PERENNIAL_GATEWAY_LOCK" in os.environ:
        watched = os.environ["PERENNIAL_GATEWAY_LOCK"], float(os.environ["PERENNIAL_GATEWAY_PATIENCE"])
        threading.Thread(target=end_without, args=watched, daemon=True).start()
    amlserver.run()
