"""What is wrong with a file is said in plain words, each with its place; nothing of pydantic's own grammar is left."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from models.setting_errors import bracketed, setting_errors


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Rule(_Table):
    name: str
    kind: Literal["pacs", "modality"] = "pacs"

    @field_validator("name")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(value) > 3:
            raise ValueError(f"{value!r} is too long")
        return value


class _File(_Table):
    port: Annotated[int, Field(le=9)] = 1
    size: tuple[int, int] = (1, 1)
    rule: tuple[_Rule, ...] = ()
    other: _Rule | None = None

    @model_validator(mode="after")
    def _whole(self) -> "_File":
        if self.port == 7:
            raise ValueError("port 7 is nobody's")
        return self


def _said(data: object, **kwargs: object) -> str:
    with pytest.raises(ValidationError) as caught:
        _File.model_validate(data)
    return setting_errors(caught.value, _File, **kwargs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"port": 10}, "port should be less than or equal to 9"),
        ({"port": 7}, "port 7 is nobody's"),
        ({"prot": 1}, "unknown prot, did you mean port?"),
        ({"colour": 1}, "unknown colour"),
        ({"rules": {}}, "unknown table rules, did you mean rule?"),
        ({"size": [1, 2, 3]}, "size should have at most 2 items, not 3"),
        ({"size": [1]}, "size.1 is missing"),
        ({"size": 1}, "size should be a valid list"),
        ({"rule": [3]}, "rule.0 should be a table"),
        ({"rule": [{"name": "a"}, {"nam": "a"}]}, "rule.1.name is missing; unknown rule.1.nam, did you mean name?"),
        ({"rule": [{"name": "long"}]}, "rule.0.name: 'long' is too long"),
        ({"other": {"nmae": "a"}}, "other.name is missing; unknown other.nmae, did you mean name?"),
        ({"other": {"name": "a", "kind": "x"}}, "other.kind should be 'pacs' or 'modality'"),
    ],
)
def test_each_fault_is_said_with_its_place(data: object, said: str) -> None:
    assert _said(data) == said


def test_a_place_is_written_as_its_file_writes_it() -> None:
    assert _said({"other": {"name": 3}}, written=bracketed) == "[other] name should be a valid string"
    assert _said({"port": 10}, below=("destination", 2)) == "destination.2.port should be less than or equal to 9"
