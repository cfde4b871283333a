"""What memory a slot's server holds."""

from __future__ import annotations

import psutil


def resident_mb(pid: int) -> float | None:
    """Resident memory of a server's workers, in MB; None where it has ended.

    Pages that they share with other servers count for each: it tells growth, not what is left for others.
    """
    try:
        process = psutil.Process(pid)
        family = process.children(recursive=True) or [process]
        return round(sum(one.memory_info().rss for one in family) / 1e6, 1)
    except psutil.Error:
        return None
