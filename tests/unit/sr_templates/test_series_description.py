"""What a list of series shows of our documents."""

import importlib
import pkgutil
from dataclasses import replace
from itertools import pairwise

import sr_templates
from models.catalogue import View
from node.egress.building import build_templates
from sr_templates.document import DocumentKind, series_description
from sr_templates.segmentation import KIND as SEGMENTATION
from tests.factories import (
    SERIES_UID,
    clip_findings,
    evidence,
    identity,
    lv_contours,
    source_header,
    study_findings,
)

CLIPS = ((View.A4C, 1), (View.A4C, 2), (View.A2C, 3))


def test_three_segmentations_of_one_study_are_told_apart() -> None:
    clips = tuple(clip_findings(f"{SERIES_UID}.{number}", view, contours=lv_contours([0])) for view, number in CLIPS)
    findings = study_findings(clips=clips, measurements=(), not_measured=())
    found = evidence(*(source_header(f"{SERIES_UID}.{number}") for _, number in CLIPS))
    built = build_templates(findings, found, identity(revision=2))
    assert [one.dataset.SeriesDescription for one in built if one.template == "seg"] == [
        "RESEARCH: EchoNode segmentation #1 A4C, revision 2",
        "RESEARCH: EchoNode segmentation #2 A4C, revision 2",
        "RESEARCH: EchoNode segmentation #3 A2C, revision 2",
    ]


def test_released_weights_say_no_research() -> None:
    assert series_description(SEGMENTATION, identity(), "#1 A4C") == "EchoNode segmentation #1 A4C, revision 1"
    assert series_description(SEGMENTATION, identity()) == "EchoNode segmentation, revision 1"


def test_no_description_is_longer_than_its_vr_and_the_revision_stays() -> None:
    long = replace(identity(), revision=123)
    for length in range(80):
        text = series_description(SEGMENTATION, long, "x" * length, research=True)
        assert len(text) <= 64
        assert text.startswith("RESEARCH: EchoNode segmentation")
        assert text.endswith(", revision 123")


def test_series_of_two_templates_have_numbers_of_their_own() -> None:
    """Three templates once began at 9400: viewers list series by number. Each has room for its parts."""
    modules = [importlib.import_module(f"sr_templates.{found.name}") for found in pkgutil.iter_modules(sr_templates.__path__)]
    kinds = {each for module in modules for each in vars(module).values() if isinstance(each, DocumentKind)}
    first = sorted({(kind.series_number, kind.template) for kind in kinds})
    assert len(first) == len({kind.template for kind in kinds}) > 5
    assert all(after - before >= 10 for (before, _), (after, _) in pairwise(first))
