"""The tables of template rows: complete, readable by the checker, and of codes that exist."""

import pytest
from pydicom.sr.coding import Code

from sr_templates.conformance.coded_concepts import context_group, impossible, is_private, known_meanings
from sr_templates.conformance.languages import is_country, is_language
from sr_templates.conformance.template_rows import Included, ItemRow, whole_template
from sr_templates.conformance.template_tables import Constraint, Row, templates

ROWS: list[Row] = [row for template in templates().values() for row in template.rows]
NAMED_BY_ROWS = ("8277-6", "122972007", "271650006")  # the dictionary has what other tables call them
BY_RULE = (5000, 5001)  # languages and countries


def _constraints(row: Row) -> tuple[Constraint, ...]:
    return (row.concept, row.values, row.units, *(value for _, value in row.assignments))


def test_every_template_that_a_row_includes_has_a_table() -> None:
    assert {row.includes for row in ROWS if row.includes} <= templates().keys()
    assert templates().keys() >= {
        "300", "310", "320", "1001", "1002", "1004", "1204", "1410", "1411", "1419", "1420", "1500", "1501", "1600", "2010",
        "4019", "5200", "5201", "5202", "5203", "5204", "5300", "5301", "5302", "5303",
    }  # fmt: skip


def test_every_group_exists_and_no_code_is_mistyped() -> None:
    checked = 0
    for row in ROWS:
        for constraint in _constraints(row):
            for group in constraint.groups:
                assert group.cid in BY_RULE or context_group(group.cid), row
            for code in constraint.codes:
                checked += 1
                assert not impossible(code), (row.tid, code)
                assert not is_private(code), (row.tid, code)
                known = known_meanings(code)
                assert not known or code.meaning in known or code.value in NAMED_BY_ROWS, (row.tid, code, known)
    assert checked > 100


def test_every_cell_has_one_of_the_words_of_the_standard() -> None:
    for row in ROWS:
        assert row.requirement in ("M", "MC", "U", "UC"), row
        assert bool(row.condition) == (row.requirement in ("MC", "UC")), row
        assert row.value_type in (
            "CONTAINER", "CODE", "NUM", "TEXT", "IMAGE", "SCOORD", "SCOORD3D", "TCOORD", "WAVEFORM", "COMPOSITE", "UIDREF",
            "PNAME", "INCLUDE",
        ), row  # fmt: skip
        assert row.relationship.removeprefix("R-") in (
            "", "CONTAINS", "HAS OBS CONTEXT", "HAS ACQ CONTEXT", "HAS CONCEPT MOD", "HAS PROPERTIES", "INFERRED FROM",
            "SELECTED FROM",
        ), row  # fmt: skip


def test_parameters_reach_the_rows_of_included_templates() -> None:
    sections = [node for node in whole_template("5200").children if isinstance(node, ItemRow) and node.row.tid == "5202"]
    assert len(sections) == 15
    for section in sections:
        site, group, *_ = section.children
        assert isinstance(site, ItemRow)
        assert isinstance(group, ItemRow)
        assert len(site.values.codes) == 1
        value = group.children[-1]
        assert isinstance(value, ItemRow)
        assert value.row.tid == "300"
        assert value.rule.endswith("row 8, TID 5203 row 1, TID 300 row 1")
        assert value.requirement == "M"
        assert value.multiple
        assert value.concept.groups or site.values.codes[0].value == "25489000"  # no group is known of the pericardial cavity


def test_an_included_template_of_several_rows_stays_together() -> None:
    included = [node for node in whole_template("1500").children if isinstance(node, Included)]
    assert [node.template.tid for node in included] == ["1001"]


def test_languages_and_countries() -> None:
    assert is_language(Code("en-US", "RFC5646", "English (United States)"))
    assert is_language(Code("deu", "ISO639_2", "German"))
    assert not is_language(Code("xx", "RFC5646", "nothing"))
    assert not is_language(Code("en", "99X", "English"))
    assert is_country(Code("US", "ISO3166_1", "United States"))
    assert not is_country(Code("Utopia", "ISO3166_1", "Utopia"))


@pytest.mark.parametrize("value", ["²", "9" * 5000, "٣" * 5000, "-1"])
@pytest.mark.parametrize("scheme", ["DCM", "SCT", "LN"])
def test_what_is_no_number_is_an_impossible_code(value: str, scheme: str) -> None:
    assert impossible(Code(value, scheme, "a code"))
