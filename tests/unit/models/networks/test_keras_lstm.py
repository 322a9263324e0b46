"""The LSTM with one bias against torch's with two, and EchoPDNet around it."""

import torch
from torch import nn

from models.families.echoforge.phase import EchoForgePhase
from models.library.registry import find_manifest
from models.networks.keras_lstm import KerasLstm


def test_it_is_torch_s_lstm_with_one_bias() -> None:
    torch.manual_seed(0)
    ours, theirs = KerasLstm(5, 7).double(), nn.LSTM(5, 7, batch_first=True).double()
    state = {
        "weight_ih_l0": ours.kernel.weight,
        "weight_hh_l0": ours.recurrent_kernel.weight,
        "bias_ih_l0": ours.kernel.bias,
        "bias_hh_l0": torch.zeros(28),
    }
    theirs.load_state_dict(state)
    sequences = torch.randn(3, 11, 5, dtype=torch.float64)
    with torch.inference_mode():
        torch.testing.assert_close(ours(sequences), theirs(sequences)[0])


def test_it_has_keras_count() -> None:
    """Keras: 4 * units * (features + units + 1)."""
    with torch.device("meta"):
        assert sum(item.numel() for item in KerasLstm(512, 512).parameters()) == 2_099_200


def test_the_phase_net_reads_frames_in_their_order_and_clips_apart() -> None:
    torch.manual_seed(0)
    network = EchoForgePhase(find_manifest("EchoPDNet")).eval()
    network.backbone = nn.AdaptiveAvgPool2d(1)  # in place of the ResNet: a colour per frame ...
    network.lstm1 = nn.Linear(3, 2048)  # ... and no memory, so that a frame's score tells whence it came
    network.lstm2 = nn.Identity()
    clips = torch.rand(2, 3, 30, 4, 4) * 255
    with torch.inference_mode():
        scores = network(clips)
        assert scores.shape == (2, 30)
        torch.testing.assert_close(network(clips[1:]), scores[1:])
        features = torch.relu(network.dense(network.lstm1(clips.mean(dim=(3, 4)).transpose(1, 2) / 255)))
        torch.testing.assert_close(network.head(features.flatten(1)), scores)
