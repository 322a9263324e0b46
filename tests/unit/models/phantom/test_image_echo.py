"""Every kind of tissue of the heart has its echo."""

import torch

from models.phantom.heart import BLOOD, Kind
from models.phantom.image.echo import ECHOES, EchoLevels, echo_table

_KINDS = {kind.name: int(kind) for kind in Kind}


def test_every_kind_has_a_row_and_no_row_is_of_nothing() -> None:
    """Bug prevented: a new kind that is drawn as if it were muscle."""
    assert set(ECHOES) == set(_KINDS)


def test_blood_is_what_the_heart_calls_blood() -> None:
    """An effusion is dark as well, and no chamber."""
    assert {name for name, echo in ECHOES.items() if echo.blood} == {kind.name for kind in BLOOD} | {"EFFUSION"}


def test_levels_stand_at_the_index_of_their_kind() -> None:
    levels = EchoLevels(muscle_db=-20.0, blood_db=-60.0, around_db=-5.0, along_db=4.0, offsets_db={"LIVER": 2.0})
    table = echo_table(levels, _KINDS)
    assert float(table.level_db[Kind.LV_WALL]) == -20.0
    assert float(table.level_db[Kind.LV_CAVITY]) == -60.0
    assert float(table.level_db[Kind.LIVER]) == -20.0 + ECHOES["LIVER"].level_db - 5.0 + 2.0
    assert float(table.along[Kind.LV_WALL]) == 4.0 * ECHOES["LV_WALL"].along
    assert torch.equal(table.blood, torch.tensor([ECHOES[kind.name].blood for kind in Kind]))
    assert float(table.level_db[Kind.PERICARDIUM]) > float(table.level_db[Kind.LV_WALL]) + 5
