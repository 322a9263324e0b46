"""Debian's Orthanc on free ports with its own data folder: a PACS that nobody here wrote, asked through its REST API."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from tests.waiting import free_port, patience, wait_for

BINARY = "/usr/sbin/Orthanc"

FORWARD_LUA = {
    "new": "function OnStoredInstance(instance, tags, metadata, origin)\n  SendToModality(instance, '{name}')\nend\n",
    "stable": "function OnStableStudy(study, tags, metadata)\n  SendToModality(study, '{name}')\nend\n",
}


@dataclass(frozen=True)
class Modality:
    """A node that Orthanc may send to."""

    name: str
    ae_title: str
    port: int
    host: str = "127.0.0.1"


class Orthanc:
    """Context manager. `forward` sends every new instance, or every stable study, on to the first modality."""

    def __init__(
        self,
        folder: Path,
        *,
        ae_title: str = "ORTHANC",
        dicom_port: int | None = None,
        modalities: tuple[Modality, ...] = (),
        forward: Literal["new", "stable"] | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.ae_title = ae_title
        self.dicom_port = dicom_port or free_port()
        self.http_port = free_port()
        self._folder = folder
        self._log = folder / "orthanc.log"
        folder.mkdir(parents=True, exist_ok=True)
        scripts: list[str] = []
        if forward:
            script = folder / "forward.lua"
            script.write_text(FORWARD_LUA[forward].replace("{name}", modalities[0].name))
            scripts.append(str(script))
        config: dict[str, object] = {
            "Name": "test peer",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "index"),
            "Plugins": [],
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "DicomAet": ae_title,
            "DicomCheckCalledAet": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "UnknownSopClassAccepted": True,
            "OverwriteInstances": False,
            "StableAge": 1,
            "DicomModalities": {m.name: [m.ae_title, m.host, m.port] for m in modalities},
            "LuaScripts": scripts,
        }
        self._config = folder / "orthanc.json"
        self._config.write_text(json.dumps(config | dict(settings or {})))

    def __enter__(self) -> "Orthanc":
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [BINARY, str(self._config)], stdout=log, stderr=log, env=os.environ | {"TCP_NODELAY": "1"}
            )
        wait_for(self._answers, timeout_s=30, message=f"Orthanc does not start; see {self._log}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.wait(patience(20))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(patience(5))

    def _answers(self) -> bool:
        assert self._process.poll() is None, f"Orthanc ended; see {self._log}"
        try:
            self.get("/system")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def get_bytes(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=patience(30)) as answer:
            return bytes(answer.read())

    def get(self, path: str) -> Any:
        return json.loads(self.get_bytes(path))

    def post(self, path: str, body: bytes | Mapping[str, object]) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data=data, method="POST")
        with urllib.request.urlopen(request, timeout=patience(60)) as answer:
            return json.loads(answer.read())

    def find(self, level: Literal["Study", "Series", "Instance"], **query: str) -> list[str]:
        """Orthanc's own identifiers of what matches, e.g. `find("Instance", SOPInstanceUID=uid)`."""
        return list(self.post("/tools/find", {"Level": level, "Query": query}))

    def files(self, **query: str) -> list[bytes]:
        """The DICOM files of the matching instances; no query gives all."""
        return [self.get_bytes(f"/instances/{identifier}/file") for identifier in self.find("Instance", **query)]

    def sop_instance_uids(self) -> list[str]:
        return sorted(item["MainDicomTags"]["SOPInstanceUID"] for item in self.get("/instances?expand"))

    def study_instance_uids(self) -> list[str]:
        return sorted(item["MainDicomTags"]["StudyInstanceUID"] for item in self.get("/studies?expand"))

    def statistics(self) -> dict[str, Any]:
        return dict(self.get("/statistics"))

    def upload(self, file: bytes) -> str:
        """Put one DICOM file in by REST; Orthanc's identifier of the instance."""
        return str(self.post("/instances", file)["ID"])

    def store_to(self, modality: str, *identifiers: str) -> dict[str, Any]:
        """C-STORE instances, series or studies (Orthanc's identifiers) to one of `modalities`; waits for the end."""
        return dict(self.post(f"/modalities/{modality}/store", {"Resources": list(identifiers), "Synchronous": True}))

    def pending_jobs(self) -> int:
        return sum(job["State"] in ("Pending", "Running", "Retry") for job in self.get("/jobs?expand"))
