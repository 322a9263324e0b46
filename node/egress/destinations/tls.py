"""What kinds of destination that speak TLS have in common."""

import ssl
from pathlib import Path
from typing import Self

from pydantic import model_validator

from node import tls
from node.egress.destinations.kind import DestinationKind


class TLSDestination(DestinationKind):
    """`ca_file` in place of the system's authorities; `certificate_file`, with `key_file` if that is another, is ours."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @model_validator(mode="after")
    def _key_has_its_certificate(self) -> Self:
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("key_file without certificate_file")
        return self

    def context(self) -> ssl.SSLContext:
        """Raises OSError where a file is not what it should be."""
        return tls.client_context(self.ca_file, self.certificate_file, self.key_file)
