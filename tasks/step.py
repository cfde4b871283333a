"""What makes a function a step of a flow: a Prefect task that is never cached.

A step asks the platform what is there already; a cache of Prefect's would remember what may be gone.
"""

from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

step = partial(task, cache_policy=NO_CACHE)
