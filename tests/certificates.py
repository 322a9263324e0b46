"""Certificates of an authority that tests alone trust, and such as must not be trusted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Certificates:
    """Files in `folder`: the authority's, and by name a certificate with its key in one file."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.authority = folder, trustme.CA()
        self.ca_file = self._written("ca", self.authority.cert_pem)
        self.other_ca_file = self._written("other-ca", trustme.CA().cert_pem)
        self.server = self.issued("server", "127.0.0.1", "localhost")
        self.client = self.issued("client", "echonode.example")

    def issued(self, name: str, *hosts: str, expired: bool = False) -> Path:
        past = datetime.now(UTC) - timedelta(days=1)
        dates = {"not_before": past - timedelta(days=1), "not_after": past} if expired else {}
        return self._written(name, self.authority.issue_cert(*hosts, **dates).private_key_and_cert_chain_pem)

    def _written(self, name: str, blob: trustme.Blob) -> Path:
        path = self._folder / f"{name}.pem"
        blob.write_to_path(path)
        return path
