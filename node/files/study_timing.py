"""A whole phantom study by the node's way, against the published one: in one run, turn by turn."""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydicom import dcmread

from models.derive.study.quantities import derive_study
from models.derive.ventricle.outline import cavity_outline
from models.inputs.letterbox import Letterbox
from models.library.model_set import ModelSet
from models.library.registry import load_model
from node.errors import EchoNodeError
from node.objects.clip_reader import open_clip
from node.work.clip_analysis import analyse_clip, predictor_for

_FRAMES_TIMED = 4
_SEED = 7


@dataclass(frozen=True)
class StudyTiming:
    """Seconds of a study of `frames` frames. `equal`: the engine's numbers are those of the reference, EF to 0.1 point."""

    clips: int
    frames: int
    published_s: float
    ours_s: float
    script_start_s: float
    equal: bool

    @property
    def ratio(self) -> float:
        return self.published_s / self.ours_s

    def __str__(self) -> str:
        return (
            f"study of {self.clips} clips, {self.frames} frames: {self.ratio:.1f} times; "
            f"published {self.published_s:.1f} s, of which {self.script_start_s:.1f} s are the start of its scripts, "
            f"ours {self.ours_s:.2f} s with warm networks; {'same' if self.equal else 'NOT THE SAME'} views and numbers"
        )

    def record(self) -> dict[str, Any]:
        return {**vars(self), "ratio": self.ratio}


def time_study() -> StudyTiming:
    """The demo's phantom study: our worker's path, networks warm, against the published way; turn by turn, two rounds."""
    models = ModelSet()
    with tempfile.TemporaryDirectory() as folder:
        paths = _make_study(Path(folder))
        predictor_for(models)
        ours, published, start = [], [], []
        for _ in range(2):
            started = time.perf_counter()
            found = [analyse_clip(path.stem, path, models) for path in paths]
            ours.append(time.perf_counter() - started)
            start.append(sum(_script_start_s(name) for _, name in models.named_models()))
            published.append(sum(_published_s(path, models) for path in paths) + start[-1])
        reference = [analyse_clip(path.stem, path, models.but(engine="torch")) for path in paths]
    frames = sum(clip.number_of_frames for clip in found)
    return StudyTiming(len(paths), frames, min(published), min(ours), min(start), _same(found, reference))


def _make_study(folder: Path) -> list[Path]:
    """In a process of its own: making it loads what the timing should find cold or warm as a node does."""
    code = "import sys; from pathlib import Path; from node.objects.phantom_writer import write_study; "
    code += f"write_study(Path(sys.argv[1]), seed={_SEED}, processes=1)"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    return sorted(folder.glob("*.dcm"))


def _script_start_s(name: str) -> float:
    """One script of the published kind: the interpreter, its imports, its weights."""
    code = "import sys, torch; from models.library.registry import load_model; load_model(sys.argv[1], pretrained=True)"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, name], check=True)
    return time.perf_counter() - started


def _published_s(path: Path, models: ModelSet) -> float:
    """All scripts over one clip, without their start."""
    return sum(_script_s(path, name, outline=role.value == "lv_segmentation") for role, name in models.named_models())


def _script_s(path: Path, name: str, *, outline: bool) -> float:
    model = load_model(name, pretrained=True)
    model.network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    clip = open_clip(path)
    started = time.perf_counter()
    frames = dcmread(path).pixel_array
    decoded_s = time.perf_counter() - started
    region = clip.b_mode_region().region
    if region is None:
        raise EchoNodeError("the phantom has no calibrated region")
    letterbox = Letterbox.of_region(region, model.manifest.input_size_px)
    timed = min(_FRAMES_TIMED, len(frames))
    started = time.perf_counter()
    for index in range(timed):
        with torch.no_grad():
            output = model(torch.from_numpy(letterbox.apply(frames[index : index + 1]))[:, None])
        if outline:
            cavity_outline(output[0, 0].sigmoid().numpy(), 0.5)
    return decoded_s + (time.perf_counter() - started) * len(frames) / timed


def _same(found: list[Any], reference: list[Any]) -> bool:
    one, other = (
        {measurement.key: measurement.value for measurement in derive_study("1", clips).measurements}
        for clips in (found, reference)
    )
    views = [clip.view.view for clip in found] == [clip.view.view for clip in reference]
    return views and one.keys() == other.keys() and all(abs(one[key] - other[key]) <= 0.1 for key in one)
