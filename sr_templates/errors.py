"""The one error of this floor; the node knows it by this name, too."""


class DocumentError(ValueError):
    """A document cannot be built from these findings. The message holds no patient data."""
