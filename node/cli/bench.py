"""`echonode bench`: the predictor's way against the published one, as ratios of one run on this machine."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from pydicom import dcmread

from models.bench.timing import Timing, geometric_mean, time_network
from models.derive.study.quantities import derive_study
from models.derive.ventricle.outline import cavity_outline
from models.inputs.letterbox import Letterbox
from models.library.manifest import ManifestError
from models.library.model_set import ModelSet
from models.library.registry import list_models, load_model
from node.cli.devices import check_device
from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.errors import EchoNodeError
from node.objects.clip_reader import open_clip
from node.work.clip_analysis import analyse_clip, predictor_for

# One of each architecture, at each size its authors use. Left out: EchoApex ViT-L, which is ViT-B with twice the blocks, each
# 1.8 times as dear, and networks that differ from another one here in their weights or head alone.
NETWORKS = (
    "phantom_view", "phantom_lv",
    "EchoView47_classifier", "ResNet50_TTE47_baseline", "DenseNet121_TTE47_baseline", "EfficientNetV2_TTE47_baseline",
    "ConvNeXt_TTE47_baseline", "ViT_TTE47_baseline", "SwinTransformerV2_TTE47_baseline", "EchoSDNet", "EchoLVSNet", "EchoPDNet",
    "EchoForge_PLAX_keypoints", "EchoForge_image_quality",
    "echonet_measurements/lvid", "echonet_measurements/avvmax", "echonet_measurements/vti_av",
    "echonet_measurements/plax_quality", "echonet_dynamic/lv_deeplabv3_resnet50", "echonet_dynamic/ef_r2plus1d_18",
    "EchoMotionNet_B0_SE", "EchoMotionNet_B1_CBAM", "EchoMotionNet_B2_DANet", "EchoMotionNet_BiLSTM",
    "EchoMotionNet_TemporalTransformer", "EchoMotionNet_A4C_A2C",
    "EchoApex_ViT-S_views", "EchoApex_ViT-S_segmentation", "EchoApex_ViT-S_lvh", "EchoApex_ViT-B_views",
    "EchoPrime_video_encoder", "EchoPrime_view_classifier", "PanEcho",
)  # fmt: skip

PUBLISHED_WAY = (
    "published way: eager torch, single precision, one frame at a time, or one clip where a network takes clips; timed on at "
    "most 4 of them, 2 where they take long, and scaled. For the study: every frame through every network, each network by a "
    "script of its own, which is started and loads its weights once, and decodes each clip by pydicom's pixel_array."
)
SPEED_ONLY = "speed only: random weights tell nothing about the accuracy of half precision"
_FRAMES_TIMED = 4
_SEED = 7


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Models as `models list` shows them; one of each kind and a whole study if none."),
    ] = None,
    study: Annotated[
        bool, typer.Option("--study", help="A whole phantom study through the node's model set: after NAMES, else alone.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1, max=4, help="How often each way is timed, turn by turn.")] = 4,
    device: Annotated[str, typer.Option(help="Where both ways compute: cpu, cuda; the study always on the CPU.")] = "cpu",
    compiled: Annotated[
        bool, typer.Option("--compile", help="Time torch.compile too, which takes up to a minute for each network first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Speed against the published way, as ratios: single and half precision, and a whole study. Wants a quiet machine."""
    check_device(device)
    chosen = names or ([] if study else _present(NETWORKS))
    study = study or not names
    timings: list[Timing] = []
    for number, name in enumerate(chosen, start=1):
        typer.echo(f"{number} of {len(chosen)}: {name}", err=True)  # a network takes minutes on a CPU
        try:
            timings.append(time_network(name, rounds=rounds, device=device, compiled=compiled))
        except ManifestError as error:
            raise EchoNodeError(str(error)) from error
        if not as_json:
            console.print(_line(timings[-1]), highlight=False)
    if study:
        typer.echo("study", err=True)
    of_study = time_study() if study else None
    if as_json:
        print_json(_as_json(timings, of_study))
    else:
        for line in _summary(timings, of_study):
            console.print(line, highlight=False)
    if not all(timing.equal for timing in timings) or (of_study and not of_study.equal):
        raise typer.Exit(1)


def _present(names: tuple[str, ...]) -> list[str]:
    known = {manifest.name for manifest in list_models()}
    return [name for name in names if name in known]


def _line(timing: Timing) -> str:
    shape = " x ".join(str(side) for side in timing.shape)
    half = timing.half_ratio
    mark = "" if timing.trained else " (speed only)"
    in_half = "" if half is None else f", bf16 {half:.2f}{mark}"
    if timing.compiled_ratio is not None:
        in_half += f", compiled {'fp32' if half is None else 'bf16'} {timing.compiled_ratio:.2f}"
    unequal = "" if timing.equal else " NOT EQUAL"
    published = f"published {1000 * timing.published_s:.1f} ms"
    return f"{timing.name}, {shape}: {published}, fp32 {timing.ratio:.2f}{in_half}, by {timing.engine}{unequal}"


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
    network = load_model(name, pretrained=True).to(memory_format=torch.contiguous_format)
    clip = open_clip(path)
    started = time.perf_counter()
    frames = dcmread(path).pixel_array
    decoded_s = time.perf_counter() - started
    region = clip.b_mode_region().region
    if region is None:
        raise EchoNodeError("the phantom has no calibrated region")
    letterbox = Letterbox.of_region(region, network.manifest.input_size_px)
    timed = min(_FRAMES_TIMED, len(frames))
    started = time.perf_counter()
    for index in range(timed):
        with torch.no_grad():
            output = network(torch.from_numpy(letterbox.apply(frames[index : index + 1]))[:, None])
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


def _summary(timings: list[Timing], of_study: StudyTiming | None) -> Iterator[str]:
    yield PUBLISHED_WAY
    if timings:
        ratios = [timing.ratio for timing in timings]
        yield f"fp32: geometric mean {geometric_mean(ratios):.2f}, least {min(ratios):.2f}, of {len(ratios)} networks"
        halves = [timing.half_ratio for timing in timings if timing.half_ratio is not None]
        if halves:
            random = "" if all(timing.trained for timing in timings) else f" ({SPEED_ONLY})"
            yield f"bf16: geometric mean {geometric_mean(halves):.2f}{random}"
    if of_study:
        yield (
            f"study of {of_study.clips} clips, {of_study.frames} frames: {of_study.ratio:.1f} times; "
            f"published {of_study.published_s:.1f} s, of which {of_study.script_start_s:.1f} s are the start of its scripts, "
            f"ours {of_study.ours_s:.2f} s with warm networks; {'same' if of_study.equal else 'NOT THE SAME'} views and numbers"
        )


def _as_json(timings: list[Timing], of_study: StudyTiming | None) -> dict[str, Any]:
    halves = [timing.half_ratio for timing in timings if timing.half_ratio is not None]
    return {
        "published_way": PUBLISHED_WAY,
        "networks": [
            {
                "name": timing.name,
                "shape": list(timing.shape),
                "engine": timing.engine,
                "published_s": timing.published_s,
                "fp32_ratio": timing.ratio,
                "bf16_ratio": timing.half_ratio,
                "compiled_ratio": timing.compiled_ratio,
                "bf16_says": None if timing.half_ratio is None else "speed and no gate" if timing.trained else SPEED_ONLY,
                "equal": timing.equal,
            }
            for timing in timings
        ],
        "fp32_geometric_mean": geometric_mean([timing.ratio for timing in timings]) if timings else None,
        "bf16_geometric_mean": geometric_mean(halves) if halves else None,
        "study": None if of_study is None else {**vars(of_study), "ratio": of_study.ratio},
    }
