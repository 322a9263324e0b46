"""Findings as JSON and back: how an analysis is kept in the database and handed to other programs."""

from typing import Any

from pydantic import TypeAdapter

from models.results import StudyFindings

_ADAPTER = TypeAdapter(StudyFindings)


def dump_findings(findings: StudyFindings) -> dict[str, Any]:
    """Plain JSON values; `node/schemas/findings.schema.json` describes them."""
    dumped: dict[str, Any] = _ADAPTER.dump_python(findings, mode="json")
    return dumped


def load_findings(dumped: dict[str, Any]) -> StudyFindings:
    """The inverse of `dump_findings`. Raises pydantic.ValidationError for anything else."""
    return _ADAPTER.validate_python(dumped)


def findings_schema() -> dict[str, Any]:
    """JSON Schema of `dump_findings`; the file in `node/schemas` is this, kept equal by a test."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_ADAPTER.json_schema(mode="serialization")}
