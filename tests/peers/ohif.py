"""OHIF, a DICOM viewer nobody here wrote, as published: its static site from npm, in front of Orthanc's DICOMweb.

`python -m tests.peers.ohif` fetches it; the tests themselves need no network.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import mimetypes
import os
import tarfile
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import ClassVar

DICOMWEB_PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"

VERSION = "3.13.2"
_PACKAGE = f"https://registry.npmjs.org/@ohif/app/-/app-{VERSION}.tgz"
# As npm's registry states it of this version.
_SHA512 = "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
SITE = Path(__file__).parents[2] / "build" / "ohif" / VERSION

_DICOMWEB = "/dicom-web"
_CONFIG = {
    "routerBasename": "/",
    "extensions": [],
    "modes": [],
    "showStudyList": False,
    "investigationalUseDialog": {"option": "never"},
    "defaultDataSourceName": "orthanc",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "orthanc",
            "configuration": {
                "friendlyName": "Orthanc",
                "name": "orthanc",
                "wadoUriRoot": _DICOMWEB,
                "qidoRoot": _DICOMWEB,
                "wadoRoot": _DICOMWEB,
                "qidoSupportsIncludeField": False,
                "imageRendering": "wadors",
                "thumbnailRendering": "wadors",
                # Otherwise a segmentation may come before its clip, and is then laid over the first one of the same series.
                "enableStudyLazyLoad": False,
                "supportsFuzzyMatching": False,
                "supportsWildcard": True,
                "omitQuotationForMultipartRequest": True,
                "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
            },
        }
    ],
}


def orthanc_settings() -> dict[str, object]:
    """What Orthanc needs beside its own configuration to answer DICOMweb requests."""
    return {"Plugins": [DICOMWEB_PLUGIN], "DicomWeb": {"Enable": True, "Root": f"{_DICOMWEB}/"}}


def is_installed() -> bool:
    return SITE.is_dir() and Path(DICOMWEB_PLUGIN).exists()


def fetch() -> None:
    """50 MB, once. Raises ValueError where it is not the package that was looked at, OSError where npm is not reached."""
    if SITE.is_dir():
        return
    with urllib.request.urlopen(_PACKAGE, timeout=120) as answer:
        package = answer.read()
    found = base64.b64encode(hashlib.sha512(package).digest()).decode()
    if found != _SHA512:
        raise ValueError(f"{_PACKAGE} has the SHA-512 {found}")
    SITE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SITE.parent) as unpacked:
        with tarfile.open(fileobj=BytesIO(package)) as archive:
            archive.extractall(unpacked, filter="data")
        with contextlib.suppress(OSError):  # another process was quicker
            os.rename(Path(unpacked) / "package" / "dist", SITE)


@contextmanager
def served(orthanc_http_port: int) -> Iterator[str]:
    """The address of the viewer on a free port of the loopback; `/dicom-web` is passed on to Orthanc."""
    handler = type("Handler", (_Handler,), {"folder": SITE, "orthanc_http_port": orthanc_http_port})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Viewer and DICOMweb under one address, so that the browser's rules for foreign origins do not come in."""

    protocol_version = "HTTP/1.1"
    folder: ClassVar[Path]
    orthanc_http_port: ClassVar[int]

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith(_DICOMWEB):
            self._pass_on()
        elif path == "/app-config.js":
            self._send(f"window.config = {json.dumps(_CONFIG)};".encode(), "text/javascript")
        else:
            file = self.folder / path.lstrip("/")
            if not file.is_file() or self.folder not in file.resolve().parents:
                file = self.folder / "index.html"  # a page of the viewer's own router
            self._send(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")

    def _pass_on(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.orthanc_http_port, timeout=60)
        # Orthanc makes the addresses of bulk data from the host that was asked.
        kept = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "host")}
        with contextlib.closing(connection):
            connection.request("GET", self.path, headers=kept)
            answer = connection.getresponse()
            self._send(answer.read(), answer.getheader("Content-Type", "application/octet-stream"), answer.status)

    def _send(self, body: bytes, content_type: str, status: int = 200) -> None:
        with contextlib.suppress(ConnectionError):  # the browser left the page
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a page asks for hundreds of files."""


if __name__ == "__main__":
    try:
        fetch()
    except OSError as error:
        print(f"OHIF not fetched ({error}): its tests are skipped, or fail where it is required")  # noqa: T201
