"""The constants of Keras' BatchNorm, which are not torch's."""

from torch import nn

KERAS_EPSILON = 1e-3  # Keras' default for BatchNorm
APPLICATIONS_EPSILON = 1.001e-5  # that of Keras' ResNet and DenseNet, which came from another framework


def set_batch_norm(network: nn.Module, epsilon: float, momentum: float = 0.01) -> None:
    """Gives every BatchNorm Keras' constants. `momentum` is the share that comes, where Keras' 0.99 is the share that stays."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps, module.momentum = epsilon, momentum
