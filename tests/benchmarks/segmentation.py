"""How long a segmentation takes to build, as a ratio to highdicom in the same run: `python -m tests.benchmarks.segmentation`.

highdicom refuses ultrasound clips, which have no Frame of Reference. So it gets an easier case: a made-up multi-frame object
that has one, and finished masks. Ours gets outlines and draws the masks itself. Both end with bytes that are compared.
"""

import statistics
import time
from collections.abc import Callable
from io import BytesIO

import highdicom as hd
import numpy as np
from highdicom.sr.coding import CodedConcept
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid
from rich.console import Console
from rich.table import Table

from models.results import ClipFindings, Contour
from sr_templates import segmentation
from sr_templates.masks import rasterise
from tests.factories import clip_findings, ellipse, evidence, identity, source_header, study_findings

ROWS, COLUMNS, FRAMES, POINTS, ROUNDS = 600, 800, 60, 200, 25


def outlined_clip() -> ClipFindings:
    contours = tuple(
        Contour("lv", index, ellipse((400.0, 300.0), (120.0 - index % 20, 200.0 - index % 20), POINTS))
        for index in range(FRAMES)
    )
    return clip_findings(rows=ROWS, columns=COLUMNS, number_of_frames=FRAMES, contours=contours)


def easier_source() -> Dataset:
    """What highdicom asks of a multi-frame source: a Frame of Reference, and where each frame lies in it."""
    source = source_header(frames=FRAMES, Rows=ROWS, Columns=COLUMNS)
    source.FrameOfReferenceUID = generate_uid(entropy_srcs=["benchmark"])
    source.BitsAllocated, source.PixelRepresentation, source.SamplesPerPixel = 8, 0, 1
    measures, orientation, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.5], 1
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    source.SharedFunctionalGroupsSequence = [shared]
    source.PerFrameFunctionalGroupsSequence = [_at(index) for index in range(FRAMES)]
    source.file_meta = FileMetaDataset()
    source.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    source.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    return source


def _at(index: int) -> Dataset:
    position, group = Dataset(), Dataset()
    position.ImagePositionPatient = [0, 0, -index]  # upwards, highdicom would turn the time round
    group.PlanePositionSequence = [position]
    return group


def by_highdicom(source: Dataset, masks: NDArray[np.uint8]) -> Dataset:
    description = hd.seg.SegmentDescription(
        1, "LV cavity", CodedConcept.from_code(codes.SCT.AnatomicalStructure), CodedConcept.from_code(codes.SCT.LeftVentricle),
        hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        hd.AlgorithmIdentificationSequence("benchmark", CodedConcept.from_code(codes.DCM.ArtificialIntelligence), "1"),
    )  # fmt: skip
    return hd.seg.Segmentation(
        [source], masks, hd.seg.SegmentationTypeValues.BINARY, [description], generate_uid(), 1, generate_uid(), 1,
        "EchoNode", "benchmark", "1", "1",
    )  # fmt: skip


def timed(build: Callable[[], Dataset]) -> tuple[float, float, bytes]:
    """CPU seconds until the object is there, and until its bytes are; its pixels."""
    started = time.process_time()
    dataset = build()
    built = time.process_time()
    dataset.save_as(BytesIO(), enforce_file_format=True)
    return built - started, time.process_time() - started, bytes(dataset.PixelData)


def main() -> None:
    clip = outlined_clip()
    findings, found = (
        study_findings(clips=(clip,), measurements=()),
        evidence(source_header(frames=FRAMES, Rows=ROWS, Columns=COLUMNS)),
    )
    masks = np.stack([rasterise(contour.points_px, ROWS, COLUMNS) for contour in clip.contours])
    source = easier_source()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(timed(lambda: segmentation.build(findings, found, identity())[0].dataset))
        theirs.append(timed(lambda: by_highdicom(source, masks)))
        assert ours[-1][2] == theirs[-1][2], "the same masks give the same bytes"
    table = Table(f"{FRAMES} frames {ROWS} x {COLUMNS}", "EchoNode", "highdicom", "ratio")
    for column, name in enumerate(("built", "as bytes")):
        our_s, their_s = (statistics.median(run[column] for run in runs) for runs in (ours, theirs))
        table.add_row(name, f"{1000 * our_s:.1f} ms", f"{1000 * their_s:.1f} ms", f"{our_s / their_s:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
