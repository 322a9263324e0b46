"""What a heart's blood and valve rings do, in numbers: the flow that fits the volumes that the heart moves."""

import math
from dataclasses import dataclass

import numpy as np

from models.phantom.traces.waves import Shape, mean_of

# Fastest true velocities that are drawn: the catalogue's limits lie beyond.
_FASTEST_AV_CM_S = 620.0
_LEAST_FORWARD_ML = 25.0
_INFLOW_LIMITS_CM_S, _ATRIAL_LIMITS_CM_S = (30.0, 220.0), (15.0, 160.0)


@dataclass(frozen=True)
class Pump:
    """What flow needs to know of a heart.

    `rings_cm` are the excursions of the septal and the lateral mitral ring. `early_share` is that part of the filling which
    comes before the atria contract, 1 where they do not. Ejection, early filling and atrial contraction take the given times.
    """

    seed: int
    stroke_ml: float
    right_stroke_ml: float
    ef_percent: float
    early_share: float
    lvot_diameter_cm: float
    rvot_diameter_cm: float
    mitral_diameter_cm: float
    tricuspid_diameter_cm: float
    descending_diameter_cm: float
    rings_cm: tuple[float, float]
    tapse_cm: float
    ejection_s: float
    early_s: float
    atrial_s: float


@dataclass(frozen=True)
class FlowOptions:
    """What is to be so; None leaves it to the seed. Areas in cm2, leaks in mL a beat (0: none), jets in cm/s (0: none)."""

    aortic_valve_cm2: float | None = None
    mitral_leak_ml: float | None = None
    aortic_leak_ml: float | None = None
    tricuspid_jet_cm_s: float | None = None


@dataclass(frozen=True)
class Haemodynamics:
    """Flow of the mean beat. Velocities are magnitudes in cm/s, areas cm2, volumes mL of a beat, times s; a jet of 0 is none.

    The left ventricle's stroke goes through the outflow tract but for what leaks into the atrium; what leaks back from the
    aorta is part of it.
    """

    pump: Pump
    lvot_cm2: float
    aortic_valve_cm2: float
    mitral_cm2: float
    tricuspid_cm2: float
    rvot_cm2: float
    pulmonary_valve_cm2: float
    descending_cm2: float
    mitral_leak_ml: float
    aortic_leak_ml: float
    early_rise: float
    early_tail: float
    right_early_share: float
    mitral_jet_cm_s: float
    tricuspid_jet_cm_s: float
    aortic_jet_cm_s: float
    aortic_half_time_s: float
    vein_cm_s: tuple[float, float, float]
    tissue_early_s: float
    tissue_atrial_s: float
    outflow: Shape
    stenotic: Shape
    right_outflow: Shape
    jet: Shape

    @property
    def forward_ml(self) -> float:
        return self.pump.stroke_ml - self.mitral_leak_ml


