"""A check-up of an Azure subscription before the first run: what is missing, and what mends it."""

from __future__ import annotations

from platforms.azure.doctor.examination import examine

__all__ = ["examine"]
