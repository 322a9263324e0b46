"""TLS as a client (BCP 195: 1.2 and newer): the peer proves who it is, and so do we where it asks."""

import ssl
from pathlib import Path


def client_context(ca_file: Path | None, certificate_file: Path | None, key_file: Path | None) -> ssl.SSLContext:
    """Verifies certificate and host name, by `ca_file` or the system's authorities; the key may stand in `certificate_file`.

    Raises OSError for a file that is missing or holds none of what it should.
    """
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate_file is not None:
        context.load_cert_chain(certificate_file, key_file, password=_no_password)
    return context


def words_of(error: OSError) -> str:
    """What went wrong with a connection, for a person, in plain TCP, too."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or 'no reason given').lower().replace('_', ' ')}"
    return error.strerror or type(error).__name__


def _no_password() -> str:
    """Instead of the question on the terminal that OpenSSL asks for an encrypted key."""
    return ""