def flow_of(pump: Pump, options: FlowOptions) -> Haemodynamics:
    """The flow of this pump: what `options` leave open comes from its seed."""
    rng = np.random.default_rng([pump.seed, 0xF10E])
    leak_ml = _chosen(options.mitral_leak_ml, rng.random() < 0.35, _leak_ml(pump, rng.uniform(0.03, 0.35)))
    back_ml = _chosen(options.aortic_leak_ml, rng.random() < 0.2, _leak_ml(pump, rng.uniform(0.05, 0.35)))
    lvot_cm2 = _disc_cm2(pump.lvot_diameter_cm)
    outflow = Shape(rng.uniform(0.32, 0.45), rng.uniform(0.7, 1.0), rng.uniform(0.7, 1.0))
    valve_cm2 = options.aortic_valve_cm2 or lvot_cm2 * _valve_share(rng)
    narrow = float(np.clip(1 - valve_cm2 / lvot_cm2, 0, 0.8)) / 0.8
    stenotic = Shape(outflow.rise + 0.13 * narrow, outflow.rise_power, outflow.fall_power)
    slowest_cm2 = (pump.stroke_ml - leak_ml) / (_FASTEST_AV_CM_S * pump.ejection_s * mean_of(stenotic))
    jet = _chosen(options.tricuspid_jet_cm_s, rng.random() < 0.75, float(np.clip(rng.lognormal(np.log(250), 0.2), 170, 480)))
    mitral_cm2 = _inflow_cm2(pump, rng.uniform(0.5, 0.85) * _disc_cm2(pump.mitral_diameter_cm))
    d_cm_s = rng.uniform(30, 75)
    rvot_cm2 = _disc_cm2(pump.rvot_diameter_cm)
    # Acceleration shortens as pressure in the pulmonary artery rises (Kitabatake et al., Circulation 1983;68:302-309).
    rise = float(np.clip(0.5 - 0.0007 * (jet or 220) + rng.normal(0, 0.03), 0.18, 0.48))
    return Haemodynamics(
        pump=pump,
        lvot_cm2=lvot_cm2,
        aortic_valve_cm2=max(valve_cm2, slowest_cm2),
        mitral_cm2=mitral_cm2,
        tricuspid_cm2=rng.uniform(0.7, 1.0) * _disc_cm2(pump.tricuspid_diameter_cm),
        rvot_cm2=rvot_cm2,
        pulmonary_valve_cm2=rvot_cm2 * rng.uniform(0.75, 0.95),
        descending_cm2=_disc_cm2(pump.descending_diameter_cm),
        mitral_leak_ml=leak_ml,
        aortic_leak_ml=back_ml,
        early_rise=rng.uniform(0.2, 0.34),
        early_tail=rng.uniform(1.0, 1.35),
        right_early_share=_right_share(pump, rng),
        mitral_jet_cm_s=rng.uniform(420, 620) if leak_ml else 0.0,
        tricuspid_jet_cm_s=jet,
        aortic_jet_cm_s=rng.uniform(320, 480) if back_ml else 0.0,
        aortic_half_time_s=rng.uniform(0.2, 0.75),
        vein_cm_s=(d_cm_s * rng.uniform(0.6, 1.7) * (0.6 + 0.006 * pump.ef_percent), d_cm_s, rng.uniform(15, 35)),
        tissue_early_s=rng.uniform(0.11, 0.18),
        tissue_atrial_s=rng.uniform(0.09, 0.13),
        outflow=outflow,
        stenotic=stenotic,
        right_outflow=Shape(rise, 1.0, rng.uniform(0.8, 1.1)),
        jet=Shape(rng.uniform(0.4, 0.55), rng.uniform(0.5, 0.8), rng.uniform(0.5, 0.9)),
    )


def _disc_cm2(diameter_cm: float) -> float:
    return math.pi / 4 * diameter_cm**2


def _chosen(given: float | None, is_there: bool, drawn: float) -> float:
    return given if given is not None else drawn if is_there else 0.0


def _leak_ml(pump: Pump, share: float) -> float:
    """A weak ventricle leaks less: the body needs the rest."""
    return max(min(share * pump.stroke_ml, pump.stroke_ml - _LEAST_FORWARD_ML), 1.0)


def _valve_share(rng: np.random.Generator) -> float:
    """The valve's effective opening by the outflow tract's section: seven in ten are not narrowed."""
    grade = rng.random()
    return rng.uniform(0.7, 0.95) if grade < 0.7 else rng.uniform(0.4, 0.7) if grade < 0.82 else rng.uniform(0.15, 0.4)


def _right_share(pump: Pump, rng: np.random.Generator) -> float:
    return float(np.clip(pump.early_share + rng.normal(-0.05, 0.05), 0.4, 0.85)) if pump.early_share < 1 else 1.0


def _inflow_cm2(pump: Pump, drawn_cm2: float) -> float:
    """The mitral valve's effective opening: as drawn, unless early or atrial filling would leave what hearts show."""
    early_ml_s = pump.early_share * pump.stroke_ml / (0.5 * pump.early_s)
    atrial_ml_s = (1 - pump.early_share) * pump.stroke_ml / (0.6 * max(pump.atrial_s, 0.01))
    least = max(early_ml_s / _INFLOW_LIMITS_CM_S[1], atrial_ml_s / _ATRIAL_LIMITS_CM_S[1])
    return float(np.clip(drawn_cm2, least, max(early_ml_s / _INFLOW_LIMITS_CM_S[0], least)))
