"""Grad-CAM: which places of a network's last feature map speak for an answer.

Selvaraju et al., ICCV 2017 (arXiv:1610.02391). Every channel is weighed by the mean of the answer's gradient over the places.
The weighed channels are added, and what speaks against the answer is cut off.

Ours: captum's `LayerGradCam` gives the same maps, but only of layers that write channels first. For tokens, channels last and
the score it needs more code around it than stands here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.library.recipe import Form, Layer


def grad_cam(network: nn.Module, layer: Layer, inputs: Tensor, score: Callable[[Any], Tensor]) -> tuple[Tensor, float]:
    """What speaks for `score`, a number made of the network's answer to `inputs`, at each pixel; and the number.

    Inputs (n, c, h, w), float32, as the network takes them, give (n, h, w); clips (n, c, frames, h, w) give (n, frames, h, w).
    What is given is not negative, not normalised, and has no unit; `score` gives a tensor without axes. The network is asked in
    evaluation mode, gets no gradients and is left as it was. For a clip seen frame by frame each frame's channels are weighed
    for themselves: the frames differ in how much they count.
    """
    rows, columns = inputs.shape[-2:]
    kept = []

    def keep(module: nn.Module, entered: Any, features: Tensor) -> Tensor:
        kept.append(features)
        return features.clone()  # what follows may work in place

    hook = layer.of(network).register_forward_hook(keep)
    try:
        # cuDNN's recurrent layers have no backward pass in evaluation mode; torch's own have one.
        with evaluating(network), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            value = score(network(inputs.detach().clone().requires_grad_(True)))
            (features,) = kept
            (gradient,) = torch.autograd.grad(value, features)
    finally:
        hook.remove()
    maps, slopes = (layer.maps(tensor.detach(), rows, columns) for tensor in (features, gradient))
    places = tuple(range(2, maps.dim()))
    heat = (slopes.mean(dim=places, keepdim=True) * maps).sum(dim=1).clamp(min=0)
    return _at_input_size(heat, inputs, layer.form), float(value.detach()) if value.device.type != "meta" else 0.0


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Every part of the network in evaluation mode, and afterwards each in its own again: part of it may be frozen so."""
    were_training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in were_training:
            module.training = True


def _at_input_size(heat: Tensor, inputs: Tensor, form: Form) -> Tensor:
    """(n, rows, columns), of CLIPS (n, frames, rows, columns), of frames (n * frames, rows, columns), enlarged linearly."""
    if form is Form.CLIPS:
        size, mode = tuple(inputs.shape[-3:]), "trilinear"
    else:
        size, mode = tuple(inputs.shape[-2:]), "bilinear"
    enlarged = functional.interpolate(heat[:, None].float(), size, mode=mode, align_corners=False)[:, 0]
    of_frames = form in (Form.FRAMES, Form.FRAME_TOKENS)
    return enlarged.view(inputs.shape[0], *inputs.shape[-3:]) if of_frames else enlarged
