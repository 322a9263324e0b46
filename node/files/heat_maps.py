"""Where a network looked, laid over the frames of one file."""

from pathlib import Path
from typing import Any

from models.clip import Clip
from models.drawing import heated
from models.explain import Explanation, explain_clip, place_of
from models.library.registry import find_manifest, load_manifest
from node.errors import ConfigError
from node.objects.mark_drawing import annotated
from node.objects.video_file import frame_rate_hz, write_image, write_video


def open_explained(name: str, weights: Path | None, device: str) -> Any:
    """Raises NoHeatMap for a network without heat maps, before its weights are read."""
    manifest = find_manifest(name)
    place_of(manifest)
    return load_manifest(manifest, pretrained=True, weights=weights, device=device).network


def chosen_frame(clip: Clip, frame: int | None) -> int:
    if frame is None:
        return clip.number_of_frames // 2
    if not 0 <= frame < clip.number_of_frames:
        raise ConfigError(f"there is no frame {frame}: the clip has {clip.number_of_frames}, counted from 0")
    return frame


def heat_maps(network: Any, clip: Clip, label: str | None, one: int | None) -> Explanation:
    return explain_clip(network, clip, label, None if one is None else [one])


def write_heat_maps(out: Path, clip: Clip, explained: Explanation, one: int | None, caption: str) -> list[int]:
    """Which frames were written: of a video those the network was shown, of an image the one of them next to what was asked."""
    rows = list(range(len(explained.frame_indices)))
    if one is not None:
        rows = [min(rows, key=lambda row: abs(explained.frame_indices[row] - one))]
    indices = [explained.frame_indices[row] for row in rows]
    hot = (heated(frame, explained.heat[row]) for frame, row in zip(clip.take(indices), rows, strict=True))
    drawn = annotated(hot, (), caption)
    out.parent.mkdir(parents=True, exist_ok=True)
    if one is not None:
        write_image(out, next(drawn))
    else:
        times_ms = clip.frame_times_ms
        write_video(out, drawn, frame_rate_hz(None if times_ms is None else times_ms[indices]))
    return indices
