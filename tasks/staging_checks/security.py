"""Security: what is packed runs no code of its own when it is loaded, and installs what was pinned."""

from __future__ import annotations

from collections.abc import Sequence

from platforms.folder_digest import SHA256, folder_digest
from platforms.packed_safety import loose_requirements, pickled_files, untrusted_types
from tasks.staging import Check
from tasks.staging_checks.part import Part, Subject

TITLE = "security"


def security(subject: Subject) -> Part:
    """Checks of the packed folder as the registry holds it."""
    packed = subject.packed
    checks = (
        _none("the model file holds only trusted types", untrusted_types(packed), "of scikit-learn, numpy and scipy"),
        _none("nothing is pickled", pickled_files(packed), "no file of it runs code when it is loaded"),
        _none("requirements are pinned with hashes", loose_requirements(packed), "each one"),
        _registered(subject),
    )
    return Part(title=TITLE, checks=checks)


def _none(name: str, found: Sequence[str], fine: str) -> Check:
    return Check(name, not found, f"not: {', '.join(found)}"[:1000] if found else fine)


def _registered(subject: Subject) -> Check:
    name, wanted = "the packed bytes are those that were registered", subject.candidate.version.tags.get(SHA256)
    if wanted is None:
        return Check(name, False, f"the version has no tag {SHA256}: train it again")
    return Check(name, folder_digest(subject.packed) == wanted, f"sha256 {wanted[:12]}")
