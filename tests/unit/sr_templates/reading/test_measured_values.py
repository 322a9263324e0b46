"""Reports as carts write them: every number with its key and unit, the one of several that counts, what is not understood."""

from copy import deepcopy

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from sr_templates.reading.content_tree import read_report
from sr_templates.reading.measured_values import SRValue, measured_values
from sr_templates.reading.modifiers import Facet
from tests import reports
from tests.reports import as_read, code_item, coded, container, document, image, number, section, text


def values(dataset: Dataset) -> tuple[SRValue, ...]:
    return measured_values(as_read(dataset))


def keyed(dataset: Dataset) -> dict[str, tuple[float | None, str]]:
    """What counts, by key."""
    return {value.key: (value.value, value.unit) for value in values(dataset) if value.key and value.preferred}


def doubled(name: reports.Coded, value: str, unit: str, *modifiers: Dataset) -> tuple[Dataset, Dataset]:
    """As a Vivid T8 writes every value: once with Selection Status, once without."""
    chosen = coded(reports.SELECTION, reports.MEAN_CHOSEN, "HAS PROPERTIES")
    return number(name, value, unit, *deepcopy(modifiers), chosen), number(name, value, unit, *deepcopy(modifiers))


def flow(direction: reports.Coded) -> Dataset:
    return coded(reports.FLOW, direction)


def cart() -> Dataset:
    """TID 5200 of SNOMED RT, modes at the groups, sites at the sections, raw decimals, everything twice."""
    method = coded(reports.METHOD, reports.BIPLANE)
    single = (coded(reports.METHOD, reports.SINGLE_PLANE), coded(reports.VIEW, reports.A4C, "HAS ACQ CONTEXT"))
    tract = coded(reports.FINDING_SITE, reports.OUTFLOW_TRACT)
    return document(
        section(
            reports.LEFT_VENTRICLE,
            reports.TWO_D,
            *doubled(reports.EF, "61.2345678901234", "%", method),
            *doubled(reports.EF, "58.1", "%", *single),
            *doubled(reports.EDV, "120345.6", "mm3", method),
            *doubled(reports.LVIDD, "47.123", "mm"),
            *doubled(("G-038F", "SRT", "Cardiovascular Orifice Diameter"), "2.0512345678901", "cm", tract),
            *doubled(("GEU-106-0050", "99GEMS", "Global strain"), "-18.2", "%"),
        ),
        section(reports.LEFT_VENTRICLE, reports.M_MODE, number(reports.LVIDD, "0.049", "m")),
        section(reports.LEFT_ATRIUM, reports.TWO_D, *doubled(reports.DIAMETER, "38.5", "mm")),
        section(
            reports.TRICUSPID_VALVE,
            reports.CONTINUOUS,
            *doubled(reports.PEAK_VELOCITY, "2.61", "m/s", flow(reports.REGURGITANT)),
            *doubled(reports.PEAK_GRADIENT, "27.2", "mm[Hg]", flow(reports.REGURGITANT)),
        ),
        section(
            reports.AORTIC_VALVE,
            reports.CONTINUOUS,
            *doubled(reports.PEAK_VELOCITY, "134.1", "cm/s", flow(reports.ANTEGRADE)),
            *doubled(reports.PEAK_GRADIENT, "7.2", "mmHg", flow(reports.ANTEGRADE)),
        ),
    )


def test_a_carts_report_gives_its_keys() -> None:
    """Bug prevented: an importer that takes the last of three ejection fractions, or an aortic gradient for a tricuspid one."""
    assert keyed(cart()) == {
        "ef_bp": (61.2345678901234, "%"),
        "ef_a4c": (58.1, "%"),
        "lvedv_bp": (120.3456, "mL"),
        "lvidd_2d": (4.7123, "cm"),
        "lvidd_mm": (4.9, "cm"),
        "lvot_diam": (2.0512345678901, "cm"),
        "la_diam_ap_2d": (3.85, "cm"),
        "tr_vmax": (2.61, "m/s"),
        "tr_pg": (27.2, "mm[Hg]"),
        "av_vmax": (1.341, "m/s"),
        "av_pg": (7.2, "mm[Hg]"),
    }


def test_nothing_is_dropped() -> None:
    found = values(cart())
    assert len(found) == 23
    assert sum(value.preferred for value in found) == 12
    private = [value for value in found if value.key is None]
    assert [(value.name, value.value, value.unit, value.preferred) for value in private] == [
        ("Global strain", -18.2, "%", True),
        ("Global strain", -18.2, "%", False),
    ]
    assert private[0].why == "private code of 99GEMS: no key for this concept"
    assert found[0].path == "1.1.2.2"
    assert found[0].sections == ("Adult Echocardiography Procedure Report", "Findings", "Measurement Group")


