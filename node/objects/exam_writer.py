"""A whole synthetic examination as DICOM objects, and `truth.json` with everything that is true of it.

Every object says Quality Control Subject (0010,0200) = YES, so no synthetic image can be taken for a patient's.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from models.catalogue import Mode
from models.phantom.rendered import Rendered
from models.phantom.screens import Banner, compose, gate_mm
from node.objects import exam_pictures
from node.objects.exam_flaws import flaw_header, flawed_pixels, stated_regions
from node.objects.exam_plan import ExamDetail, ExamObject, ExamPlan, Kind, plan_exam
from node.objects.exam_truth import measurements, true_object
from node.objects.phantom_header import PhantomPatient, PhantomStudy, describe_patient_and_study, new_dataset, region_item
from node.objects.phantom_pixels import set_pixels
from node.objects.phantom_writer import WrittenStudy
from node.version import __version__

_FRAME_TIME = 0x00181063
_FIRST_DAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_PACE_S = 45  # between two objects of an examination
_NAMES = ("ADA", "BELA", "CARO", "DANA", "EDDA", "FINN", "GREGOR", "HANNA", "IDA", "JON", "KIRA", "LEO", "MAJA", "NILS", "OLGA")
# Image Type value 4 (PS3.3 C.8.5.6.1.1): the sum of what the picture shows, 2D being 1.
_SHOWN = {Mode.B_MODE: "0001", Mode.COLOUR: "0011", Mode.M_MODE: "0003", Mode.CW: "0005", Mode.PW: "0009", Mode.TDI: "0009"}


@dataclass(frozen=True)
class MadeObject:
    """One file, and its entry in `truth.json`."""

    path: Path
    truth: Mapping[str, Any]


def write_whole_study(
    out_dir: Path,
    *,
    seed: int,
    objects: int | None = None,
    flawed: bool = False,
    megabytes: float = 0.0,
    detail: ExamDetail | None = None,
    processes: int = 2,
) -> WrittenStudy:
    """The examination of one synthetic heart (drawn from `seed`) in `out_dir`: 38 to 54 objects, or as many as asked for.

    With `flawed`, two in five are wrong in ways that real files are, as `truth.json` says. About `megabytes` large, where that
    is not 0. The same arguments give the same bytes, UIDs and dates included. Made in `processes` parallel processes.
    """
    return write_planned(
        out_dir, plan_exam(seed, objects=objects, flawed=flawed, megabytes=megabytes, detail=detail), processes=processes
    )


def write_planned(out_dir: Path, plan: ExamPlan, *, processes: int = 2) -> WrittenStudy:
    """Every object of `plan` in `out_dir`, and `truth.json`."""
    made = list(make_objects(out_dir, plan, processes=processes))
    truth = write_truth(out_dir, plan, made)
    return WrittenStudy(tuple(one.path for one in made), truth["study"], truth)


def make_objects(out_dir: Path, plan: ExamPlan, *, processes: int = 2) -> Iterator[MadeObject]:
    """Each object as it is finished, in the order of the examination."""
    out_dir.mkdir(parents=True, exist_ok=True)
    jobs = [(out_dir, plan, index) for index in range(len(plan.objects))]
    if min(processes, len(jobs)) <= 1:
        yield from map(_make, jobs)
        return
    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(_make, jobs)
        finally:
            pool.shutdown(cancel_futures=True)


def write_truth(out_dir: Path, plan: ExamPlan, made: Sequence[MadeObject]) -> dict[str, Any]:
    """`truth.json` beside the objects, and what stands in it."""
    truth = {
        "study": _uid(plan, "study"),
        "clips": [dict(one.truth) for one in made],
        "measurements": measurements(exam_pictures.true_values_of(plan.seed)),
    }
    (out_dir / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return truth


def _make(job: tuple[Path, ExamPlan, int]) -> MadeObject:
    out_dir, plan, index = job
    planned = plan.objects[index]
    drawn = _picture(plan, planned)
    stored = flawed_pixels(drawn, planned.flaw)
    dataset = new_dataset(
        UltrasoundMultiFrameImageStorage if len(stored.frames) > 1 else UltrasoundImageStorage, _uid(plan, str(planned.number))
    )
    _describe_study(dataset, plan, planned)
    _describe_picture(dataset, stored)
    regions = stated_regions(drawn.regions, planned.flaw)
    if regions:
        dataset.SequenceOfUltrasoundRegions = [region_item(region) for region in regions]
    set_pixels(dataset, stored.frames, UID(planned.transfer_syntax_uid), jpeg_quality=plan.detail.jpeg_quality)
    flaw_header(dataset, planned.flaw)
    path = out_dir / planned.file_name
    dataset.save_as(path, enforce_file_format=True)
    return MadeObject(path, true_object(stored, planned, str(dataset.SOPInstanceUID)))


def _picture(plan: ExamPlan, planned: ExamObject) -> Rendered:
    detail = plan.detail

    def plane(echoview47: str, beats: float) -> Any:
        return exam_pictures.plane_of(
            plan.seed, echoview47, seed=planned.seed, quality=planned.quality, beats=beats, frames=detail.frames,
            frame_rate_hz=detail.frame_rate_hz, polar=detail.polar, colour=planned.kind is Kind.COLOUR,
        )  # fmt: skip

    content: Any
    gate = None
    if planned.kind is Kind.DISPLAY:
        assert planned.view is not None
        content = exam_pictures.trace_of(
            plan.seed, planned.view, seed=planned.seed, quality=planned.quality, seconds=detail.seconds
        )
        if planned.seed % 4:  # on some the plane is switched off
            above = plane(planned.above, 0.0)
            content, gate = (above, content), gate_mm(planned.view, above)
    else:
        content = plane(planned.echoview47, planned.beats)
    patient = _patient(plan)
    banner = Banner(
        patient.name.replace("^", ", "),
        patient.patient_id,
        "Synthetic Echo Laboratory",
        f"{_moment(plan, planned):%d/%m/%Y %H:%M:%S}",
    )
    return compose(content, plan.screen, planned.seed, annotation=planned.annotation, banner=banner, gate_mm=gate)


def _patient(plan: ExamPlan) -> PhantomPatient:
    random = np.random.default_rng([plan.seed, 0x9A71])
    height_m, weight_kg = exam_pictures.body_of(plan.seed)
    born = datetime(1935, 1, 1, tzinfo=UTC) + timedelta(days=int(random.integers(365 * 68)))
    name, sex = f"PHANTOM^{_NAMES[int(random.integers(len(_NAMES)))]}", "MF"[int(random.integers(2))]
    return PhantomPatient(name, f"PHANTOM-{plan.seed}", f"{born:%Y%m%d}", sex, height_m, weight_kg)


def _moment(plan: ExamPlan, planned: ExamObject) -> datetime:
    start = _FIRST_DAY + timedelta(days=plan.seed % 350, minutes=25 * (plan.seed % 19))
    return start + timedelta(seconds=_PACE_S * planned.number)


def _describe_study(dataset: Dataset, plan: ExamPlan, planned: ExamObject) -> None:
    start = _moment(plan, plan.objects[0])
    study = PhantomStudy(
        _uid(plan, "study"), _uid(plan, f"series {planned.series_number}"), start, f"E{plan.seed}", f"A{plan.seed % 10**8:08d}"
    )
    describe_patient_and_study(dataset, _patient(plan), study)
    moment = _moment(plan, planned)
    dataset.AcquisitionTime = dataset.ContentTime = f"{moment:%H%M%S}"
    dataset.AcquisitionDate = dataset.ContentDate = f"{moment:%Y%m%d}"
    dataset.SeriesNumber, dataset.InstanceNumber = planned.series_number, planned.number
    dataset.StationName, dataset.DeviceSerialNumber = f"ECHO{1 + plan.seed % 4}", f"PH{plan.seed % 97:05d}"
    dataset.InstitutionName, dataset.OperatorsName = (
        "Synthetic Echo Laboratory",
        f"SONOGRAPHER^{_NAMES[plan.seed % len(_NAMES)]}",
    )
    dataset.ProtocolName, dataset.SeriesDescription = "Adult echo", "Echocardiography"


def _describe_picture(dataset: Dataset, rendered: Rendered) -> None:
    """Cine, Multi-frame and US Image modules (PS3.3 C.7.6.5, C.7.6.6, C.8.5.6)."""
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "TTE", _SHOWN[rendered.mode]]
    dataset.PatientOrientation = ""
    dataset.HeartRate = round(rendered.heart_rate_bpm)
    dataset.TransducerType, dataset.TransducerData = "SECTOR_PHASED", ["PHANTOM_CARDIAC", "", ""]
    dataset.UltrasoundColorDataPresent = int(rendered.mode is Mode.COLOUR)
    if len(rendered.frames) == 1:
        return
    interval_ms = float(np.diff(rendered.frame_times_ms).mean())
    dataset.NumberOfFrames = len(rendered.frames)
    dataset.FrameTime = f"{interval_ms:.4f}"  # DS holds at most 16 characters
    dataset.FrameIncrementPointer = _FRAME_TIME
    dataset.CineRate = dataset.RecommendedDisplayFrameRate = max(1, round(1000 / interval_ms))
    dataset.RWaveTimeVector = list(rendered.r_wave_times_ms)


def _uid(plan: ExamPlan, of: str) -> str:
    """Another one for another heart, plan or version, so that no two different objects bear the same."""
    return f"2.25.{uuid5(NAMESPACE_URL, f'echonode phantom {__version__} {plan!r} {of}').int}"
