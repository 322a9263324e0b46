"""EchoPDNet, EchoForge's finder of end-diastole and end-systole: one score per frame, high at the former, low at the latter.

Lane et al., Comput Biol Med 133 (2021) 104373. Neither the scaling of the pixels nor how windows over longer clips are put
together is published; `models.derive.beats.phase_score` says how it is done here.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.clip import Clip
from models.derive.beats.phase_score import Curve, PhaseEvents, merge_windows, phase_events, window_starts
from models.families.echoforge.frame_classifier import KERAS_RESCALE
from models.families.echoforge.inputs import phase_frames
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.networks.keras_lstm import KerasLstm
from models.networks.keras_resnet import FEATURES, KerasResNet
from models.networks.reading_network import ReadingNetwork
from models.networks.stored_weights import prepare
from models.results import ReadValue, Reason, of_frames

_DENSE, _UNITS = 512, 512
_BATCH = 8
COLUMNS = ("frame", "time_ms", "score", "phase")


class EchoForgePhase(ReadingNetwork):
    """RGB `clips` (n, 3, frames, h, w), float32, 0 to 255 -> scores (n, frames).

    The number of frames is the manifest's, h and w are free. `[architecture]`: `rescale`, whether the network itself divides by
    255.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.frames = manifest.input_shape[1]
        self.scale = KERAS_RESCALE if manifest.architecture["rescale"] else 1.0
        self.backbone = KerasResNet("ResNet50")
        self.lstm1 = KerasLstm(FEATURES, FEATURES)
        self.dense = nn.Linear(FEATURES, _DENSE)
        self.lstm2 = KerasLstm(_DENSE, _UNITS)
        self.head = nn.Linear(self.frames * _UNITS, self.frames)

    def forward(self, clips: Tensor) -> Tensor:
        number, _, frames = clips.shape[:3]
        features = self.embed(clips.transpose(1, 2).flatten(0, 1))
        return self.score(features.view(number, frames, -1))

    def embed(self, frames: Tensor) -> Tensor:
        """RGB `frames` (n, 3, h, w), float32, 0 to 255 -> features (n, 2048): of a frame once, in however many windows it
        is.
        """
        maps: Tensor = self.backbone(frames * self.scale)
        return maps.mean(dim=(2, 3))

    def score(self, features: Tensor) -> Tensor:
        """Windows of frames, `features` (n, frames, 2048), float32 -> scores (n, frames)."""
        states = self.lstm2(torch.relu(self.dense(self.lstm1(features))))
        scores: Tensor = self.head(states.flatten(1))
        return scores

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """End-diastoles and end-systoles of all beats, in ms from the first frame on; a row per frame.

        The authors' decoding is not published, so both decodings are ours: PUBLISHED takes the whole image as they did,
        CORRECTED the calibrated region where there is one. Raises ReadingError for fewer frames than the network takes.
        """
        number = clip.number_of_frames
        seen = phase_frames(clip, self.manifest, decoding)
        seen.chosen(())
        place = self.head.weight
        with torch.inference_mode():
            batches = (seen.batch(range(first, min(first + _BATCH, number))) for first in range(0, number, _BATCH))
            features = torch.cat([self.embed(batch.to(place)) for batch in batches])
            starts = window_starts(number, self.frames, self.frames // 2)
            scores = self.score(torch.stack([features[start : start + self.frames] for start in starts]))
        curve = merge_windows(scores.double().cpu().numpy(), starts, number)
        events = phase_events(curve, clip.frame_times_ms)
        is_cut = decoding is Decoding.CORRECTED and clip.b_mode_region().region
        note = "read from the calibrated region" if is_cut else "read from the whole image"
        rows = _rows(curve, events, clip.frame_times_ms)
        return Reading(_values(events, clip.frame_times_ms), COLUMNS, rows, notes=(note,))


def _values(events: PhaseEvents, times_ms: Curve | None) -> tuple[ReadValue, ...]:
    """One of each event; of a phase without any, why there is none."""
    values = []
    for key, frames in (("ed_time", events.ed_frame_indices), ("es_time", events.es_frame_indices)):
        if not frames:
            why = "the score has no such turn"
            values.append(ReadValue(key, "ms", None, reasons=(Reason.NO_CARDIAC_CYCLE,), detail=why))
        for frame in frames:
            if times_ms is None:
                reason = (Reason.NO_CARDIAC_CYCLE,)
                why = "the clip has no frame times; the frame is known"
                values.append(ReadValue(key, "ms", None, of_frames(frame), reasons=reason, detail=why))
            else:
                values.append(ReadValue(key, "ms", float(times_ms[frame]), of_frames(frame)))
    return tuple(values)


def _rows(curve: Curve, events: PhaseEvents, times_ms: Curve | None) -> tuple[dict[str, str | int | float | None], ...]:
    phases = dict.fromkeys(events.ed_frame_indices, "ed") | dict.fromkeys(events.es_frame_indices, "es")
    return tuple(
        {
            "frame": frame,
            "time_ms": None if times_ms is None else float(times_ms[frame]),
            "score": float(score),
            "phase": phases.get(frame, ""),
        }
        for frame, score in enumerate(curve)
    )


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgePhase:
    with torch.device(device):
        network = EchoForgePhase(manifest)
    return prepare(network, manifest, weights, device)
