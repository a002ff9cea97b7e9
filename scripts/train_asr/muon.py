"""Muon, for the matrices of the layers: each step moves along the nearest orthogonal matrix to the momentum of the gradient.

In: gradients. Out: weights. Sources: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks" (momentum, five Newton-Schulz steps and
their coefficients); Liu et al. 2025, "Muon is scalable for LLM training" (a step as long as AdamW's, so that both share a rate).
"""
import collections

import torch

import model as network

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonal(matrices):
    """A batch of matrices, rows no more than columns, with all singular values brought near 1."""
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16() if network.half(matrices.device.type) else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.float()


class Muon(torch.optim.Optimizer):
    """Takes two-dimensional parameters only."""

    def __init__(self, groups, lr, weight_decay=0.01):
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike = collections.defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike[parameter.shape].append(parameter)
            for shape, parameters in alike.items():
                steps = orthogonal(torch.stack([self.ahead(parameter, shape) for parameter in parameters]))
                length = group["lr"] * 0.2 * max(shape) ** 0.5
                for parameter, step in zip(parameters, steps):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.sub_(step if shape[0] <= shape[1] else step.mT, alpha=length)

    def ahead(self, parameter, shape):
        """Nesterov's momentum, lying on its longer side."""
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(parameter.grad, 1 - MOMENTUM)
        ahead = parameter.grad.lerp(state["momentum"], MOMENTUM)
        return ahead if shape[0] <= shape[1] else ahead.mT


def optimizers(net, rate):
    """One for the matrices of the layers, one for all else; the decoder learns a little slower than the encoder."""
    inner, other = ([[], []] for _ in range(2))
    for name, parameter in net.named_parameters():
        matrix = parameter.ndim == 2 and "blocks." in name
        (inner if matrix else other)[name.startswith("decoder.")].append(parameter)
    groups = lambda sides: [{"params": side, "share": share} for side, share in zip(sides, (1.0, 0.8))]
    return [Muon(groups(inner), rate), torch.optim.AdamW(groups(other), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)]
