"""An LSTM as Keras computes it: one bias, where torch's has two and so more weights than the original."""

import torch
from torch import Tensor, nn


class KerasLstm(nn.Module):
    """Sequences (n, steps, features) -> the state after each step (n, steps, units), float32, starting from zero.

    Rows of both matrices, (4 * units, features) and (4 * units, units), are the gates input, forget, cell, output in this
    order: Keras' i, f, c, o and torch's i, f, g, o. Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.kernel = nn.Linear(features, 4 * units)
        self.recurrent_kernel = nn.Linear(units, 4 * units, bias=False)

    def forward(self, sequences: Tensor) -> Tensor:
        entering: Tensor = self.kernel(sequences)  # of all steps at once; only the recurrent part has to wait
        hidden = entering.new_zeros(entering.shape[0], self.recurrent_kernel.in_features)
        cell, states = torch.zeros_like(hidden), []
        for step in entering.unbind(dim=1):
            take, keep, new, give = (step + self.recurrent_kernel(hidden)).chunk(4, dim=1)
            cell = torch.sigmoid(keep) * cell + torch.sigmoid(take) * torch.tanh(new)
            hidden = torch.sigmoid(give) * torch.tanh(cell)
            states.append(hidden)
        return torch.stack(states, dim=1)
