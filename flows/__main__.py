"""`python -m flows`: the process of a flow run, `prefect.engine` with the garbage collector off while it imports.

Imports make next to no garbage, but a tenth of their time is spent looking for it, and a retraining should start soon.
"""

from __future__ import annotations

import gc
import runpy

gc.disable()

import prefect.flow_engine  # noqa: E402, F401

from flows.patience import wait_for_prefect  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    wait_for_prefect()
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
