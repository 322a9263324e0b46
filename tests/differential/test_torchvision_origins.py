"""EchoPrime and PanEcho against torchvision's own networks: random weights in the published layout, imported, compared."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.errors import ImportSettingError, WeightsMismatch
from models.families.pan_echo.tasks import TASKS, TaskKind
from models.families.pan_echo.weights import architecture, place
from models.importers import TorchFile, import_weights
from models.library.registry import find_manifest, load_manifest, load_model
from models.networks.positions import sinusoidal_positions
from models.networks.vision import make_importable

BOUND = 1e-6  # of the largest output


def drawn(network: nn.Module, spread: float = 0.05) -> nn.Module:
    """A network built on "meta" with random weights. Fresh ConvNeXt blocks are scaled by 1e-6: nothing would show."""
    network = network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.normal_(0, spread, generator=generator)
            if "norm" in name or "layer_scale" in name or parameter.ndim == 1:
                parameter.add_(0.5)
    return network.eval()


def compared(name: str, file: Path, folder: Path, reference: Tensor, inputs: Tensor) -> None:
    network = load_manifest(import_weights(name, file, folder=folder), pretrained=True).network
    file.unlink()  # up to 350 MB
    with torch.inference_mode():
        found = network(inputs)
    assert reference.std() > 0.005, "a reference that is nearly constant proves nothing"
    assert (found - reference).abs().max() <= BOUND * reference.abs().max()


@pytest.mark.slow
def test_the_video_encoder_is_torchvision_s_mvit_v2_s(tmp_path: Path) -> None:
    make_importable()
    from torchvision.models.video import mvit_v2_s

    with torch.device("meta"):
        original = mvit_v2_s(weights=None)
        original.head[-1] = nn.Linear(original.head[-1].in_features, 512)
    drawn(original)
    torch.save(original.state_dict(), tmp_path / "echo_prime_encoder.pt")
    clips = torch.randn(1, 3, 16, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        reference = original(clips)
    compared("EchoPrime_video_encoder", tmp_path / "echo_prime_encoder.pt", tmp_path / "models", reference, clips)


def test_the_view_classifier_is_torchvision_s_convnext_base(tmp_path: Path) -> None:
    make_importable()
    from torchvision.models import convnext_base

    with torch.device("meta"):
        original = convnext_base(weights=None)
        original.classifier[-1] = nn.Linear(original.classifier[-1].in_features, 11)
    drawn(original)
    torch.save(original.state_dict(), tmp_path / "view_classifier.pt")
    frames = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        reference = original(frames)
    compared("EchoPrime_view_classifier", tmp_path / "view_classifier.pt", tmp_path / "models", reference, frames)


class Original(nn.Module):
    """PanEcho's parts as torch and torchvision build them, under the published names."""

    def __init__(self) -> None:
        from torchvision.models import convnext_tiny

        super().__init__()
        self.encoder = nn.Module()
        self.encoder.encoder = convnext_tiny(weights=None)
        self.encoder.encoder.classifier[-1] = nn.Identity()
        layer = nn.TransformerEncoderLayer(768, 8, 768, dropout=0.0, activation="relu", batch_first=True)
        self.encoder.transformer = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        for task in TASKS:
            self.add_module(f"{task.name}_head", nn.Linear(768, 3 if task.kind is TaskKind.MULTI_CLASS else 1))

    def forward(self, clips: Tensor) -> Tensor:
        frames = [self.encoder.encoder(clips[:, :, index]) for index in range(clips.shape[2])]
        steps = torch.stack(frames, dim=1) + sinusoidal_positions(clips.shape[2], 768)
        pooled = self.encoder.transformer(steps).mean(dim=1)
        return torch.cat([self.get_submodule(f"{task.name}_head")(pooled) for task in TASKS], dim=1)


@pytest.fixture(scope="module")
def pan_echo() -> nn.Module:
    make_importable()
    with torch.device("meta"):
        original = Original()
    return drawn(original, spread=0.03)


@pytest.fixture
def published(pan_echo: nn.Module) -> dict[str, Tensor]:
    """The names and tensors of the published file, with its table of positions."""
    return {**pan_echo.state_dict(), "encoder.time_encoder.pe": sinusoidal_positions(16, 768)[None]}


def test_panecho_is_torchvision_s_convnext_tiny_under_torch_s_transformer(
    pan_echo: nn.Module, published: dict[str, Tensor], tmp_path: Path
) -> None:
    clips = torch.randn(2, 3, 5, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        reference = pan_echo(clips)
    torch.save({"weights": published}, tmp_path / "panecho.pt")
    compared("PanEcho", tmp_path / "panecho.pt", tmp_path / "models", reference, clips)


def test_the_widths_of_panecho_s_heads_come_from_the_file(published: dict[str, Tensor]) -> None:
    published["AVStenosis_head.weight"] = torch.zeros(4, 768)
    asked = architecture(TorchFile(published, "weights"), find_manifest("PanEcho"))
    assert asked == {"classes": [3, 3, 3, 3, 3, 4, 3, 3, 3]}


def imported(file: TorchFile) -> dict[str, Tensor]:
    architecture(file, find_manifest("PanEcho"))
    return place(file, load_model("PanEcho", device="meta").network)


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("EF_head.weight", None, r"missing .*heads\.EF\.weight"),
        ("AVStenosis_head.weight", None, "the head of AVStenosis"),
        ("EF_head.weight", torch.zeros(2, 768), r"heads\.EF\.weight is \(2, 768\) in the file"),
        ("Mood_head.weight", torch.zeros(1, 768), r"unexpected .*Mood_head\.weight"),
        ("encoder.time_encoder.pe", torch.zeros(1, 16, 768), "not the table of sinusoidal positions"),
        ("encoder.transformer.layers.3.linear1.bias", None, r"missing .*transformer\.layers\.3\.linear1\.bias"),
    ],
)
def test_panecho_s_file_is_placed_strictly(
    published: dict[str, Tensor], name: str, tensor: Tensor | None, message: str
) -> None:
    if tensor is None:
        del published[name]
    else:
        published[name] = tensor
    with pytest.raises(WeightsMismatch, match=message):
        imported(TorchFile(published, "weights"))


def test_the_names_around_panecho_s_parts_do_not_matter(published: dict[str, Tensor]) -> None:
    """Only their ends are known: whatever the authors call their modules, each tensor finds its place."""
    renamed = {
        name.replace("encoder.encoder.", "net.image.")
        .replace("encoder.transformer.", "net.time.")
        .replace("_head.", ".1."): tensor
        for name, tensor in published.items()
    }
    found, expected = (imported(TorchFile(tensors, "plain")) for tensors in (renamed, published))
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_views_in_another_order_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "view_classifier.pt")
    with pytest.raises(ImportSettingError, match="the published order is A2C, A3C"):
        import_weights("EchoPrime_view_classifier", tmp_path / "view_classifier.pt", labels=["A3C", "A2C"])
