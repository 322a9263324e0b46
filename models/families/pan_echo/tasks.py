"""PanEcho's heads as its own table lists them (content/tasks.md at 836c46e): 40 rows, where its paper speaks of 39 tasks."""

from dataclasses import dataclass
from enum import StrEnum

from models.catalogue import QUANTITIES
from models.derive.limits import Limits


class TaskKind(StrEnum):
    REGRESSION = "regression"
    BINARY = "binary"
    MULTI_CLASS = "multi_class"


@dataclass(frozen=True)
class PanEchoTask:
    """`name` is the published one. `unit` is UCUM, "1" for probabilities and ratios.

    `classes` are those of the table, in its order: of a binary task the finding stands in `finding`, and where that is the
    first class the head's sigmoid is the probability of its absence (`inverted`). `negated`: "actual value is -1 times the
    model output". `limits`: impossible outside, of the value as it is meant.
    """

    name: str
    kind: TaskKind
    unit: str = "1"
    classes: tuple[str, ...] = ()
    finding: str = ""
    negated: bool = False
    limits: Limits = (0.0, 1.0)

    @property
    def inverted(self) -> bool:
        return self.kind is TaskKind.BINARY and self.classes[0] == self.finding

    @property
    def outputs(self) -> int:
        return len(self.classes) if self.kind is TaskKind.MULTI_CLASS else 1


def _value(name: str, unit: str, limits: str | Limits, *, negated: bool = False) -> PanEchoTask:
    """`limits`: those of this key of the catalogue, or our choice with the same reserve over what is seen in disease."""
    known = QUANTITIES[limits].limits if isinstance(limits, str) else limits
    return PanEchoTask(name, TaskKind.REGRESSION, unit, negated=negated, limits=known)


def _finding(name: str, finding: str, absence: str, *, first: bool = True) -> PanEchoTask:
    return PanEchoTask(name, TaskKind.BINARY, "1", (finding, absence) if first else (absence, finding), finding)


def _grade(name: str, *classes: str) -> PanEchoTask:
    return PanEchoTask(name, TaskKind.MULTI_CLASS, "1", classes)


_INCREASED = ("Mildly Increased", "Moderately|Severely Increased", "Normal")
_REGURGITATION = ("Mild", "Moderate|Severe", "None|Trace")

TASKS: tuple[PanEchoTask, ...] = (
    _finding("pericardial-effusion", "mild_mod_severe", "none_trace"),
    _value("EF", "%", "ef_video_regression"),
    _value("GLS", "%", (-40.0, 5.0), negated=True),
    _value("LVEDV", "mL", "lvedv_bp"),
    _value("LVESV", "mL", "lvesv_bp"),
    _value("LVSV", "mL", (5.0, 300.0)),
    _grade("LVSize", *_INCREASED),
    _finding("LVWallThickness-increased-any", "Increased", "Normal"),
    _finding("LVWallThickness-increased-modsev", "Moderately|severely increased", "Normal or mildly increased"),
    _grade("LVSystolicFunction", "Mildly Decreased", "Moderately|Severely Decreased", "Normal|Hyperdynamic"),
    _finding("LVWallMotionAbnormalities", "Present", "None", first=False),
    _value("IVSd", "cm", "ivsd_2d"),
    _value("LVPWd", "cm", "lvpwd_2d"),
    _value("LVIDs", "cm", "lvids_2d"),
    _value("LVIDd", "cm", "lvidd_2d"),
    _value("LVOTDiam", "cm", (1.0, 4.0)),
    _grade("LVDiastolicFunction", "Mild|Indeterminate", "Moderate|Severe", "Normal"),
    _value("E|EAvg", "1", "ee_avg"),
    _value("RVSP", "mm[Hg]", (5.0, 180.0)),
    _grade("RVSize", *_INCREASED),
    _finding("RVSystolicFunction", "Decreased", "Normal"),
    _value("RVIDd", "cm", "rv_basal"),
    _value("TAPSE", "cm", "tapse"),
    _value("RVSVel", "cm/s", (2.0, 40.0)),
    _grade("LASize", "Mildly Dilated", "Moderately|Severely Dilated", "Normal"),
    _value("LAIDs2D", "cm", "la_diam_ap_2d"),
    _value("LAVol", "mL", (5.0, 500.0)),
    _finding("RASize", "Dilated", "Normal"),
    _value("RADimensionM-L(cm)", "cm", (1.5, 10.0)),
    _finding("AVStructure", "Bicuspid", "Normal"),
    _grade("AVStenosis", "Mild|Moderate", "None", "Severe"),
    _value("AVPkVel(m|s)", "m/s", "av_vmax"),
    _grade("AVRegurg", *_REGURGITATION),
    _finding("LVOT20mmHg", "1.0", "0.0", first=False),
    _finding("MVStenosis", "Mild|Moderate|Severe", "None"),
    _grade("MVRegurgitation", *_REGURGITATION),
    _grade("TVRegurgitation", *_REGURGITATION),
    _value("TVPkGrad", "mm[Hg]", "tr_pg"),
    _finding("RAP-8-or-higher", "1.0", "0.0", first=False),
    _value("AORoot", "cm", "ao_root"),
)
