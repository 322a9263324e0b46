"""UIDs follow from the analysis alone: the same for ever, different for everything that differs."""

import re
from datetime import datetime

import pytest

from tests.factories import STUDY_UID, identity


def test_the_same_arguments_give_the_same_uid() -> None:
    assert identity().derived_uid(STUDY_UID, "seg", "1.2.3") == identity().derived_uid(STUDY_UID, "seg", "1.2.3")


def test_a_known_uid_never_changes() -> None:
    """A change here would build documents again under new UIDs, beside the old ones in every archive."""
    assert identity().derived_uid("1.2.3", "tid1500", "") == "2.25.328277836678965337138450069735528381414"


@pytest.mark.parametrize(
    "changed",
    [
        {"node_uuid": "11111111-2f5c-4f43-9d0e-6f3f6f1f2a11"},
        {"analysis_uuid": "11111111-7a53-4a52-8a52-cc9d1c1d6a77"},
        {"revision": 2},
    ],
)
def test_another_node_analysis_or_revision_gives_another_uid(changed: dict[str, object]) -> None:
    assert identity(**changed).derived_uid(STUDY_UID, "seg", "") != identity().derived_uid(STUDY_UID, "seg", "")


def test_every_argument_counts() -> None:
    derive = identity().derived_uid
    uids = {
        derive("1.2", "seg", "a"), derive("1.3", "seg", "a"), derive("1.2", "kos", "a"),
        derive("1.2", "seg", "b"), derive("1.2", "seg", "a", "series"),
    }  # fmt: skip
    assert len(uids) == 5


def test_what_is_tracked_keeps_its_uid_over_revisions() -> None:
    later = identity(revision=2, analysis_uuid="11111111-7a53-4a52-8a52-cc9d1c1d6a77")
    assert later.tracking_uid(STUDY_UID, "lv a4c") == identity().tracking_uid(STUDY_UID, "lv a4c")


def test_another_node_study_or_thing_is_tracked_under_another_uid() -> None:
    other_node = identity(node_uuid="11111111-2f5c-4f43-9d0e-6f3f6f1f2a11")
    uids = {
        identity().tracking_uid(STUDY_UID, "lv a4c"), identity().tracking_uid(STUDY_UID, "lv a2c"),
        identity().tracking_uid("1.2.3", "lv a4c"), other_node.tracking_uid(STUDY_UID, "lv a4c"),
    }  # fmt: skip
    assert len(uids) == 4
    assert all(re.fullmatch(r"2\.25\.[1-9]\d{0,38}", uid) for uid in uids)


def test_it_is_a_uid_of_root_2_25() -> None:
    uid = identity().derived_uid(STUDY_UID, "tid1500", "")
    assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", uid)
    assert len(uid) <= 64


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        identity(created_at=datetime(2026, 3, 4))  # noqa: DTZ001
