"""One heart: the numbers its geometry is made from. Lengths in mm, volumes in mL, angles in rad."""

from dataclasses import dataclass

from models.phantom.heart.rhythm import Beat, Rhythm, beats


@dataclass(frozen=True)
class LeftVentricle:
    """Volumes and the shape at end-diastole. A height `u` is 0 at the mitral annulus and 1 at the apex.

    `long_to_short` is length over the largest mean diameter. `widest_u` is where that lies. `annulus_share` is the radius at
    the base against the widest, `outflow_share` the same towards the aorta, `base_power` how late the base narrows. A large
    `apex_power` blunts the apex, a large `cone` makes the ventricle conical.
    `lobes` are relative harmonics (order, share, phase) of the cross-section; `ripples` the same with a wave along the height
    (order, waves, share, phase). `bend_mm` shifts the middle sideways, which changes no volume.
    Walls are at end-diastole: septum, anterior, lateral, inferior, apex; `septal_bulge_mm` is added at the base of the septum.
    `akinesis` is 0 for even contraction, 1 for a segment at rest, above 1 for one that bulges, about `segment_rad`,
    `segment_u`. `trabeculae_mm` is the highest trabecula.
    """

    edv_ml: float
    esv_ml: float
    long_to_short: float
    shortening: float
    widest_u: float
    annulus_share: float
    outflow_share: float
    base_power: float
    apex_power: float
    cone: float
    lobes: tuple[tuple[int, float, float], ...]
    ripples: tuple[tuple[int, float, float, float], ...]
    bend_mm: float
    bend_rad: float
    twist_rad: float
    septum_mm: float
    anterior_mm: float
    lateral_mm: float
    inferior_mm: float
    apex_mm: float
    septal_bulge_mm: float
    akinesis: float
    segment_rad: float
    segment_u: float
    trabeculae_mm: float
    papillary_mm: float


@dataclass(frozen=True)
class RightVentricle:
    """`edv_ml` and `esv_ml` are of the body between tricuspid annulus and apex, without the outflow tract.

    `apex_share` is how far it reaches to the left ventricle's apex. `tapse_mm` is the excursion of the lateral annulus.
    `angle_rad` is its middle, `span_rad` half of what it embraces. A large `apex_power` blunts it.
    """

    edv_ml: float
    esv_ml: float
    tapse_mm: float
    apex_share: float
    apex_power: float
    angle_rad: float
    span_rad: float
    base_narrowing: float
    wall_mm: float
    septal_offset_mm: float
    trabeculae_mm: float


@dataclass(frozen=True)
class Atrium:
    """`max_ml` just before the valve opens, `min_ml` at the R wave. `pump_share` of what leaves goes with the atrial kick.

    `length_mm` is from the annulus to the roof at end-diastole. `lobes` as in the left ventricle; `widest_u` and `roof_power`
    as there, with u 0 at the annulus and 1 at the roof.
    """

    max_ml: float
    min_ml: float
    pump_share: float
    length_mm: float
    widest_u: float
    roof_power: float
    lobes: tuple[tuple[int, float, float], ...]
    lean_mm: float
    lean_rad: float


@dataclass(frozen=True)
class Vessels:
    """Inner radii, unless a name says otherwise. `collapse` is by which share inspiration narrows the lower vena cava."""

    lvot_mm: float
    annulus_mm: float
    sinus_mm: float
    junction_mm: float
    ascending_mm: float
    descending_mm: float
    aortic_wall_mm: float
    aortic_tilt: float
    rvot_proximal_mm: float
    rvot_distal_mm: float
    pulmonary_mm: float
    ivc_mm: float
    collapse: float


@dataclass(frozen=True)
class Valves:
    """`leaflet_mm` is half a mitral leaflet's thickness, `tenting_mm` how far it reaches into the ventricle when closed."""

    leaflet_mm: float
    tenting_mm: float
    sag: float
    cusp_mm: float


@dataclass(frozen=True)
class Heart:
    """One heart. `ef_percent` and all volumes are exact by construction: the geometry is solved for them at every moment.

    In atrial fibrillation `lv` holds what a beat of mean fullness has; each beat's own are in `beat_volumes_ml`.
    """

    seed: int
    height_cm: float
    weight_kg: float
    rhythm: Rhythm
    lv: LeftVentricle
    rv: RightVentricle
    la: Atrium
    ra: Atrium
    vessels: Vessels
    valves: Valves
    effusion_mm: float
    fat_mm: float
    liver_mm: float

    @property
    def edv_ml(self) -> float:
        return self.lv.edv_ml

    @property
    def esv_ml(self) -> float:
        return self.lv.esv_ml

    @property
    def ef_percent(self) -> float:
        return 100.0 * (self.lv.edv_ml - self.lv.esv_ml) / self.lv.edv_ml

    @property
    def heart_rate_bpm(self) -> float:
        return self.rhythm.heart_rate_bpm

    @property
    def rr_interval_ms(self) -> float:
        """The mean interval between R waves."""
        return self.rhythm.rr_ms

    @property
    def bsa_m2(self) -> float:
        """Body surface by DuBois and DuBois, Arch Intern Med 1916;17:863: 0.007184 * weight^0.425 * height^0.725."""
        return float(0.007184 * self.weight_kg**0.425 * self.height_cm**0.725)

    def beats(self, until_ms: float) -> tuple[Beat, ...]:
        """The beats that begin before or at `until_ms`."""
        return tuple(beat for beat in _first(self.rhythm, until_ms))

    def r_wave_times_ms(self, until_ms: float) -> tuple[float, ...]:
        return tuple(beat.start_ms for beat in self.beats(until_ms))

    def beat_volumes_ml(self, beat: Beat) -> tuple[float, float]:
        """End-diastolic volume at this beat's R wave and the end-systolic volume that follows."""
        return self.lv.edv_ml * beat.fullness, self.lv.esv_ml * beat.emptying


def _first(rhythm: Rhythm, until_ms: float) -> tuple[Beat, ...]:
    every = beats(rhythm)
    count = next((i for i, beat in enumerate(every) if beat.start_ms > until_ms), len(every))
    return every[:count]
