"""Keys of profiles: in UIDs and in the database for ever."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from node.settings import Destination
from sr_templates.profile import COMMON, DIALECT, PROFILE_FIELDS, REPORT, Profile
from tests.factories import STUDY_UID, identity

profiles = st.builds(
    Profile,
    scheme=st.sampled_from(["sct", "srt"]),
    findings=st.sampled_from(["59776-5", "121070"]),
    velocity=st.sampled_from(["m/s", "cm/s"]),
    replicates=st.booleans(),
    fill=st.sampled_from(["missing", "all", "none_if_cart_sr"]),
    strict=st.booleans(),
)


@given(profiles, profiles)
def test_different_profiles_have_different_keys(one: Profile, other: Profile) -> None:
    assert (one.key() == other.key()) == (one == other)
    assert len(one.key()) <= 255  # what the database's column holds


def test_keys_stay_as_they_are() -> None:
    """A key that changes would send a document again, under another UID."""
    every = Profile("srt", "121070", "cm/s", True, "none_if_cart_sr", True, True)
    assert every.key() == "scheme=srt;findings=121070;velocity=cm/s;replicates;fill=none_if_cart_sr;strict;heat_maps"


def test_the_default_profile_leaves_uids_as_they_were() -> None:
    uid = identity().derived_uid(STUDY_UID, "tid1500", "")
    assert uid == "2.25.308621789012160685247234104696220065670"
    assert replace(identity(), profile=Profile(strict=True)).derived_uid(STUDY_UID, "tid1500", "") != uid


def test_a_destination_chooses_nothing_by_default() -> None:
    assert Destination(name="pacs").profile == Profile()
    assert set(PROFILE_FIELDS) == COMMON | DIALECT | REPORT
