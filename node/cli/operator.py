"""Who gives a command, as the audit trail names persons."""

import getpass
import os
import socket


def person() -> str:
    """login@host, as the audit messages of PS3.15 A.5 name a person; a user without a name by number."""
    try:
        login = getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number alone
        login = f"user {os.getuid()}"
    return f"{login}@{socket.gethostname()}"
