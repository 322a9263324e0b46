"""Documents of objects whose header says less than their bytes."""

import json
from importlib import resources

import pytest

from node.egress import building
from node.egress.building import build_templates
from tests.factories import evidence, identity, source_header, study_findings


@pytest.mark.slow
@pytest.mark.parametrize("stated", [None, 0, 2, 19])
def test_frames_beyond_those_that_the_header_states_are_referred_to(stated: int | None) -> None:
    headers = [source_header(clip.sop_instance_uid) for clip in study_findings().clips]
    for header in headers:
        if stated is None:
            del header.NumberOfFrames
        else:
            header.NumberOfFrames = stated
    built = build_templates(study_findings(), evidence(*headers), identity())
    assert not built.problems
    assert {document.template for document in built} >= {"tid1500", "seg"}
    segmentation = next(document.dataset for document in built if document.template == "seg")
    assert segmentation.NumberOfFrames == 20


def test_the_schema_of_the_summary_knows_every_template() -> None:
    """A program that checks `summary.json` once refused a study for a template that was new."""
    schema = json.loads(resources.files("node").joinpath("schemas/summary.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["documents"]["items"]["properties"]["template"]["enum"] == list(building.TEMPLATES)
