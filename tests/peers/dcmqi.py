"""dcmqi, the reader of measurement reports and segmentations that research archives use: its command line tools, by pip."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_TOOLS = Path(sys.executable).parent


def is_installed() -> bool:
    return (_TOOLS / "tid1500reader").exists()


@dataclass(frozen=True)
class Reading:
    """`lines` are all that the tool said, `values` the numbers that it found."""

    lines: tuple[str, ...]
    values: int


def read_measurement_report(path: Path, folder: Path) -> Reading:
    written = folder / "dcmqi.json"
    lines = _run("tid1500reader", "--inputDICOM", str(path), "--outputMetadata", str(written))
    groups = json.loads(written.read_text(encoding="utf-8")).get("Measurements", []) if written.exists() else []
    return Reading(lines, sum(len(group.get("measurementItems", [])) for group in groups))


def read_segmentation(path: Path, folder: Path) -> Reading:
    return Reading(_run("segimage2itkimage", "--inputDICOM", str(path), "--outputDirectory", str(folder), "-t", "nrrd"), 0)


def _run(tool: str, *arguments: str) -> tuple[str, ...]:
    result = subprocess.run([str(_TOOLS / tool), *arguments], capture_output=True, text=True, check=False)
    ended = () if result.returncode == 0 else (f"exit status {result.returncode}",)
    return (*(line.strip() for line in (result.stdout + result.stderr).splitlines() if line.strip()), *ended)
