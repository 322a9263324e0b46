"""What our documents state, our reader gives back: the same keys, values, units, methods and views, through bytes."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from models.catalogue import QUANTITIES, Direction
from models.results import Measurement, StudyFindings
from sr_templates import measurement_report
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.reading.measured_values import SRValue, measured_values
from sr_templates.reading.modifiers import Facet
from tests.factories import evidence, identity, measurement, study_findings
from tests.reports import as_read

KEYS = tuple(QUANTITIES)
NO_DEADLINE = settings(deadline=None, max_examples=25)


@st.composite
def several(draw: st.DrawFn) -> tuple[Measurement, ...]:
    """Any set of quantities, each with a possible value, over one beat or several, in the view and direction it is of."""
    return tuple(draw(measured(key)) for key in sorted(draw(st.sets(st.sampled_from(KEYS), min_size=1, max_size=25))))


def findings(measurements: tuple[Measurement, ...]) -> StudyFindings:
    return study_findings(measurements=measurements, not_measured=())


@st.composite
def measured(draw: st.DrawFn, key: str) -> Measurement:
    quantity = QUANTITIES[key]
    low, high = quantity.limits
    beats = draw(st.integers(1, 5))
    return measurement(
        key,
        draw(st.floats(low, high, allow_nan=False)),
        beats=beats,
        sd=draw(st.floats(0, (high - low) / 10)) if beats > 1 and draw(st.booleans()) else None,
        direction=draw(st.sampled_from(list(Direction))) if quantity.either_way else quantity.direction,
    )


def read_back(document: Dataset) -> dict[str, SRValue]:
    found = [value for value in measured_values(as_read(document)) if value.key is not None]
    assert len({value.key for value in found}) == len(found), "no key twice"
    return {str(value.key): value for value in found}


def assert_same(stated: Measurement, read: SRValue) -> None:
    code = QUANTITY_CODES[stated.key]
    step = 10.0**-code.decimals
    assert read.value is not None
    assert (read.unit, read.preferred) == (stated.unit, True)
    assert abs(read.value - stated.value) <= step, "to the digit that is written"
    assert read.modifiers.get(Facet.SITE) is not None
    assert read.modifiers.identity(Facet.SITE)[1] == code.finding_site.value


@NO_DEADLINE
@given(several())
def test_a_measurement_report_comes_back(measurements: tuple[Measurement, ...]) -> None:
    (built,) = measurement_report.build(findings(measurements), evidence(), identity())
    read = read_back(built.dataset)
    assert set(read) == {stated.key for stated in measurements}
    for stated in measurements:
        value = read[stated.key]
        assert_same(stated, value)
        assert value.view == stated.view
        code = QUANTITY_CODES[stated.key]
        assert value.stated(Facet.METHOD) == (code.method.meaning if code.method else "")
        assert value.beats == (stated.beats if stated.beats > 1 else None)
        assert (value.sd is None) == (stated.sd is None)
        assert {image.sop_instance_uid for image in value.images} == {source.sop_instance_uid for source in stated.sources}


def test_every_quantity_at_once_comes_back() -> None:
    """Bug prevented: two rows of the catalogue that a report states in the same words."""
    measurements = tuple(measurement(key, sum(QUANTITIES[key].limits) / 2, direction=QUANTITIES[key].direction) for key in KEYS)
    (built,) = measurement_report.build(findings(measurements), evidence(), identity())
    assert set(read_back(built.dataset)) == set(KEYS)
