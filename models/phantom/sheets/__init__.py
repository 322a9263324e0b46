"""Contact sheets of the synthetic heart, to be judged by eye. Asking for one loads torch; importing this does not."""

from collections.abc import Sequence
from pathlib import Path


def write_sheet(out: Path, classes: Sequence[str], *, seed: int = 1, truth: bool = False) -> None:
    """Write `out`, PNG or JPEG: a row per class of EchoView47, every B-mode plane where none is named.

    Raises LookupError for a class that is no B-mode plane.
    """
    from PIL import Image

    from models.phantom.planes import PLANES
    from models.phantom.planes.sheet import contact_sheet

    if unknown := set(classes) - set(PLANES):
        raise LookupError(f"no B-mode plane is called {', '.join(sorted(unknown))}; there are {', '.join(PLANES)}")
    Image.fromarray(contact_sheet(classes or list(PLANES), seed=seed, truth=truth)).save(out)
