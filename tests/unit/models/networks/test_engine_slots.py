"""A step that an engine computes is called as ever; what it does not take is computed by torch."""

import copy

import torch
from torch import Tensor, nn

from models.networks.engine_slots import EngineSlots, Slot, by_torch


class Doubling(nn.Module):
    def forward(self, batch: Tensor) -> Tensor:
        return 2 * batch


class Network(EngineSlots, Doubling):
    """Its forward step is inherited from a class without slots."""

    def embed(self, batch: Tensor, shift: float = 0.0) -> Tensor:
        return self(batch) + shift


def filled() -> Network:
    network = Network()
    network.fill_slot("embed", Slot(lambda batch: batch.shape[1] == 3, lambda batch: (batch.cpu() + 100,)))
    return network


def test_a_batch_that_the_slot_takes_goes_there_and_any_other_to_torch() -> None:
    network = filled()
    assert network.embed(torch.ones(1, 3)).tolist() == [[101, 101, 101]]
    assert network.embed(torch.ones(1, 2)).tolist() == [[2, 2]]
    assert network.embed(torch.ones(1, 3), 1.0).tolist() == [[3, 3, 3]], "a further argument is torch's alone"
    assert network(torch.ones(1, 3)).tolist() == [[2, 2, 2]], "another step"
    assert Network().embed(torch.ones(1, 3)).tolist() == [[2, 2, 2]], "another network"


def test_an_inherited_step_has_a_slot_too() -> None:
    network = Network()
    network.fill_slot("forward", Slot(lambda batch: True, lambda batch: (batch, -batch)))
    one, other = network(torch.ones(1, 2))
    assert (one.tolist(), other.tolist()) == ([[1, 1]], [[-1, -1]])


def test_the_class_s_own_way_is_there_behind_a_slot_and_a_copy_keeps_the_slot() -> None:
    network = filled()
    assert by_torch(network, "embed")(network, torch.ones(1, 3)).tolist() == [[2, 2, 2]]
    assert copy.deepcopy(network).embed(torch.ones(1, 3)).tolist() == [[101, 101, 101]]
