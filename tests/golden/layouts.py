"""Small adapters in every layout, each with the ΔW that it stands for. Writes layouts/ beside itself.

The adapters are written by the libraries themselves where these can be installed, else built with
NumPy or torch to the layout's description; README.md says what each case is for and which oracle
made its ΔW. `python layouts.py peft lycoris` makes only these groups and no manifest of the rest.
"""

import platform
import shutil
import sys
from importlib.metadata import version

import layouts_diffusers
import layouts_loralib
import layouts_lycoris
import layouts_methods
import layouts_others
import layouts_peft
import layouts_peft_files
import layouts_slices
import torch
from layouts_common import CASES, OUT, folder_size, write_manifest

GROUPS = {
    "peft": layouts_peft.make, "peft-files": layouts_peft_files.make, "methods": layouts_methods.make,
    "loralib": layouts_loralib.make, "lycoris": layouts_lycoris.make, "diffusers": layouts_diffusers.make,
    "others": layouts_others.make, "slices": layouts_slices.make,
}
LIBRARIES = ["torch", "transformers", "safetensors", "numpy", "peft", "loralib", "lycoris-lora", "diffusers", "torchtune"]
CASE_LIMIT, TOTAL_LIMIT = 40_000, 500_000


def versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name).split("+")[0] for name in LIBRARIES}


def report() -> None:
    """Prints each case's size, and fails when the fixtures outgrow what a repository should carry."""
    for name, entry in CASES.items():
        size = folder_size(OUT / name)
        print(f"{name}: {len(entry.get('modules', {}))} modules, {size} bytes")
        assert size <= CASE_LIMIT, name
    total = folder_size(OUT)
    print(f"{len(CASES)} cases, {total} bytes")
    assert total <= TOTAL_LIMIT


def main(groups: list[str]) -> None:
    torch.set_num_threads(1)
    shutil.rmtree(OUT, ignore_errors=True)
    for group in groups or GROUPS:
        GROUPS[group]()
    write_manifest(versions())
    report()


if __name__ == "__main__":
    main(sys.argv[1:])