def test_what_a_container_says_holds_for_what_stands_in_it() -> None:
    tract = next(value for value in values(cart()) if value.key == "lvot_diam")
    assert [str(code) for code in tract.modifiers.stated[Facet.SITE]] == ["Left Ventricle Outflow Tract", "Left Ventricle"]
    assert tract.stated(Facet.SITE) == "Left Ventricle Outflow Tract", "the nearest holds"
    assert tract.stated(Facet.MODE) == "2D mode"


def lvidd(value: str, *modifiers: Dataset) -> Dataset:
    return number(reports.LVIDD, value, "cm", *modifiers)


SELECTED = {code: coded(reports.SELECTION, (code, "DCM", code), "HAS PROPERTIES") for code in ("121410", "121411", "121412")}
MEAN = coded(reports.DERIVATION, reports.MEAN)


@pytest.mark.parametrize(
    ("numbers", "counts"),
    [
        ((lvidd("4.1"), lvidd("4.2"), lvidd("4.3")), 4.3),
        ((lvidd("4.1"), lvidd("4.2", MEAN), lvidd("4.3")), 4.2),
        ((lvidd("4.1", SELECTED["121411"]), lvidd("4.2", MEAN), lvidd("4.3")), 4.1),
        ((lvidd("4.1", SELECTED["121410"]), lvidd("4.2", SELECTED["121412"])), 4.1),
        ((lvidd("4.1", SELECTED["121411"]), lvidd("4.2", SELECTED["121412"]), lvidd("4.3", SELECTED["121411"])), 4.2),
        ((lvidd("4.1"), lvidd("4.2", coded(reports.DERIVATION, ("R-10047", "SRT", "Standard Deviation")))), 4.1),
    ],
    ids=["last", "mean", "chosen before mean", "user before mean chosen", "mean chosen before recent", "deviation never"],
)
def test_of_several_one_counts(numbers: tuple[Dataset, ...], counts: float) -> None:
    assert keyed(document(section(reports.LEFT_VENTRICLE, reports.TWO_D, *numbers))) == {"lvidd_2d": (counts, "cm")}


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (lvidd("4.7"), ""),
        (number(reports.LVIDD, "4.7", None), "unit missing, where cm is measured"),
        (number(reports.LVIDD, "4.7", "kumquat"), "unit kumquat, where cm is measured"),
        (number(reports.LVIDD, "4.7", "mL"), "unit mL, where cm is measured"),
        (number(None, "4.7", "cm"), "no concept name"),
    ],
)
def test_a_number_whose_unit_is_not_known_has_no_key(item: Dataset, why: str) -> None:
    """Bug prevented: a length whose scale is guessed from its size."""
    (found,) = values(document(section(reports.LEFT_VENTRICLE, reports.TWO_D, item)))
    assert (found.why, found.key is None, found.value) == (why, bool(why), 4.7)


@pytest.mark.parametrize(
    "written", ["4,7", "about 5", "NaN", "inf", "1e999", pytest.param("0." + "1" * 99_999, id="long"), "1\\2"]
)
def test_what_is_no_number_is_listed_without_a_value(written: str) -> None:
    """Bug prevented: a number of a million digits, whose exact conversion takes for ever."""
    item = lvidd("4.7")
    tag = Tag("NumericValue")
    raw = RawDataElement(tag, "DS", len(written), written.encode(), 0, is_implicit_VR=False, is_little_endian=True)
    item.MeasuredValueSequence[0] = Dataset({**dict(item.MeasuredValueSequence[0].items()), tag: raw})
    (found,) = measured_values(read_report(document(section(reports.LEFT_VENTRICLE, reports.TWO_D, item))))
    assert (found.key, found.value, found.candidates) == (None, None, ("lvidd_2d",))


def test_a_percentage_is_not_made_of_a_share() -> None:
    share = number(reports.EF, "0.63", "1", coded(reports.METHOD, reports.BIPLANE))
    (found,) = values(document(section(reports.LEFT_VENTRICLE, reports.TWO_D, share)))
    assert (found.key, found.value, found.candidates) == (None, 0.63, ("ef_bp",))


def test_a_ratio_needs_no_unit() -> None:
    ratio = number(("18038-0", "LN", "Mitral Valve E to A Ratio"), "1.3", None)
    (found,) = values(document(section(reports.MITRAL_VALVE, None, ratio)))
    assert (found.key, found.value, found.unit) == ("mv_ea", 1.3, "1")
    assert found.notes == ("no unit stated, and none needed",)


