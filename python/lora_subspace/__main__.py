"""The program `lora-subspace`, which `python -m lora_subspace` runs too."""

import sys

from ._load import native


def main():
    """Runs the command that was typed, and ends with its exit code."""
    sys.exit(native.command(["lora-subspace", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
