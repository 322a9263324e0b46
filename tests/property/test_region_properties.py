"""Whatever numbers stand in ultrasound regions, an object is read and its regions are checked without an error."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from node.objects.clip_reader import read_clip
from tests.unit.node.objects.ultrasound_object import as_file, moving_picture, ultrasound_object

_PLACE = st.integers(0, 2**32 - 1) | st.integers(0, 40)
_OFFSET = st.integers(-(2**31), 2**31 - 1) | st.integers(-40, 40)
_CODE = st.integers(0, 12) | st.just(65535)
_DELTA = st.floats() | st.floats(-1, 1) | st.sampled_from([0.0, -0.0, math.inf, math.nan, 5e-324, 1.7e308])
_OF_REGION = st.fixed_dictionaries(
    {
        **dict.fromkeys(("RegionSpatialFormat", "RegionDataType", "PhysicalUnitsXDirection", "PhysicalUnitsYDirection"), _CODE),
        **dict.fromkeys([f"RegionLocation{edge}" for edge in ("MinX0", "MinY0", "MaxX1", "MaxY1")], _PLACE),
        **dict.fromkeys(("PhysicalDeltaX", "PhysicalDeltaY"), _DELTA),
    },
    optional={
        **dict.fromkeys(("ReferencePixelX0", "ReferencePixelY0"), _OFFSET),
        **dict.fromkeys(("ReferencePixelPhysicalValueX", "ReferencePixelPhysicalValueY", "DopplerCorrectionAngle"), _DELTA),
    },
)


@settings(max_examples=150)
@given(st.lists(_OF_REGION, min_size=1, max_size=3))
def test_regions_of_any_numbers_are_checked(described: list[dict[str, float]]) -> None:
    regions = []
    for values in described:
        region = Dataset()
        for keyword, value in values.items():
            setattr(region, keyword, value)
        regions.append(region)
    clip = read_clip(as_file(ultrasound_object(moving_picture(2, 16, 16), SequenceOfUltrasoundRegions=regions)))
    for choice in (clip.b_mode_region(), clip.m_mode_region(), clip.spectral_region()):
        assert choice.region is None or all(math.isfinite(delta) and delta for delta in _deltas(choice.region))
    if (region := clip.b_mode_region().region) is not None:
        assert all(math.isfinite(side) and side > 0 for side in region.cm_per_px)


def _deltas(region: object) -> tuple[float, float]:
    return region.physical_delta_x, region.physical_delta_y  # type: ignore[attr-defined]
