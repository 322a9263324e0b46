"""The patient of an instance in the database: keys that can be compared, never the values themselves."""

from functools import partial

from node.db.identity import pseudonym
from node.db.tables import Instance, NodeIdentity
from node.objects.patient import StatedPatient


def patient_columns(identity: NodeIdentity, patient: StatedPatient) -> dict[str, str | None]:
    """The columns of an Instance that remember its patient by keys."""
    keyed = patient.keyed(partial(pseudonym, identity))
    return {
        "patient_key": keyed.identifier or None,
        "patient_name_key": "=".join(keyed.name) if any(keyed.name) else None,
        "patient_birth_date_key": keyed.birth_date or None,
        "patient_sex_key": keyed.sex or None,
    }


def patient_of_columns(instance: Instance) -> StatedPatient:
    """The keys again; an instance of before there were all of them says nothing by those that are missing."""
    groups = [*(instance.patient_name_key or "").split("="), "", ""]
    return StatedPatient(
        instance.patient_key or "",
        (groups[0], groups[1], groups[2]),
        instance.patient_birth_date_key or "",
        instance.patient_sex_key or "",
    )
