"""Write the programs of torch-mlir that the tests read, and what PyTorch computes.

    pip install torch==2.13.0 torch-mlir ml_dtypes
    python tests/foreign/make_torch.py

Files of torch-mlir 20261001. The tests need neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.export import Dim
from torch.nn import functional as F
from torch_mlir import fx

DATA = Path(__file__).parent / "data"


class Perceptron(nn.Module):
    """Its loss; layer norm, gelu and cross entropy."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.first, self.last = nn.LayerNorm(6), nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(self.last(F.gelu(self.first(self.norm(x)))), labels)


class OfParameters(nn.Module):
    """A module as a function of its parameters: the form to differentiate."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module, self.names = [module], [name for name, _ in module.named_parameters()]

    def forward(self, *args: torch.Tensor) -> Any:
        count = len(self.names)
        named = dict(zip(self.names, args[:count], strict=True))
        return torch.func.functional_call(self.module[0], named, args[count:])


class ConvNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.last = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Linear(48, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)
        return F.log_softmax(self.last(x.flatten(1)), -1)


class Attention(nn.Module):
    """A block of a decoder, on numbers of tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm = nn.Embedding(11, 8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 8)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens)
        mask = torch.triu(torch.full((5, 5), -torch.inf), 1)
        y, _ = self.attention(x, x, x, need_weights=False, attn_mask=mask)
        x = self.norm(x + y)
        return x + self.down(F.gelu(self.up(x)))


class Types(nn.Module):
    """Buffers of many types, and ops that count."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.register_buffer("mask", torch.tensor([True, False, True, True]))
        self.register_buffer("halves", torch.randn(4).half())
        self.register_buffer("brains", torch.randn(4).bfloat16())
        self.register_buffer("bytes", torch.tensor([1, -2, 3, 4], dtype=torch.int8))
        self.register_buffer("doubles", torch.randn(4).double())

    def forward(self, x: torch.Tensor) -> Any:
        y = torch.where(self.mask, self.linear(x), 0.0) * self.brains.float() + self.halves + self.bytes
        y = y + self.doubles.float()
        return torch.softmax(y, -1).sum(1), torch.cumsum(y, 0), y.argmax(-1), torch.arange(x.shape[0])


class Dynamic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)

    def forward(self, x: torch.Tensor) -> Any:
        y = torch.tanh(self.linear(x))
        return torch.softmax(y, -1), y.reshape(x.shape[0], 2, 2).mean(0)


def write(name: str, module: nn.Module, *args: torch.Tensor, **options: Any) -> None:
    made = fx.export_and_import(module, *args, output_type="stablehlo", func_name="main", **options)
    (DATA / f"torch_{name}.mlir").write_text(str(made.operation.get_asm()))


def main() -> None:
    torch.manual_seed(0)
    found: dict[str, torch.Tensor] = {}

    perceptron = Perceptron()
    x, labels = torch.randn(4, 6), torch.randint(0, 3, (4,))
    parameters = [p.detach().clone() for p in perceptron.parameters()]
    write("perceptron", OfParameters(perceptron), *parameters, x, labels)
    loss = perceptron(x, labels)
    gradients = torch.autograd.grad(loss, list(perceptron.parameters()))
    found |= {"perceptron_x": x, "perceptron_labels": labels, "perceptron_loss": loss}
    for index, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        found |= {f"perceptron_parameter_{index}": parameter, f"perceptron_gradient_{index}": gradient}

    convnet = ConvNet().eval()
    convnet.norm.running_mean.uniform_(-1, 1)
    convnet.norm.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        convnet.norm.weight.uniform_(0.5, 2)
        convnet.norm.bias.uniform_(-1, 1)
    image = torch.randn(2, 1, 8, 8)
    write("convnet", convnet, image)
    weights = [convnet.conv.weight, convnet.norm.weight, convnet.norm.bias, convnet.last.weight]
    logits = convnet(image)
    found |= {"convnet_x": image, "convnet_y": logits}
    for index, gradient in enumerate(torch.autograd.grad((logits**2).sum(), weights)):
        found |= {f"convnet_weight_{index}": weights[index], f"convnet_gradient_{index}": gradient}

    tokens = torch.randint(0, 11, (2, 5))
    attention = Attention().eval()
    write("attention", attention, tokens)
    found |= {"attention_x": tokens, "attention_y": attention(tokens)}

    x = torch.randn(2, 5, 3)
    types = Types().eval()
    write("types", types, x)
    found |= {"types_x": x} | {f"types_y_{index}": y for index, y in enumerate(types(x))}

    dynamic = Dynamic().eval()
    write("dynamic", dynamic, torch.randn(2, 3), dynamic_shapes={"x": {0: Dim("b")}})
    x = torch.randn(5, 3)
    found |= {"dynamic_x": x} | {f"dynamic_y_{index}": y for index, y in enumerate(dynamic(x))}

    np.savez_compressed(DATA / "torch.npz", **{name: y.detach().numpy() for name, y in found.items()})


if __name__ == "__main__":
    main()
