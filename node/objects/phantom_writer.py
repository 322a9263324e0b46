"""Phantom clips as DICOM objects: an echo study whose every number is known, with `truth.json` beside it.

Every object says Quality Control Subject (0010,0200) = YES, so no synthetic image can be taken for a patient's.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.uid import UID, JPEGBaseline8Bit, RLELossless, UltrasoundMultiFrameImageStorage, generate_uid

from models.catalogue import QUANTITIES, View
from models.phantom.anatomy import Heart, sample_heart
from node.objects.phantom_header import PhantomPatient, PhantomStudy, describe_patient_and_study, new_dataset, region_item
from node.objects.phantom_pixels import set_pixels

if TYPE_CHECKING:  # the caller of `write_study` need not pay for importing torch
    from models.phantom.truth import PhantomClip

_FRAME_TIME = 0x00181063


@dataclass(frozen=True)
class ClipRequest:
    """One clip to make. `quality` is 0 (worst) to 3; `polar` is (samples, lines) of the simulated sector."""

    view: View
    quality: int = 2
    beats: float = 1.0
    frame_rate_hz: float = 25.0
    rows: int = 600
    columns: int = 800
    polar: tuple[int, int] = (320, 128)
    transfer_syntax_uid: str = JPEGBaseline8Bit


@dataclass(frozen=True)
class WrittenStudy:
    """Files in the order asked for, and the content of `truth.json`."""

    paths: tuple[Path, ...]
    study_instance_uid: str
    truth: dict[str, Any]


DEFAULT_CLIPS = (
    ClipRequest(View.A4C, quality=3, beats=2.0),
    ClipRequest(View.A2C, quality=2, transfer_syntax_uid=RLELossless),
    ClipRequest(View.A4C, quality=0, transfer_syntax_uid=RLELossless),
    ClipRequest(View.A2C, quality=3, beats=2.0),
)


def write_clip(
    clip: "PhantomClip",
    path: Path,
    *,
    patient: PhantomPatient,
    study: PhantomStudy,
    instance_number: int,
    transfer_syntax_uid: str,
    new_uid: Callable[[], str] = lambda: str(generate_uid(prefix=None)),
) -> str:
    """Write one Ultrasound Multi-frame Image and return its SOP Instance UID.

    Raises ValueError for a transfer syntax that `phantom_pixels` does not write.
    """
    dataset = new_dataset(UltrasoundMultiFrameImageStorage, new_uid())
    describe_patient_and_study(dataset, patient, study)
    dataset.InstanceNumber = instance_number
    _describe_acquisition(dataset, clip)
    set_pixels(dataset, clip.frames, UID(transfer_syntax_uid), jpeg_in_colour=True)
    dataset.save_as(path, enforce_file_format=True)
    return str(dataset.SOPInstanceUID)


def _describe_acquisition(dataset: Dataset, clip: "PhantomClip") -> None:
    """Cine, Multi-frame, US Region Calibration and US Image modules (PS3.3 C.7.6.5, C.7.6.6, C.8.5.5, C.8.5.6)."""
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "TTE", "0001"]
    dataset.PatientOrientation = ""
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = clip.frames.shape
    interval_ms = float(clip.frame_times_ms[1] - clip.frame_times_ms[0]) if len(clip.frame_times_ms) > 1 else 40.0
    dataset.FrameTime = f"{interval_ms:.4f}"  # DS holds at most 16 characters
    dataset.FrameIncrementPointer = _FRAME_TIME
    dataset.CineRate = dataset.RecommendedDisplayFrameRate = round(1000 / interval_ms)
    dataset.HeartRate = round(clip.heart_rate_bpm)
    dataset.RWaveTimeVector = list(clip.r_wave_times_ms)
    dataset.TransducerType, dataset.TransducerData = "SECTOR_PHASED", ["PHANTOM_CARDIAC", "", ""]
    dataset.UltrasoundColorDataPresent = 0
    dataset.SequenceOfUltrasoundRegions = [region_item(clip.region)]


def write_study(
    out_dir: Path,
    *,
    seed: int,
    clips: Sequence[ClipRequest] | None = None,
    new_uid: Callable[[], str] = lambda: str(generate_uid(prefix=None)),
    created_at: datetime | None = None,
    processes: int = 2,
) -> WrittenStudy:
    """One synthetic heart (drawn from `seed`) as an echo study in `out_dir`, with `truth.json`.

    The default is two four-chamber and two two-chamber clips, one of them poor, in two transfer syntaxes. Clips are made in
    `processes` parallel processes; 1 makes them in this one.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    requests = DEFAULT_CLIPS if clips is None else tuple(clips)
    study = PhantomStudy(new_uid(), new_uid(), created_at or datetime.now(UTC))
    jobs = [
        _ClipJob(request, seed, number, out_dir / f"{number:02d}_{request.view.value}.dcm", study, new_uid())
        for number, request in enumerate(requests, start=1)
    ]
    if min(processes, len(jobs)) > 1:
        longest_first = sorted(jobs, key=lambda job: -job.request.beats)  # so that no process waits for the last clip
        with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=get_context("spawn")) as pool:
            made = dict(zip((job.instance_number for job in longest_first), pool.map(_make_clip, longest_first), strict=True))
        true_clips = [made[job.instance_number] for job in jobs]
    else:
        true_clips = [_make_clip(job) for job in jobs]
    truth = {"study": study.study_instance_uid, "clips": true_clips, "measurements": _true_measurements(sample_heart(seed))}
    (out_dir / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return WrittenStudy(tuple(job.path for job in jobs), study.study_instance_uid, truth)


@dataclass(frozen=True)
class _ClipJob:
    request: ClipRequest
    seed: int
    instance_number: int
    path: Path
    study: PhantomStudy
    sop_instance_uid: str


def _make_clip(job: _ClipJob) -> dict[str, Any]:
    """Render and write one clip; its entry in `truth.json`."""
    import torch

    from models.phantom.truth import render_clip

    torch.set_num_threads(1)  # the same bytes whatever the machine's number of cores
    request = job.request
    clip = render_clip(
        sample_heart(job.seed),
        request.view,
        seed=100 * job.seed + job.instance_number,
        quality=request.quality,
        frame_rate_hz=request.frame_rate_hz,
        beats=request.beats,
        rows=request.rows,
        columns=request.columns,
        polar=request.polar,
    )
    write_clip(
        clip,
        job.path,
        patient=PhantomPatient(patient_id=f"PHANTOM-{job.seed}"),
        study=job.study,
        instance_number=job.instance_number,
        transfer_syntax_uid=request.transfer_syntax_uid,
        new_uid=lambda: job.sop_instance_uid,
    )
    return _true_clip(clip, job.sop_instance_uid)


def _true_clip(clip: "PhantomClip", sop_instance_uid: str) -> dict[str, Any]:
    contours: list[dict[str, Any]] = [
        {"structure": c.structure, "frame_index": c.frame_index, "points_px": [[round(v, 2) for v in p] for p in c.points_px]}
        for c in clip.contours
    ]
    ends = (("mitral_annulus_left", 0), ("mitral_annulus_right", -1))
    landmarks = [
        {"name": name, "frame_index": c["frame_index"], "point_px": c["points_px"][end]} for c in contours for name, end in ends
    ]
    return {
        "sop_instance_uid": sop_instance_uid,
        "view": clip.view.value,
        "echoview47": clip.echoview47,
        "mode": "b_mode",
        "quality": clip.quality,
        "frames": len(clip.frames),
        "contours": contours,
        "landmarks": landmarks,
        "ed_frames": list(clip.ed_frames),
        "es_frames": list(clip.es_frames),
    }


def _true_measurements(heart: Heart) -> list[dict[str, Any]]:
    """The heart's own EF, volumes and length; by whatever method a clinician estimates them, this is what is true."""
    true_values = {"ef": heart.ef_percent, "lvedv": heart.edv_ml, "lvesv": heart.esv_ml}
    rows = [
        {"key": f"{name}_{method}", "value": value, "unit": QUANTITIES[f"{name}_{method}"].unit}
        for method in ("bp", "a4c", "a2c")
        for name, value in true_values.items()
    ]
    return [*rows, {"key": "lv_len_d_a4c", "value": heart.length_ed_mm / 10, "unit": QUANTITIES["lv_len_d_a4c"].unit}]
