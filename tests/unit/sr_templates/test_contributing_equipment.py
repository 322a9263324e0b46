"""Which algorithms a document comes from, as devices that are the same at every site."""

from dataclasses import replace

import pytest

from models.results import ModelUse
from node.egress.building import build_templates
from sr_templates.contributing_equipment import contributing_equipment, device_uid
from tests.factories import PHANTOM_WEIGHTS, RELEASED_WEIGHTS, evidence, identity, study_findings

OTHER_NODE = "11111111-2222-4333-8444-555555555555"


def test_every_document_names_each_algorithm_once() -> None:
    for document in build_templates(study_findings(), evidence(), identity()):
        (item,) = document.dataset.ContributingEquipmentSequence
        (purpose,) = item.PurposeOfReferenceCodeSequence
        assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("109102", "DCM")  # CID 7005
        assert (item.ManufacturerModelName, item.SoftwareVersions) == (PHANTOM_WEIGHTS.name, PHANTOM_WEIGHTS.version)
        assert item.Manufacturer == "EchoNode"
        assert item.DeviceUID == device_uid(PHANTOM_WEIGHTS)
        assert PHANTOM_WEIGHTS.weights_sha256 in item.ContributionDescription


def test_a_device_is_its_weights_at_every_site_and_by_whatever_they_are_computed() -> None:
    uid = device_uid(RELEASED_WEIGHTS)
    assert uid.startswith("2.25.")
    assert len(uid) <= 64
    assert device_uid(replace(RELEASED_WEIGHTS, engine="openvino", name="renamed")) == uid
    assert device_uid(replace(RELEASED_WEIGHTS, weights_sha256="ef" * 32)) != uid
    assert device_uid(replace(RELEASED_WEIGHTS, weights_sha256="")) not in ("", uid)
    (here,) = contributing_equipment([RELEASED_WEIGHTS], identity())
    (there,) = contributing_equipment([RELEASED_WEIGHTS], identity(node_uuid=OTHER_NODE))
    assert here == there


def test_a_device_uid_stays_for_ever() -> None:
    assert device_uid(RELEASED_WEIGHTS) == "2.25.137961324547924624951522726882315805670"


@pytest.mark.parametrize("name", ["n" * 80, "a\\b"])
def test_a_name_of_any_form_is_one_value(name: str) -> None:
    (item,) = contributing_equipment([ModelUse(name, "1", "ab" * 32, False)], identity())
    assert len(item.ManufacturerModelName) <= 64
    assert isinstance(item.ManufacturerModelName, str)


def test_the_same_network_on_another_engine_is_no_other_device() -> None:
    uses = [RELEASED_WEIGHTS, replace(RELEASED_WEIGHTS, engine="openvino")]
    assert len(contributing_equipment(uses, identity())) == 1
