"""What OHIF shows of segmentation and report: each outline on its frame, nothing on the others, and never a black page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from scipy.ndimage import binary_dilation, binary_erosion

from models.catalogue import Phase, View
from models.results import Beat, Caliper, CaliperKind, ClipFindings, Contour, FrameReference, Point
from node.egress.built_files import document_bytes
from sr_templates import key_frames, measurement_report, segmentation
from sr_templates.document import BuiltDocument
from sr_templates.masks import rasterise
from tests.factories import (
    A4C_UID,
    RELEASED_WEIGHTS,
    clip_findings,
    ellipse,
    evidence,
    identity,
    measurement,
    source_header,
    study_findings,
)
from tests.peers import ohif
from tests.peers.orthanc import Orthanc
from tests.waiting import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright.sync_api")
from tests.peers.ohif_page import OhifPage, browser

pytestmark = [pytest.mark.origins, pytest.mark.ohif, pytest.mark.orthanc, pytest.mark.browser]

FRAMES, ROWS, COLUMNS = 8, 120, 160
ED, ES = 2, 5  # frame indices
_PHASES = ((ED, Phase.END_DIASTOLE), (ES, Phase.END_SYSTOLE))
OUTLINES = {index: ellipse((80.0, 60.0), (30.0 - index, 40.0)) for index in range(FRAMES)}  # of another width on each frame
# Calipers: two ends (x, y) px, of another length on either frame, and a point.
LINES = {ED: ((79.0, 15.0), (79.0, 105.0)), ES: ((79.0, 35.0), (79.0, 95.0))}
PEAK, POINT = 6, (60.0, 70.0)
OF_255 = 2  # what the way to the screen may change of a colour

CLIPS = {
    "end-diastole and end-systole": {"contours": tuple(Contour("lv", index, OUTLINES[index]) for index in (ED, ES))},
    "every frame": {"contours": tuple(Contour("lv", index, outline) for index, outline in OUTLINES.items())},
    "no scale": {"contours": tuple(Contour("lv", index, OUTLINES[index]) for index in (ED, ES)), "cm_per_px": None},
}


def grey(frame_index: int) -> int:
    """Every frame is of one grey, each of another, so that the screen says which one it shows."""
    return 20 + 12 * frame_index


def clip_file(number: int) -> Dataset:
    """The first clip of a study of its own."""
    uid = f"{A4C_UID}.{number}"
    clip = source_header(
        uid, frames=FRAMES, Rows=ROWS, Columns=COLUMNS, StudyInstanceUID=f"{uid}.1", SeriesInstanceUID=f"{uid}.2"
    )
    clip.Modality, clip.SeriesNumber, clip.InstanceNumber = "US", 1, 1
    clip.SamplesPerPixel, clip.PhotometricInterpretation, clip.PixelRepresentation = 1, "MONOCHROME2", 0
    clip.BitsAllocated = clip.BitsStored = 8
    clip.HighBit = 7
    clip.FrameTime, clip.FrameIncrementPointer = "40", 0x00181063
    clip.WindowCenter, clip.WindowWidth = "128", "256"
    pixels = np.stack([np.full((ROWS, COLUMNS), grey(index), np.uint8) for index in range(FRAMES)])
    clip.add_new("PixelData", "OB", pixels.tobytes())
    clip.file_meta = FileMetaDataset()
    clip.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    clip.file_meta.MediaStorageSOPClassUID = clip.SOPClassUID
    clip.file_meta.MediaStorageSOPInstanceUID = clip.SOPInstanceUID
    return clip


def neighbour(clip: Dataset) -> Dataset:
    """Another clip of the same series, white: most carts make one series of a whole study."""
    other = deepcopy(clip)
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = f"{clip.SOPInstanceUID}.3"
    other.InstanceNumber = 2
    other.PixelData = b"\xff" * len(clip.PixelData)
    return other


def segmented(clip: Dataset, findings: ClipFindings) -> BuiltDocument:
    (document,) = segmentation.build(study_findings(clips=(findings,), measurements=()), evidence(clip), identity())
    return document


def reported(clip: Dataset, findings: ClipFindings) -> BuiltDocument:
    """The report of a hospital's own networks: volumes of one view at both ends of the beat, and the EF of both."""
    ed, es = (
        FrameReference(findings.sop_instance_uid, index + 1, phase)
        for index, phase in ((ED, Phase.END_DIASTOLE), (ES, Phase.END_SYSTOLE))
    )
    values = (("ef_a4c", 63.6, (ed, es)), ("lvedv_a4c", 70.0, (ed,)), ("lvesv_a4c", 25.5, (es,)))
    study = study_findings(
        clips=(replace(findings, models=(RELEASED_WEIGHTS,), beats=(Beat(ED, ES),)),),
        measurements=tuple(measurement(key, value, sources=sources) for key, value, sources in values),
        not_measured=(),
        models=(RELEASED_WEIGHTS,),
    )
    return measurement_report.build(study, evidence(clip), identity())[0]


