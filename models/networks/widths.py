"""The widths of layers, as a manifest states them under [architecture]."""

from models.library.manifest import Value


def list_of_int(value: Value) -> list[int]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return [int(item) for item in value]
