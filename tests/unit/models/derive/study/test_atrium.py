"""The left atrium of two planes: which outlines go together, and when they contradict each other."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.catalogue import View
from models.derive.study.quantities import derive_study
from models.results import Caliper, CaliperKind, ClipFindings, Measurement, NotMeasured, ReadValue, Reason, of_frames
from tests.factories import A2C_UID, A4C_UID, clip_findings

CM_PER_PX = (0.05, 0.05)


def dome(width_cm: float, length_cm: float) -> tuple[tuple[float, float], ...]:
    """Half an ellipse below its flat annulus, in px."""
    angles = np.linspace(math.pi, 0, 181)
    return tuple((40 + width_cm / 2 * math.cos(a) / 0.05, 20 + length_cm * math.sin(a) / 0.05) for a in angles)


def atrium(view: View, uid: str, *sizes_cm: tuple[float, float], **changes: Any) -> ClipFindings:
    frames = range(10, 10 + len(sizes_cm))
    outlines = tuple(
        Caliper(CaliperKind.OUTLINE, uid, frame + 1, dome(*size)) for frame, size in zip(frames, sizes_cm, strict=True)
    )
    sources = tuple(replace(source, sop_instance_uid=uid) for source in of_frames(*frames))
    value = ReadValue(f"la_vol_mod_{view}", "mL", 50.0, sources, len(sizes_cm), model="us", calipers=outlines)
    return clip_findings(uid, view, values=(value,), contours=(), beats=(), cm_per_px=CM_PER_PX, **changes)


def biplane(*clips: ClipFindings) -> dict[str, Measurement | NotMeasured]:
    study = derive_study("1", clips, asked=("la_vol_mod_a4c", "la_vol_mod_a2c"))
    return {one.key: one for one in (*study.measurements, *study.not_measured) if one.key in ("la_vol_mod_bp", "la_vol_al_bp")}


def test_two_planes_of_an_ellipsoid_give_its_volume() -> None:
    found = biplane(atrium(View.A4C, A4C_UID, (4.0, 5.0)), atrium(View.A2C, A2C_UID, (5.0, 5.0)))
    true = 2 / 3 * math.pi * 5.0 * 2.0 * 2.5
    discs, by_area = found["la_vol_mod_bp"], found["la_vol_al_bp"]
    assert isinstance(discs, Measurement)
    assert isinstance(by_area, Measurement)
    assert discs.value == pytest.approx(true, rel=0.003)
    assert by_area.value == pytest.approx(8 / (3 * math.pi) * (math.pi / 4 * 4 * 5) * (math.pi / 4 * 5 * 5) / 5, rel=0.003)
    assert [source.sop_instance_uid for source in discs.sources] == [A4C_UID, A2C_UID]
    assert (discs.beats, discs.sd, discs.calipers, discs.view) == (1, None, (), None)


def test_beats_go_in_pairs() -> None:
    found = biplane(
        atrium(View.A4C, A4C_UID, (4.0, 5.0), (4.4, 5.0), (9.0, 5.0)), atrium(View.A2C, A2C_UID, (4.0, 5.0), (4.0, 5.0))
    )
    discs = found["la_vol_mod_bp"]
    assert isinstance(discs, Measurement)
    assert discs.beats == 2
    assert discs.value == pytest.approx(2 / 3 * math.pi * 5.0 * 2.0 * 2.1, rel=0.003)


def test_lengths_more_than_5_mm_apart_give_no_volume() -> None:
    near = biplane(atrium(View.A4C, A4C_UID, (4.0, 5.0)), atrium(View.A2C, A2C_UID, (4.0, 5.45)))
    far = biplane(atrium(View.A4C, A4C_UID, (4.0, 5.0)), atrium(View.A2C, A2C_UID, (4.0, 5.55)))
    assert {type(one) for one in near.values()} == {Measurement}
    assert {one.reasons for one in far.values() if isinstance(one, NotMeasured)} == {(Reason.DISAGREEMENT,)}


def test_a_plane_that_lacks_takes_the_volume_with_it_and_says_why() -> None:
    found = biplane(atrium(View.A4C, A4C_UID, (4.0, 5.0)))
    assert {one.key: one.reasons for one in found.values() if isinstance(one, NotMeasured)} == {
        "la_vol_mod_bp": (Reason.VIEW_MISSING,),
        "la_vol_al_bp": (Reason.VIEW_MISSING,),
    }
    assert not {one.key for one in derive_study("1", [clip_findings()]).not_measured} & {"la_vol_mod_bp", "la_vol_al_bp"}
