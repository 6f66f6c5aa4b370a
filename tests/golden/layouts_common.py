"""What every module of layouts.py shares: where cases go, their seeds, and how a case is closed.

A case is a folder of layouts/: the adapter as its library writes it, `delta.safetensors` with the
expected ΔW (float64, d_out × d_in) by module path, sometimes `changed.safetensors` with what else
the adapter changes (biases), and an entry in the manifest.
"""

import json
import os
import zlib
from pathlib import Path

import peft_fixtures  # noqa: F401  fixes PYTHONHASHSEED and keeps the hub offline
import torch
import transformers
from safetensors.torch import load_file, save_file  # noqa: F401  load_file is for the other modules
from transformers.pytorch_utils import Conv1D

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()

OUT = Path(__file__).resolve().parent / "layouts"
CASES: dict[str, dict] = {}
Tensors = dict[str, torch.Tensor]


def seed_of(name: str) -> int:
    """A case's seed is its name's: cases added later leave the bytes of the others alone."""
    return zlib.crc32(name.encode())


def start(name: str) -> Path:
    """Seeds torch for the case and makes its folder."""
    assert name not in CASES and not (OUT / name).exists(), name
    (OUT / name).mkdir(parents=True)
    torch.manual_seed(seed_of(name))
    return OUT / name


def noise(*shape: int) -> torch.Tensor:
    """Non-zero float32 entries of a trained factor's size."""
    return 0.3 * torch.randn(*shape)


def randomise(model: torch.nn.Module, match=lambda name: True) -> None:
    """Moves every trainable tensor whose name matches, so that no factor is zero or at its start."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.requires_grad and match(name):
                p.copy_(0.5 * p + noise(*p.shape))


def differences(merged: torch.nn.Module, original: torch.nn.Module) -> Tensors:
    """parameter name → merged − original, for every parameter that is not the same."""
    new = dict(merged.named_parameters())
    out = {}
    for name, old in original.named_parameters():
        assert old.dtype == new[name].dtype == torch.float64, name
        if not torch.equal(new[name], old):
            out[name] = (new[name] - old).detach()
    return out


def matrices(changes: Tensors, original: torch.nn.Module) -> tuple[Tensors, Tensors]:
    """Changed parameters as (module path → ΔW as d_out × d_in, everything that is no matrix).

    Conv1D stores (in, out) and Embedding (vocab, dim): both are transposed. A convolution's kernel
    is flattened row by row. A 3-D parameter of experts becomes one matrix an expert.
    """
    delta, rest = {}, {}
    for name, change in changes.items():
        path, _, parameter = name.rpartition(".")
        owner = original.get_submodule(path)
        if change.dim() < 2:
            rest[name] = change
        elif parameter == "weight" and change.dim() == 2:
            delta[path] = change.T if isinstance(owner, Conv1D | torch.nn.Embedding) else change
        elif parameter == "weight":
            delta[path] = change.flatten(1)
        elif parameter == "in_proj_weight":
            delta[path] = change
        else:
            turned = change.mT if stored_in_out(owner) else change
            delta |= {f"{name}.{expert}": matrix for expert, matrix in enumerate(turned)}
    return delta, rest


def forward_delta(adapted: torch.nn.Module, plain: torch.nn.Module, shape: tuple[int, ...]) -> torch.Tensor:
    """ΔW of a linear or convolution layer from its outputs alone: one unit input a column, and a zero
    input for what a bias adds. `shape` is an input's without the batch; a convolution's is
    (in, kernel…), and its padding must be zero."""
    size = torch.Size(shape).numel()
    units = torch.cat([torch.eye(size), torch.zeros(1, size)]).double().reshape(size + 1, *shape)
    with torch.no_grad():
        out = (adapted(units) - plain(units)).reshape(size + 1, -1)
    return (out[:-1] - out[-1:]).T


def stored_in_out(experts: torch.nn.Module) -> bool:
    """Whether an experts module holds (expert, in, out), as its own forward reads it."""
    return getattr(experts, "is_transposed", False) or type(experts).__name__ == "Llama4TextExperts"


def fact(rank: int | None, scale: float | None, needs_base: bool = False, **more) -> dict:
    return {"rank": rank, "scale": scale, "needs_base": needs_base, **more}


def contiguous(tensors: Tensors) -> Tensors:
    """Own memory for each tensor, which safetensors asks for."""
    return {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}


def finish(
    name: str, about: str, layout: str, oracle: str, delta: Tensors, modules: dict[str, dict], *,
    adapter: str = "adapter", base: str | None = None, options: dict | None = None, changed: Tensors | None = None,
    replaced: tuple = (), **extra,
) -> None:
    """Writes the expected answer and the manifest's entry. `base` is a name in layouts/bases."""
    assert set(delta) == set(modules), set(delta) ^ set(modules)
    for module, matrix in delta.items():
        assert matrix.dtype == torch.float64 and matrix.dim() == 2, module
        assert matrix.isfinite().all() and matrix.abs().max() > 1e-3, module
    save_file(contiguous(delta), OUT / name / "delta.safetensors")
    if changed:
        save_file(contiguous(changed), OUT / name / "changed.safetensors")
    CASES[name] = {
        "about": about, "adapter": adapter, "base": base and f"../bases/{base}", "options": options or {},
        "layout": layout, "oracle": oracle, "modules": dict(sorted(modules.items())), "replaced": sorted(replaced), "unmapped": [], **extra,
    }
    if changed:
        CASES[name]["changed"] = sorted(changed)
    check_paths(name)


def check_paths(name: str) -> None:
    """The adapter and the base that the manifest speaks of are there."""
    entry = CASES[name]
    assert (OUT / name / entry["adapter"]).exists(), name
    assert entry["base"] is None or (OUT / name / entry["base"]).is_dir(), name


def refuse(name: str, about: str, layout: str, base: str | None = None, adapter: str = "adapter", **extra) -> None:
    """The entry of an adapter that a reader must refuse by name."""
    CASES[name] = {
        "about": about, "adapter": adapter, "base": base and f"../bases/{base}", "layout": layout, "refused": True, **extra,
    }
    check_paths(name)


def write_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_manifest(versions: dict[str, str]) -> None:
    """One line for each fact of a case and for each of its modules, so that it stays small and can be read."""
    line = lambda value: json.dumps(value, ensure_ascii=False)
    block = lambda entries, pad: "{\n" + ",\n".join(f"{pad} {entry}" for entry in entries) + f"\n{pad}}}"
    modules = lambda value: block([f"{line(path)}: {line(module)}" for path, module in value.items()], "  ")
    cases = [
        f"{line(name)}: " + block(
            [f"{line(key)}: {modules(value) if key == 'modules' else line(value)}" for key, value in entry.items()], " ",
        )
        for name, entry in CASES.items()
    ]
    text = '{"versions": ' + line(versions) + ',\n"cases": ' + block(cases, "") + "}\n"
    assert json.loads(text)["cases"] == CASES
    (OUT / "manifest.json").write_text(text)


def sort_metadata(file: Path) -> None:
    """Writes a safetensors file's metadata in the order of its keys: safetensors' own changes from run to run."""
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps({"__metadata__": header.pop("__metadata__")} | header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])


def folder_size(folder: Path) -> int:
    return sum(os.path.getsize(file) for file in folder.rglob("*") if file.is_file())
