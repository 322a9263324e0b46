"""PanEcho's heads as its own table lists them (content/tasks.md at 836c46e): 40 rows, where its paper speaks of 39 tasks."""

from dataclasses import dataclass
from enum import StrEnum


class TaskKind(StrEnum):
    REGRESSION = "regression"
    BINARY = "binary"
    MULTI_CLASS = "multi_class"


@dataclass(frozen=True)
class Task:
    """`name` is the published one. `unit` is UCUM, "1" for probabilities and ratios.

    `classes` are those of the table, in its order: of a binary task the finding stands in `finding`, and where that is the
    first class the head's sigmoid is the probability of its absence (`inverted`). `negated`: "actual value is -1 times the
    model output".
    """

    name: str
    kind: TaskKind
    unit: str = "1"
    classes: tuple[str, ...] = ()
    finding: str = ""
    negated: bool = False

    @property
    def inverted(self) -> bool:
        return self.kind is TaskKind.BINARY and self.classes[0] == self.finding

    @property
    def outputs(self) -> int:
        return len(self.classes) if self.kind is TaskKind.MULTI_CLASS else 1


def _value(name: str, unit: str, *, negated: bool = False) -> Task:
    return Task(name, TaskKind.REGRESSION, unit, negated=negated)


def _finding(name: str, finding: str, absence: str, *, first: bool = True) -> Task:
    return Task(name, TaskKind.BINARY, "1", (finding, absence) if first else (absence, finding), finding)


def _grade(name: str, *classes: str) -> Task:
    return Task(name, TaskKind.MULTI_CLASS, "1", classes)


_INCREASED = ("Mildly Increased", "Moderately|Severely Increased", "Normal")
_REGURGITATION = ("Mild", "Moderate|Severe", "None|Trace")

TASKS: tuple[Task, ...] = (
    _finding("pericardial-effusion", "mild_mod_severe", "none_trace"),
    _value("EF", "%"),
    _value("GLS", "%", negated=True),
    _value("LVEDV", "mL"),
    _value("LVESV", "mL"),
    _value("LVSV", "mL"),
    _grade("LVSize", *_INCREASED),
    _finding("LVWallThickness-increased-any", "Increased", "Normal"),
    _finding("LVWallThickness-increased-modsev", "Moderately|severely increased", "Normal or mildly increased"),
    _grade("LVSystolicFunction", "Mildly Decreased", "Moderately|Severely Decreased", "Normal|Hyperdynamic"),
    _finding("LVWallMotionAbnormalities", "Present", "None", first=False),
    _value("IVSd", "cm"),
    _value("LVPWd", "cm"),
    _value("LVIDs", "cm"),
    _value("LVIDd", "cm"),
    _value("LVOTDiam", "cm"),
    _grade("LVDiastolicFunction", "Mild|Indeterminate", "Moderate|Severe", "Normal"),
    _value("E|EAvg", "1"),
    _value("RVSP", "mm[Hg]"),
    _grade("RVSize", *_INCREASED),
    _finding("RVSystolicFunction", "Decreased", "Normal"),
    _value("RVIDd", "cm"),
    _value("TAPSE", "cm"),
    _value("RVSVel", "cm/s"),
    _grade("LASize", "Mildly Dilated", "Moderately|Severely Dilated", "Normal"),
    _value("LAIDs2D", "cm"),
    _value("LAVol", "mL"),
    _finding("RASize", "Dilated", "Normal"),
    _value("RADimensionM-L(cm)", "cm"),
    _finding("AVStructure", "Bicuspid", "Normal"),
    _grade("AVStenosis", "Mild|Moderate", "None", "Severe"),
    _value("AVPkVel(m|s)", "m/s"),
    _grade("AVRegurg", *_REGURGITATION),
    _finding("LVOT20mmHg", "1.0", "0.0", first=False),
    _finding("MVStenosis", "Mild|Moderate|Severe", "None"),
    _grade("MVRegurgitation", *_REGURGITATION),
    _grade("TVRegurgitation", *_REGURGITATION),
    _value("TVPkGrad", "mm[Hg]"),
    _finding("RAP-8-or-higher", "1.0", "0.0", first=False),
    _value("AORoot", "cm"),
)
