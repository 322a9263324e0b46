"""Why an import is refused."""


class ImportRefused(ValueError):
    """The weights are not taken: they are not those the manifest means, or the file is damaged."""


class NotSaid(ImportRefused):
    """Something must be known that neither the publication nor the file says, and it is not guessed; or what was said of it
    cannot be.
    """
