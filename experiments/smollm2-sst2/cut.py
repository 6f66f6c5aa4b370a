"""Keeps eight of thirty layers of what train.py made, small enough to be committed.

    venv/bin/python cut.py out .

From a folder with adapters/, steps/ and base/ it writes the same folders: layers 0, 4, 8, 12, 17, 21,
25 and 29, query and value alone. Factors and the difference of the full fine-tune are rounded to f16
(11 significant bits). The base stays in bf16, which is what the runs were trained on.
"""

import argparse
import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file

LAYERS = (0, 4, 8, 12, 17, 21, 25, 29)
WEIGHTS = {"r4-seed0", "r8-seed0", "r8-seed1", "r8-seed2", "r64-seed0", "r64-seed1", "r64-seed2"}
STEPS = {"r8-seed0": (0, 108, 432, 864, 1297)}


def is_kept(name):
    parts = name.split(".")
    return int(parts[parts.index("layers") + 1]) in LAYERS and ("q_proj" in name or "v_proj" in name)


def kept(file):
    with safe_open(file, "pt") as tensors:
        return {name: tensors.get_tensor(name) for name in tensors.keys() if is_kept(name)}


def save(tensors, folder, name, config):
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / name, metadata={"format": "pt"})
    if config.is_file():
        # Sorted lists: PEFT writes some of them in the order of a set.
        values = json.loads(config.read_text())
        values = {key: sorted(value) if isinstance(value, list) else value for key, value in values.items()}
        (folder / config.name).write_text(json.dumps(values, indent=1, sort_keys=True) + "\n")


def adapter(source, target):
    tensors = {name: tensor.half() for name, tensor in kept(source / "adapter_model.safetensors").items()}
    save(tensors, target, "adapter_model.safetensors", source / "adapter_config.json")


def fine_tune(source, base, target):
    """ΔW = W′ − W under LyCORIS's names; W′ itself in f16 would lose what was learned."""
    before = load_file(base / "model.safetensors")
    tensors = {}
    for name, after in kept(source / "model.safetensors").items():
        path = name.removesuffix(".weight").replace(".", "_")
        tensors[f"lycoris_{path}.diff"] = (after.double() - before[name].double()).half()
    target.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target / "lycoris.safetensors", metadata={"format": "pt"})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help="folder of train.py's adapters/, steps/ and base/")
    parser.add_argument("target", type=Path, help="folder of this study")
    flags = parser.parse_args()
    save(kept(flags.source / "base/model.safetensors"), flags.target / "base", "model.safetensors",
         flags.source / "base/config.json")
    for name in sorted(WEIGHTS):
        adapter(flags.source / f"adapters/qv-{name}", flags.target / "adapters" / name)
    for name, steps in STEPS.items():
        for step in steps:
            part = f"checkpoint-{step}"
            adapter(flags.source / f"steps/qv-{name}" / part, flags.target / "steps" / name / part)
    fine_tune(flags.source / "adapters/full-qv-seed0", flags.source / "base", flags.target / "adapters/full-seed0")


if __name__ == "__main__":
    main()
