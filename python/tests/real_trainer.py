"""The callback and `from_peft` on a real Trainer: a tiny model with PEFT, once, by hand.

    python python/tests/real_trainer.py

Needs torch, transformers, peft, accelerate and the wheel. It prints their versions and φ over steps, and
fails where the live adapter is not the one that PEFT saves.
"""

import tempfile

import accelerate
import lora_subspace as ls
import numpy as np
import peft
import torch
import transformers
from lora_subspace.trainer import OverlapCallback

MODEL = transformers.LlamaConfig(
    vocab_size=64,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=2,
    num_attention_heads=4,
    max_position_embeddings=32,
)


def examples(count=256, length=16):
    """Sequences that count upwards from a random start."""
    draw = np.random.default_rng(0)
    starts = draw.integers(0, 64, size=(count, 1))
    tokens = torch.from_numpy((starts + np.arange(length)) % 64)
    return [{"input_ids": row, "labels": row} for row in tokens]


def main():
    transformers.set_seed(0)
    model = transformers.LlamaForCausalLM(MODEL)
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
    model = peft.get_peft_model(model, config)
    callback = OverlapCallback(every=10, k=2)
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            max_steps=60,
            per_device_train_batch_size=16,
            learning_rate=1e-2,
            logging_steps=1000,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = transformers.Trainer(
            model=model, args=arguments, train_dataset=examples(), callbacks=[callback]
        )
        trainer.train()
        model.save_pretrained(f"{folder}/saved", save_embedding_layers=False)
        saved, live = ls.open(f"{folder}/saved"), ls.from_peft(model)
        assert saved.modules == live.modules and len(live) == 4
        for module in saved:
            assert np.array_equal(saved[module].delta(), live[module].delta()), module
    logged = [entry for entry in trainer.state.log_history if "overlap/phi_2" in entry]
    assert [entry["step"] for entry in logged] == [20, 30, 40, 50, 60], logged
    for library in (torch, transformers, peft, accelerate, np):
        print(f"{library.__name__} {library.__version__}")
    for entry in callback.history:
        print(f"step {entry['step']}: φ(2,2) {entry['phi']:.3f}, chance {entry['chance']:.3f}")


if __name__ == "__main__":
    main()