def calipered(clip: Dataset, findings: ClipFindings) -> BuiltDocument:
    """The report of calipers: a diameter at both ends of the beat, and a point on another frame."""
    uid = findings.sop_instance_uid
    marks = {
        "lvidd_2d": Caliper(CaliperKind.LINE, uid, ED + 1, LINES[ED]),
        "lvids_2d": Caliper(CaliperKind.LINE, uid, ES + 1, LINES[ES]),
        "av_vmax": Caliper(CaliperKind.POINT, uid, PEAK + 1, (POINT,)),
    }
    study = study_findings(
        clips=(replace(findings, models=(RELEASED_WEIGHTS,)),),
        measurements=tuple(
            measurement(key, 3.5, sources=(FrameReference(uid, mark.frame_number),), calipers=(mark,))
            for key, mark in marks.items()
        ),
        not_measured=(),
        models=(RELEASED_WEIGHTS,),
    )
    return measurement_report.build(study, evidence(clip), identity())[0]


@dataclass(frozen=True)
class Viewer:
    """A PACS and the viewer in front of it; every study has a number of its own."""

    orthanc: Orthanc
    address: str
    browser: "Browser"
    numbers: Iterator[int]

    @contextmanager
    def study(self, make: Callable[[Dataset, ClipFindings], BuiltDocument], **changes: object) -> Iterator[OhifPage]:
        """A page with two clips and the document that `make` makes of one of them; `changes` to the clip's findings."""
        clip = clip_file(next(self.numbers))
        found = clip_findings(clip.SOPInstanceUID, rows=ROWS, columns=COLUMNS, number_of_frames=FRAMES, **changes)
        document = make(clip, found)
        for image in (clip, neighbour(clip)):
            file = BytesIO()
            image.save_as(file, enforce_file_format=True)
            self.orthanc.upload(file.getvalue())
        self.orthanc.upload(document_bytes(document))
        page = OhifPage(self.browser, self.address, clip.StudyInstanceUID)
        try:
            yield page
        finally:
            page.close()


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    orthanc = Orthanc(tmp_path_factory.mktemp("orthanc"), settings=ohif.orthanc_settings())
    with orthanc, ohif.served(orthanc.http_port) as address, browser() as started:
        yield Viewer(orthanc, address, started, count(1))


