"""Which models somebody means by a name that they type: in any case, with wildcards, or nearly right."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from models.errors import ManifestError
from models.library.manifest import Manifest


def names_of(manifest: Manifest) -> tuple[str, ...]:
    return (manifest.name, *manifest.aliases)


def matching(pattern: str, models: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Those of which the name or an alias fits the `pattern` in any case: * is any text, ? one letter, [ab] one of them."""
    wanted = pattern.casefold()
    return tuple(one for one in models if any(fnmatchcase(name.casefold(), wanted) for name in names_of(one)))


def meant(name: str, models: Sequence[Manifest]) -> Manifest:
    """The model of this name or alias, in any case where no other has it as it is written.

    Raises ManifestError, which tells the names closest to it.
    """
    for manifest in models:
        if name in names_of(manifest):
            return manifest
    in_any_case = [one for one in models if name.casefold() in {known.casefold() for known in names_of(one)}]
    if len(in_any_case) == 1:
        return in_any_case[0]
    if in_any_case:
        raise ManifestError(f"{name!r} may be {' or '.join(one.name for one in in_any_case)}: write it as it is written there")
    names = {known.lower(): known for manifest in models for known in names_of(manifest)}
    close = ", ".join(names[known] for known in get_close_matches(name.lower(), names))
    said = f"close to it: {close}; " if close else ""
    raise ManifestError(f"no model {name!r}; {said}`echonode models list` shows all {len(models)}")
