"""What an import or a registration takes the place of."""

from collections.abc import Sequence
from typing import Any

from models.library.manifest import Manifest
from node.cli.output import console


def replacement(before: Manifest | None, now: Manifest, users: Sequence[str]) -> dict[str, Any] | None:
    """None where nothing was there, or the same weights with the same settings."""
    if before is None or not before.weights_sha256:
        return None
    changed = [key for key in ("labels", "architecture", "thresholds") if getattr(before, key) != getattr(now, key)]
    if before.weights_sha256 == now.weights_sha256 and not changed:
        return None
    return {
        "version": before.version, "old_sha256": before.weights_sha256, "new_sha256": now.weights_sha256,
        "changed": changed, "users": list(users),
    }  # fmt: skip


def tell_replacement(replaces: dict[str, Any] | None) -> None:
    if replaces is None:
        return
    old, new = replaces["old_sha256"], replaces["new_sha256"]
    weights = "the same weights" if old == new else f"weights of SHA-256 {old} by {new}"
    console.print(f"replaces version {replaces['version']}: {weights}", highlight=False)
    for key in replaces["changed"]:
        console.print(f"other {key} than before", highlight=False)
    for words in replaces["users"]:
        console.print(f"of the old weights: {words}", highlight=False)