def image_rows(picture: NDArray[np.uint8], frame_index: int) -> NDArray[np.intp]:
    """Indices (rows,) of the screen's rows that show this frame: grey where no outline ever is, a tenth from the left."""
    left = picture[:, picture.shape[1] // 10].astype(int)
    return np.flatnonzero((abs(left - grey(frame_index)) <= OF_255).all(axis=1))


def coloured(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the picture is no grey: true in the outline, (rows, columns)."""
    return np.ptp(picture.astype(int), axis=2) > 10


def drawn_at(page: OhifPage, frame_index: int) -> NDArray[np.bool_] | None:
    """`drawn` (rows, columns), true where drawn, of a frame that is gone to every time one looks: a viewport that the viewer
    makes anew meanwhile shows another one.
    """
    page.go_to(frame_index + 1)
    return drawn(page, frame_index)


def unmarked(page: OhifPage, frame_index: int) -> bool:
    """Whether that frame, once it is shown, has nothing drawn on it."""
    drawing = wait_for(lambda: [one for one in [drawn_at(page, frame_index)] if one is not None], 60, f"no frame {frame_index}")
    return not drawing[0].any()


def drawn(page: OhifPage, frame_index: int) -> NDArray[np.bool_] | None:
    """What is drawn on that frame's image as it is shown, true in the outline, (rows, columns); None before it is shown."""
    picture = page.shown()
    rows = image_rows(picture, frame_index)
    if rows.size < 100:
        return None
    drawing = coloured(picture)[rows[0] : rows[-1] + 1]
    margin = drawing.shape[1] // 16  # the viewport's own border and slider
    drawing[:, :margin] = drawing[:, -margin:] = False
    return drawing


def agrees(drawing: NDArray[np.bool_] | None, mask: NDArray[np.uint8]) -> bool:
    """Whether the drawing (rows, columns), true inside, is the mask (rows, columns) of 0 and 1, but for the width of a line."""
    if drawing is None:
        return False
    expected = on_screen(mask, drawing.shape)
    return bool((drawing & expected).sum() > 0.96 * (drawing | expected).sum())


def on_screen(mask: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask (rows, columns) of 0 and 1 as large as the image is shown; true inside."""
    rows, columns = ((np.arange(size) + 0.5) * of / size for size, of in zip(shape, mask.shape, strict=True))
    return mask[rows.astype(int)][:, columns.astype(int)] > 0


@pytest.mark.parametrize("name", CLIPS)
def test_each_outline_is_shown_on_its_frame_and_nowhere_else(name: str, viewer: Viewer) -> None:
    outlined = {contour.frame_index for contour in CLIPS[name]["contours"]}
    with viewer.study(segmented, **CLIPS[name]) as page:
        page.open_document()
        page.keep_segmentation()
        for index in (*range(FRAMES), ED):  # forwards, and back to one
            if index in outlined:
                mask = rasterise(OUTLINES[index], ROWS, COLUMNS)
                wait_for(lambda i=index, m=mask: agrees(drawn_at(page, i), m), 60, f"frame {index} lacks its outline")
            else:
                assert unmarked(page, index), f"frame {index} has no outline"
        assert (page.errors, page.is_black(), page.hosts) == ([], False, {"127.0.0.1"})


def test_the_report_draws_its_outlines_on_their_frames(viewer: Viewer) -> None:
    """Of the ventricle's left half: the values are written to the right of the outline."""
    with viewer.study(reported, **CLIPS["end-diastole and end-systole"]) as page:
        page.open_document()
        mask = rasterise(OUTLINES[ED], ROWS, COLUMNS)
        wait_for(lambda: runs_along(drawn(page, ED), mask), 60, "the report does not open at end-diastole")
        for index in range(FRAMES):
            if index in (ED, ES):
                mask = rasterise(OUTLINES[index], ROWS, COLUMNS)
                wait_for(lambda i=index, m=mask: runs_along(drawn_at(page, i), m), 60, f"frame {index} lacks its outline")
            else:
                assert unmarked(page, index), f"frame {index} has no outline"
        assert (page.errors, page.is_black()) == ([], False)


def test_the_report_draws_its_calipers_on_their_frames(viewer: Viewer) -> None:
    """A line from end to end, left of which nothing is drawn; at a point the tip of an arrow."""
    with viewer.study(calipered, view=View.PLAX, contours=()) as page:
        page.open_document()
        page.leave_measurements()
        wait_for(lambda: runs_along(drawn(page, ED), line_mask(ED)), 60, "the report does not open at end-diastole")
        for index in range(FRAMES):
            if index in LINES:
                wait_for(lambda i=index: runs_along(drawn_at(page, i), line_mask(i)), 60, f"frame {index} lacks its line")
            elif index == PEAK:
                wait_for(lambda i=index: points_at(drawn_at(page, i), POINT), 60, f"frame {index} lacks its point")
            else:
                assert unmarked(page, index), f"frame {index} has no mark"
        assert (page.errors, page.is_black()) == ([], False)


def line_mask(frame_index: int) -> NDArray[np.uint8]:
    """The pixels of an upright line: (rows, columns) of 0 and 1."""
    (x, top), (_, bottom) = LINES[frame_index]
    mask = np.zeros((ROWS, COLUMNS), np.uint8)
    mask[round(top) : round(bottom) + 1, round(x)] = 1
    return mask


def points_at(drawing: NDArray[np.bool_] | None, point: Point) -> bool:
    """Whether something is drawn (rows, columns), true where drawn, within a pixel of the image around the point (x, y) px."""
    if drawing is None:
        return False
    scale = drawing.shape[1] / COLUMNS
    column, row = ((place + 0.5) * scale for place in point)
    near = drawing[round(row - scale) : round(row + scale) + 1, round(column - scale) : round(column + scale) + 1]
    return bool(near.any())


def runs_along(drawing: NDArray[np.bool_] | None, mask: NDArray[np.uint8]) -> bool:
    """Whether the left half of the drawing (rows, columns), true where drawn, is a line, dotted or not, along the whole border
    of the mask (rows, columns) of 0 and 1.
    """
    if drawing is None:
        return False
    inside = on_screen(mask, drawing.shape)
    border = binary_dilation(inside, iterations=6) & ~binary_erosion(inside, iterations=6)
    left = drawing[:, : drawing.shape[1] // 2]
    heights = np.flatnonzero(left.any(axis=1))
    tall = heights.size > 0 and np.ptp(heights) > 0.9 * np.ptp(np.flatnonzero(inside.any(axis=1)))
    return bool(tall and not (left & ~border[:, : left.shape[1]]).any())


def test_without_its_shared_groups_the_page_would_be_black(viewer: Viewer) -> None:
    """That is what this viewer does, so that a page which stays is worth something."""

    def without_groups(clip: Dataset, findings: ClipFindings) -> BuiltDocument:
        document = segmented(clip, findings)
        document.dataset.SharedFunctionalGroupsSequence = [Dataset()]
        return document

    with viewer.study(without_groups, **CLIPS["every frame"]) as page:
        assert not page.is_black()
        page.open_document()
        wait_for(page.is_black, 60, "the viewer bears it")
        assert "PixelMeasuresSequence" in page.errors[0]


def test_selections_of_frames_stand_in_no_viewers_way(viewer: Viewer) -> None:
    """OHIF lists a Key Object Selection and shows nothing of it; clips and report beside it open as without."""

    def with_selections(clip: Dataset, findings: ClipFindings) -> BuiltDocument:
        used = tuple(FrameReference(findings.sop_instance_uid, index + 1, phase) for index, phase in _PHASES)
        study = study_findings(clips=(findings,), measurements=(measurement("ef_a4c", 63.6, sources=used),), not_measured=())
        for build in (key_frames.build_best_in_set, key_frames.build_of_interest):
            (selection,) = build(study, evidence(clip), identity())
            viewer.orthanc.upload(document_bytes(selection))
        return reported(clip, findings)

    with viewer.study(with_selections, **CLIPS["end-diastole and end-systole"]) as page:
        page.open_document("EchoNode measurements")
        mask = rasterise(OUTLINES[ED], ROWS, COLUMNS)
        wait_for(lambda: runs_along(drawn(page, ED), mask), 60, "the report does not open at end-diastole")
        assert (page.errors, page.is_black()) == ([], False)
