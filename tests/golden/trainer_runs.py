"""Three runs of transformers' Trainer with PEFT, as it leaves them: checkpoints, and the end above.

    python tests/golden/trainer_runs.py FOLDER

wants torch, transformers, accelerate and peft. FOLDER then has r2-seed0, r4-seed0 and r4-seed1, each
with checkpoint-20, -40 and -60, trainer_state.json beside every one, and the adapter as it was saved
at the end. The model is a Llama of two layers that was never trained; the language counts.
tests/golden/trainer_runs has what it wrote with torch 2.15.0, transformers 5.24.0, accelerate 1.15.0
and peft 0.21.2, without the READMEs of PEFT and the pickled arguments.
"""

import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments, set_seed

VOCABULARY = 32
LENGTH = 16


def model():
    """The base, the same for every run."""
    set_seed(7)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=LENGTH,
    )
    base = LlamaForCausalLM(config)
    base.name_or_path = "tiny-llama"
    base.config._name_or_path = "tiny-llama"
    return base


def sentences(count):
    """Each token is three times the one before and one more."""
    numbers = torch.arange(count) % VOCABULARY
    rows = [numbers]
    for _ in range(LENGTH - 1):
        rows.append((3 * rows[-1] + 1) % VOCABULARY)
    tokens = torch.stack(rows, dim=1)
    return [{"input_ids": row, "labels": row} for row in tokens]


def train(folder, rank, seed):
    """A run of one rank and seed."""
    base = model()
    set_seed(seed)
    adapter = get_peft_model(
        base,
        LoraConfig(r=rank, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"),
    )
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=60,
        per_device_train_batch_size=8,
        learning_rate=2e-2,
        logging_steps=10,
        save_steps=20,
        save_only_model=True,
        report_to=[],
        seed=seed,
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(model=adapter, args=arguments, train_dataset=sentences(256))
    trainer.train()
    trainer.save_model()
    trainer.save_state()


def main():
    """Trains all, and leaves out what nobody reads."""
    root = Path(sys.argv[1])
    for rank, seed in [(2, 0), (4, 0), (4, 1)]:
        train(root / f"r{rank}-seed{seed}", rank, seed)
    for name in ["README.md", "training_args.bin"]:
        for path in root.rglob(name):
            path.unlink()


main()