def test_a_value_that_says_why_it_is_missing_is_listed() -> None:
    item = lvidd("0")
    item.MeasuredValueSequence = []
    item.NumericValueQualifierCodeSequence = [code_item(("114006", "DCM", "Measurement failure"))]
    (found,) = values(document(section(reports.LEFT_VENTRICLE, reports.TWO_D, item)))
    assert (found.key, found.value) == (None, None)
    assert found.why == "no value stated: Measurement failure"


def test_statistics_belong_to_their_value_and_its_premises_stand_beside_it() -> None:
    spread = number(("R-10047", "SRT", "Standard Deviation"), "3", "mm", relationship="HAS PROPERTIES")
    pressure = number(("18070-3", "LN", "Right Atrium Systolic Pressure"), "8", "mm[Hg]", relationship="INFERRED FROM")
    systolic = number(("G-0380", "SRT", "Right Ventricular Peak Systolic Pressure"), "35", "mm[Hg]", pressure)
    found = values(document(section(reports.LEFT_VENTRICLE, reports.TWO_D, lvidd("4.7", spread), systolic)))
    assert [(value.key, value.value, value.sd) for value in found] == [
        ("lvidd_2d", 4.7, 0.3),
        ("rvsp", 35.0, None),
        ("rap", 8.0, None),
    ]


def test_what_is_of_an_earlier_study_or_of_a_stage_has_no_key() -> None:
    """Bug prevented: the value of last year, or under stress, in the field of today's heart at rest."""
    ivsd = ("79969-2", "LN", "Interventricular septum diastolic dimension 2D")
    rest = coded(reports.STAGE, ("128975004", "SCT", "Resting State"), "HAS ACQ CONTEXT")
    found = values(
        document(
            container(("121068", "DCM", "Previous Findings"), number(ivsd, "1.1", "cm")),
            container(("125310", "DCM", "Staged Measurements"), number(ivsd, "1.2", "cm"), number(ivsd, "1.3", "cm", rest)),
        )
    )
    assert [(value.key, value.why) for value in found] == [
        (None, "of an earlier study"),
        (None, "stage Staged Measurements: not of a heart at rest"),
        ("ivsd_2d", ""),
    ]


def test_the_sign_of_a_velocity_is_its_direction_on_the_display() -> None:
    jet = number(reports.PEAK_VELOCITY, "-261", "cm/s", flow(reports.REGURGITANT))
    (found,) = values(document(section(reports.TRICUSPID_VALVE, reports.CONTINUOUS, jet)))
    assert (found.key, found.value, found.notes) == ("tr_vmax", 2.61, ("the sign is the direction on the display",))


def test_images_are_found_by_value_by_reference_behind_coordinates_and_at_the_group() -> None:
    by_reference, coordinates = Dataset(), Dataset()
    by_reference.RelationshipType, by_reference.ReferencedContentItemIdentifier = "INFERRED FROM", [1, 1, 1]
    coordinates.RelationshipType, coordinates.ValueType, coordinates.GraphicType = "INFERRED FROM", "SCOORD", "POINT"
    coordinates.ContentSequence = [image("1.2.3", 9)]
    found = values(
        document(
            container(("111028", "DCM", "Image Library"), image("1.2.1")),
            container(
                reports.GROUP,
                image("1.2.4", 2),
                lvidd("4.1", by_reference),
                lvidd("4.2", image("1.2.2", 3, 5)),
                lvidd("4.3", coordinates),
                lvidd("4.4"),
            ),
        )
    )
    assert [[(i.sop_instance_uid, i.frames) for i in value.images] for value in found] == [
        [("1.2.1", ())],
        [("1.2.2", (3, 5))],
        [("1.2.3", (9,))],
        [("1.2.4", (2,))],
    ]


