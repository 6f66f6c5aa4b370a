"""Tiny files as torch.save writes them, and what torch reads in them.

Writes torch/*.pt and torch/expected.json beside itself: file -> tensor -> shape and numbers,
row by row.
"""

import collections
import json
from pathlib import Path

import torch

HERE = Path(__file__).parent / "torch"
TYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
EIGHT = ["float8_e4m3fn", "float8_e5m2"]


def tensors(types):
    """Every type, and every way in which a tensor may lie in its storage."""
    numbers = torch.arange(12, dtype=torch.float32).reshape(3, 4) - 5
    state = {name: numbers.to(getattr(torch, name))[:2, :3].contiguous() for name in types}
    state["whole"] = numbers
    state["turned"] = numbers.T
    state["slice"] = numbers[1:, ::2]
    state["repeated"] = numbers[0, 1:2].expand(2, 3)
    state["stack"] = torch.arange(12, dtype=torch.float32).reshape(2, 3, 2).transpose(1, 2)
    state["one"] = torch.tensor(0.25)
    state["empty"] = torch.zeros(0, 4)
    state["parameter"] = torch.nn.Parameter(torch.tensor([[1.5, -2.5]]))
    return state


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(2, 3)
        with torch.no_grad():
            self.inner.weight.copy_(torch.arange(6).reshape(3, 2) / 4)
            self.inner.bias.copy_(torch.arange(3) / 8)


def attributed():
    parameter = torch.nn.Parameter(torch.tensor([3.0]))
    parameter.note = "an attribute"
    return parameter


def main():
    HERE.mkdir(exist_ok=True)
    wrapped = {"model_state_dict": Model().state_dict(), "epoch": 3, "lr": 1e-4, "note": "a b", "best": None,
               "large": 2**70, "done": True, "optimizer": {"state": {0: {"step": torch.tensor(7.0)}}}}
    files = {
        "zip.pt": (tensors(TYPES + EIGHT), {}),
        "legacy.pt": (tensors(TYPES), {"_use_new_zipfile_serialization": False}),
        "protocol4.pt": ({"weight": torch.ones(1, 2), "attributed": attributed()}, {"pickle_protocol": 4}),
        "wrapped.pt": (wrapped, {}),
        "list.pt": ([torch.tensor([1.0]), (torch.tensor([2.0]), torch.tensor([3.0]))], {}),
        "ordered.pt": (collections.OrderedDict(a=torch.tensor([1.0, 2.0])), {"_use_new_zipfile_serialization": False}),
    }
    expected = {}
    for name, (content, options) in files.items():
        torch.manual_seed(0)
        torch.save(content, HERE / name, **options)
        read = torch.load(HERE / name, weights_only=False)  # made above
        expected[name] = flat(read)
    (HERE / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


def flat(content, prefix=""):
    if torch.is_tensor(content):
        return {prefix: [list(content.shape), content.detach().double().flatten().tolist()]}
    found = {}
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, (list, tuple)) else []
    for key, value in items:
        inner = "" if key == "model_state_dict" else f"{prefix}.{key}" if prefix else str(key)
        found.update(flat(value, inner))
    return found


main()
