"""Adding a thing touches the places that CONTRIBUTING names, and no others: each is walked in a temporary copy."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_ROW = '        Quantity("rvot_vmax", "RVOT Vmax", "m/s", _PEAK, (View.DOPPLER_PV_PW,), (0.2, 3.5), "rvot", direction=_AWAY),\n'
_CODE = '    "rvot_vmax": _Written(_PEAK_VELOCITY, 2, flow=_ANTEGRADE),\n'
_USE = """
from dataclasses import replace

from models.catalogue import Direction, View
from models.derive.readings import read_quantities
from models.results import ClipValue
from sr_templates import measurement_report
from tests.factories import PHANTOM_WEIGHTS, clip_findings, evidence, identity, study_findings

value = ClipValue("rvot_vmax", "m/s", 0.9, PHANTOM_WEIGHTS.name, direction=Direction.AWAY)
clip = replace(clip_findings(view=View.DOPPLER_PV_PW), values=(value,))
found, refused = read_quantities([clip])
findings = replace(study_findings(), clips=(clip,), measurements=tuple(found.values()), not_measured=())
(document,) = measurement_report.build(findings, evidence(), identity())

def numbers(parent):
    for item in parent.get("ContentSequence", []):
        if item.ValueType == "NUM":
            yield item.MeasuredValueSequence[0].NumericValue, item.ConceptNameCodeSequence[0].CodeValue
        yield from numbers(item)


print(*next(numbers(document.dataset)))
impossible = replace(clip, values=(replace(value, value=9.0),))
print(*read_quantities([impossible])[1]["rvot_vmax"][0])
"""


def _insert(path: Path, line: str, *, before: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{path.name} has no single line {before!r}"
    path.write_text(text.replace(before, line + before), encoding="utf-8")


def test_a_measurement_is_a_row_and_a_code(tmp_path: Path) -> None:
    """A quantity's facts once stood in eight tables, three of which no test asked for."""
    for package in ("models", "sr_templates"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("weights", "__pycache__"))
    _insert(tmp_path / "models/catalogue.py", _ROW, before='        Quantity("rvot_vti"')
    _insert(tmp_path / "sr_templates/codes.py", _CODE, before='    "rvot_vti":')
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    run = subprocess.run(
        [sys.executable, "-c", _USE], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.stdout.split() == ["0.9", "11726-7", "outside_limits"], run.stderr[-2000:]