def simplified() -> Dataset:
    """The example of PS3.17 CCCC.5: pre-coordinated, post-coordinated and ad hoc measurements."""

    def own(name: str, value: reports.Coded) -> Dataset:
        numbers = {"type": "125306", "observation": "125305", "property": "125307", "divisor": "125308"}
        return coded((numbers[name], "DCM", name), value)

    user = coded(reports.SELECTION, ("121410", "DCM", "User chosen value"), "HAS PROPERTIES")
    label = text(reports.SHORT_LABEL, "LVPWd (2D)")
    size = ("80007-8", "LN", "Left ventricular internal diastolic dimension - 2D")
    return document(
        container(
            ("125301", "DCM", "Pre-coordinated Measurements"),
            number(("79969-2", "LN", "Interventricular septum diastolic dimension 2D"), "1.00", "cm"),
            number(("79991-6", "LN", "Left ventricular ejection fraction biplane (MOD)"), "70.3", "%"),
            number(size, "5.1", "cm"),
            number(size, "5.2", "cm", user),
            number(size, "5.3", "cm"),
            number(("80031-8", "LN", "Left ventricular posterior wall diastolic thickness"), "0.9", "cm", label),
        ),
        container(
            ("125302", "DCM", "Post-coordinated Measurements"),
            number(
                ("LVSIMOD", "99CART", "LV stroke index"),
                "39",
                "ml/m2",
                own("type", ("125313", "DCM", "Indexed")),
                coded(("363698007", "SCT", "Finding Site"), ("87878005", "SCT", "Left Ventricle")),
                own("property", ("90096001", "SCT", "Stroke Volume")),
                coded(("370129005", "SCT", "Measurement Method"), reports.BIPLANE),
                own("divisor", ("8277-6", "LN", "BSA")),
            ),
            number(
                ("29469-4", "LN", "Left Atrium Antero-posterior Systolic Dimension"),
                "3.0",
                "cm",
                coded(("363698007", "SCT", "Finding Site"), ("82471001", "SCT", "Left Atrium")),
                own("property", ("81827009", "SCT", "Diameter")),
                coded(("370129005", "SCT", "Measurement Method"), ("122675", "DCM", "Anterior-Posterior")),
                coded(("399264008", "SCT", "Image Mode"), ("399064001", "SCT", "2D mode")),
                coded(("272518008", "SCT", "Cardiac Cycle Point"), ("416430001", "SCT", "End Systole")),
            ),
        ),
        container(
            ("125303", "DCM", "Adhoc Measurements"),
            number(("385673002", "SCT", "Interval"), "15", "ms", text(reports.SHORT_LABEL, "MV Jet Duration")),
        ),
        template="5300",
    )


def test_the_simplified_report_of_the_standard_is_read() -> None:
    assert keyed(simplified()) == {
        "ivsd_2d": (1.0, "cm"),
        "ef_bp": (70.3, "%"),
        "lvidd_2d": (5.2, "cm"),
        "lvpwd_2d": (0.9, "cm"),
        "svi_bp": (39.0, "mL/m2"),
        "la_diam_ap_2d": (3.0, "cm"),
    }
    others = [(value.name, value.label, value.why) for value in values(simplified()) if value.key is None]
    assert others == [
        ("Interval", "MV Jet Duration", "no key for this concept"),
    ]


def lists_of_items(dataset: Dataset) -> list[list[Dataset]]:
    """Every content sequence, that of the document first."""
    items = dataset.get("ContentSequence") or []
    return [items, *(found for child in items for found in lists_of_items(child))] if items else []


@pytest.mark.slow
@pytest.mark.parametrize("whole", [cart, simplified])
def test_a_report_without_any_one_of_its_items_is_read(whole: object) -> None:
    dataset = whole()  # type: ignore[operator]
    before, tried = len(measured_values(read_report(dataset))), 0
    for items in lists_of_items(dataset):
        for place, item in enumerate(list(items)):
            del items[place]
            assert len(measured_values(read_report(dataset))) <= before
            items.insert(place, item)
            tried += 1
    assert tried > 20
    assert len(measured_values(read_report(dataset))) == before


@pytest.mark.slow
def test_a_report_whose_items_lack_any_one_of_their_attributes_is_read() -> None:
    dataset, tried = simplified(), 0
    before = len(measured_values(read_report(dataset)))
    for items in lists_of_items(dataset):
        for place, item in enumerate(list(items)):
            for keyword in [element.keyword for element in item]:
                items[place] = deepcopy(item)
                delattr(items[place], keyword)
                assert len(measured_values(read_report(dataset))) <= before
                tried += 1
            items[place] = item
    assert tried > 100


def test_a_number_whose_bytes_are_not_whole_is_absent() -> None:
    """An FD of 12 bytes, as a cut or overwritten file has it, once ended the analysis of its study."""
    item, tag = number(reports.EF, "56.4", "%"), Tag("FloatingPointValue")
    item.MeasuredValueSequence[0]._dict[tag] = RawDataElement(tag, "FD", 12, bytes(12), 0, False, True)
    report = read_report(document(section(reports.LEFT_VENTRICLE, reports.TWO_D, item)))
    assert [value.value for value in measured_values(report)] == [56.4]
