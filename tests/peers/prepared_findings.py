"""An analysis process without networks: it takes the place of `node.work.clip_analysis` and answers with findings of before.

The clips of a study are told apart by the last component of their UIDs; what stands before it is another in each study.
"""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from models.library.model_set import ModelSet
from models.results import ClipFindings
from node.objects.findings_json import load_findings
from node.work import executor

_STUDY = "STUDY."  # in place of the first components


def prepare(findings: dict[str, Any], prefix: str, file: Path) -> None:
    """`findings` as the node recorded them, of clips whose UIDs begin with `prefix`."""
    file.write_text(json.dumps(findings).replace(prefix, _STUDY), encoding="utf-8")


def start(prepared: Path, models: ModelSet, threads: int) -> None:
    """Begins the process as the node does, but for the networks."""
    sys.modules["node.work.clip_analysis"] = PreparedAnalysis(prepared)
    executor._warm_up(models, threads)


class PreparedAnalysis(ModuleType):
    def __init__(self, prepared: Path) -> None:
        super().__init__("node.work.clip_analysis")
        self._prepared = prepared

    def warm_up(self, models: ModelSet, threads: int) -> None:
        """Nothing is loaded."""

    def analyse_clip(self, sop_instance_uid: str, path: Path, models: ModelSet) -> ClipFindings:
        prefix, dot, _ = sop_instance_uid.rpartition(".")
        findings = load_findings(json.loads(self._prepared.read_text(encoding="utf-8").replace(_STUDY, prefix + dot)))
        (clip,) = [clip for clip in findings.clips if clip.sop_instance_uid == sop_instance_uid and path.is_file()]
        return clip
