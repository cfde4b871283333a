"""Virtual machine sizes that are often used: what the service says of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Cores, memory and temporary disk in GB, GPUs, and the family whose quota it is counted against."""

    family: str
    cores: int
    memory: float
    disk: int
    gpus: int = 0


_DSV2, _DSV3, _ESV3, _FSV2 = "standardDSv2Family", "standardDSv3Family", "standardESv3Family", "standardFSv2Family"
SIZES = {
    "Standard_DS1_v2": Size(_DSV2, 1, 3.5, 7),
    "Standard_DS2_v2": Size(_DSV2, 2, 7, 14),
    "Standard_DS3_v2": Size(_DSV2, 4, 14, 28),
    "Standard_DS4_v2": Size(_DSV2, 8, 28, 56),
    "Standard_DS5_v2": Size(_DSV2, 16, 56, 112),
    "Standard_D2s_v3": Size(_DSV3, 2, 8, 16),
    "Standard_D4s_v3": Size(_DSV3, 4, 16, 32),
    "Standard_D8s_v3": Size(_DSV3, 8, 32, 64),
    "Standard_E2s_v3": Size(_ESV3, 2, 16, 32),
    "Standard_E4s_v3": Size(_ESV3, 4, 32, 64),
    "Standard_F2s_v2": Size(_FSV2, 2, 4, 16),
    "Standard_F4s_v2": Size(_FSV2, 4, 8, 32),
    "Standard_F8s_v2": Size(_FSV2, 8, 16, 64),
    "Standard_F16s_v2": Size(_FSV2, 16, 32, 128),
    "Standard_NC4as_T4_v3": Size("standardNCASv3_T4Family", 4, 28, 176, 1),
    "Standard_NC6s_v3": Size("standardNCSv3Family", 6, 112, 736, 1),
}
FAMILIES = sorted({size.family for size in SIZES.values()})
_BY_LOWER = {name.lower(): size for name, size in SIZES.items()}


def size_of(name: str | None) -> Size | None:
    """A size by its name, in whatever case."""
    return _BY_LOWER.get((name or "").lower())
