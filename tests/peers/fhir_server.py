"""A FHIR server that keeps what it is sent: transactions with conditional creates, judged by fhir.resources.

Strict where servers are: a bundle that is invalid, a reference to nothing, a criterion that fits several are refused whole.
"""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from tests.waiting import patience

Json = dict[str, Any]
Reply = tuple[int, dict[str, str], bytes]
_MODELS = {"4.0.1": "fhir.resources.R4B.bundle", "5.0.0": "fhir.resources.bundle"}


class FHIRServer:
    """`resources` by type and id. `before` answers requests instead of the server, in order; None drops the connection.

    `after` is called when a transaction is kept and not yet answered.
    """

    def __init__(self, version: str = "4.0.1", token: str = "") -> None:
        self.version, self.token = version, token
        self.resources: dict[str, Json] = {}
        self.patients: list[Json] = []
        self.before: list[Reply | None] = []
        self.after: Callable[[], Reply | None] | None = None
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.url = ""

    def of_type(self, kind: str) -> list[Json]:
        return [one for address, one in self.resources.items() if address.startswith(f"{kind}/")]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
        self.requests.append((method, path, headers))
        if self.before:
            return self.before.pop(0)
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            return outcome(401, "login", "no token")
        if (method, path) == ("GET", "/fhir/metadata"):
            interaction = {"rest": [{"mode": "server", "interaction": [{"code": "transaction"}]}]}
            return reply(200, {"resourceType": "CapabilityStatement", "fhirVersion": self.version, **interaction})
        if path.startswith("/fhir/Patient?identifier="):
            return reply(200, {"resourceType": "Bundle", "type": "searchset", "entry": self._found(path.partition("=")[2])})
        if (method, path) != ("POST", "/fhir") or headers.get("content-type") != "application/fhir+json":
            return outcome(404, "not-found", f"nothing is at {path}")
        try:
            answer = self._transaction(json.loads(body))
        except ValueError as error:
            return outcome(422, "invalid", str(error))
        return answer if self.after is None else self.after()

    def _transaction(self, bundle: Json) -> Reply:
        """Raises ValueError before anything is kept."""
        import_module(_MODELS[self.version]).Bundle.model_validate(bundle)
        if bundle["type"] != "transaction":
            raise ValueError(f"a bundle of type {bundle['type']}")
        addresses, created = {}, {}
        for entry in bundle["entry"]:
            kind = entry["resource"]["resourceType"]
            assert entry["request"]["method"] == "POST"
            assert entry["request"]["url"] == kind
            found = self._matching(kind, entry["request"]["ifNoneExist"])
            if len(found) > 1:
                raise ValueError("several resources match the criterion")
            addresses[entry["fullUrl"]] = found[0] if found else f"{kind}/{len(self.resources) + len(created) + 1}"
            if not found:
                created[addresses[entry["fullUrl"]]] = entry["resource"]
        known = addresses | {f"Patient/{one['id']}": f"Patient/{one['id']}" for one in self.patients}
        self.resources |= {address: _resolved(resource, known) for address, resource in created.items()}
        states = [addresses[entry["fullUrl"]] in created for entry in bundle["entry"]]
        responses = [
            {"response": {"status": "201 Created" if new else "200 OK", "location": addresses[entry["fullUrl"]]}}
            for new, entry in zip(states, bundle["entry"], strict=True)
        ]
        return reply(200, {"resourceType": "Bundle", "type": "transaction-response", "entry": responses})

    def _found(self, token: str) -> list[Json]:
        system, _, value = unquote(token).partition("|")
        sought = {"system": system, "value": re.sub(r"\\(.)", r"\g<1>", value)}
        return [{"resource": one} for one in self.patients if sought in one["identifier"]]

    def _matching(self, kind: str, criterion: str) -> list[str]:
        name, _, token = criterion.partition("=")
        system, _, value = token.partition("|")
        assert name == "identifier"
        return [
            address
            for address, one in self.resources.items()
            if address.startswith(f"{kind}/")
            and any((i.get("system"), i.get("value")) == (system, value) for i in one["identifier"])
        ]


def reply(status: int, resource: Json, **headers: str) -> Reply:
    return status, {"Content-Type": "application/fhir+json", **headers}, json.dumps(resource).encode("utf-8")


def outcome(status: int, code: str, diagnostics: str, **headers: str) -> Reply:
    issue = {"severity": "error", "code": code, "diagnostics": diagnostics}
    return reply(status, {"resourceType": "OperationOutcome", "issue": [issue]}, **headers)


def _resolved(value: Any, addresses: dict[str, str]) -> Any:
    """With the addresses that the server gave, or found. Raises ValueError for a reference to nothing."""
    if isinstance(value, list):
        return [_resolved(one, addresses) for one in value]
    if not isinstance(value, dict):
        return value
    resolved = {name: _resolved(one, addresses) for name, one in value.items()}
    if "reference" in value:
        if value["reference"] not in addresses:
            raise ValueError("a reference to nothing")
        resolved["reference"] = addresses[value["reference"]]
    return resolved


@contextmanager
def running(server: FHIRServer, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[FHIRServer]:
    """Serves at `server.url`, in TLS where there is a context."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answered = server.answer(self.command, self.path, headers, body)
            self.close_connection = True
            if answered is None:
                return
            status, fields, content = answered
            self.send_response(status)
            for name, value in {**fields, "Content-Length": str(len(content)), "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Peers that hang up in the middle are what is tested."""

        def finish_request(self, request: Any, client_address: Any) -> None:
            """The handshake in the connection's own thread."""
            if context is None:
                super().finish_request(request, client_address)
                return
            with context.wrap_socket(request, server_side=True) as encrypted:
                super().finish_request(encrypted, client_address)

    with Listener((host, 0), Handler) as listener:
        scheme = "http" if context is None else "https"
        server.url = f"{scheme}://{host}:{listener.server_address[1]}/fhir"
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join(patience(10))
