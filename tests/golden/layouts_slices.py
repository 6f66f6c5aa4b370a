"""Fused projections: which rows of a fused weight are q, k, v, gate and up, asked of transformers itself.

The fused layer is made to answer with the numbers of its own rows, and the model's code is left to
take them apart: what arrives as query, key and value is the list of rows.
"""

import torch
import torch.nn.functional as F
from layouts_common import Tensors, finish
from layouts_models import (
    ATTENTION, BLOOM, FALCON, FALCON_MQ, FALCON_NEW, GPT2, GPT_BIGCODE, GPT_NEOX, PHI3, Base,
)
from layouts_peft import MERGE, lora_facts, merged_answer, reload, train_and_save
from peft import LoraConfig
from torch import nn
from transformers import AttentionInterface

Rows = dict[str, list[int]]
SEEN: dict[str, torch.Tensor] = {}


# ---------------------------------------------------------------- asking the model


def see_attention(module, query, key, value, attention_mask, **_):
    """An attention that only keeps what it is given: (batch, head, position, dimension)."""
    SEEN.update(q=query, k=key, v=value)
    return torch.zeros_like(query.transpose(1, 2)), None


AttentionInterface.register("rows", see_attention)


def row_numbers(module: nn.Module, _, out: torch.Tensor) -> torch.Tensor:
    """In place of the layer's output: the number of each row of its weight."""
    return torch.arange(out.shape[-1], dtype=out.dtype).expand_as(out).clone()


def split_by_interface(model: nn.Module, fused: nn.Module) -> Rows:
    """For models that call transformers' attention interface. One token at position 0: RoPE leaves it alone."""
    model.config._attn_implementation = "rows"
    return run(model, fused)


def split_by_method(model: nn.Module, fused: nn.Module) -> Rows:
    """BLOOM and Falcon take the heads apart in a method of the attention: (batch, position, head, dimension)
    or with head and position exchanged, which is the same for one token."""
    for attention in model.modules():
        for name in "_reshape", "_split_heads":
            if hasattr(attention, name):
                setattr(attention, name, keep_result(getattr(attention, name)))
    return run(model, fused)


def keep_result(split):
    def kept(fused: torch.Tensor):
        SEEN.update(zip("qkv", split(fused), strict=True))
        return tuple(SEEN[name] for name in "qkv")
    return kept


def run(model: nn.Module, fused: nn.Module) -> Rows:
    SEEN.clear()
    handle = fused.register_forward_hook(row_numbers)
    with torch.no_grad():
        model.eval()(input_ids=torch.tensor([[1]]), use_cache=False)
    handle.remove()
    return {name: in_order(SEEN[name]) for name in "qkv"}


def in_order(seen: torch.Tensor) -> list[int]:
    """Row numbers as they come; key heads that are shared by several query heads are listed once."""
    rows = [int(x) for x in seen.flatten().tolist()]
    return list(dict.fromkeys(rows))


def split_gate(model: nn.Module, fused: nn.Module) -> Rows:
    """gate is what the activation is given; up is what is left when it answers with ones."""
    mlp = next(module for module in model.modules() if getattr(module, "gate_up_proj", None) is fused)
    mlp.activation_fn.forward = lambda gate: SEEN.update(gate=gate) or torch.ones_like(gate)
    mlp.down_proj.register_forward_pre_hook(lambda _, args: SEEN.update(up=args[0]))
    handle = fused.register_forward_hook(row_numbers)
    with torch.no_grad():
        model.eval()(input_ids=torch.tensor([[1]]), use_cache=False)
    handle.remove()
    return {name: in_order(SEEN[name]) for name in ("gate", "up")}


def split_in_projection(d: int) -> Rows:
    """nn.MultiheadAttention: torch's own code on a weight whose first column counts its rows."""
    weight = torch.zeros(3 * d, d)
    weight[:, 0] = torch.arange(3 * d)
    unit = torch.eye(d)[:1]
    seen = F._in_projection_packed(unit, unit, unit, weight, None)
    return {name: in_order(rows) for name, rows in zip("qkv", seen, strict=True)}


# ---------------------------------------------------------------- cases


def sliced(delta: Tensors, facts: dict, module: str, rows: Rows) -> dict[str, dict]:
    """Adds `<module>.q` and so on to the answer, and gives the manifest's `slices`."""
    used = sorted(row for part in rows.values() for row in part)
    assert used == list(range(delta[module].shape[0])), module
    for part, numbers in rows.items():
        delta[f"{module}.{part}"] = delta[module][numbers]
        facts[f"{module}.{part}"] = facts[module] | {"slice_of": module}
    return {f"{module}.{part}": {"rows": numbers} for part, numbers in rows.items()}


def case(name: str, about: str, base: Base, splits: dict, **lora) -> None:
    """`splits` is fused module → how it is taken apart."""
    train_and_save(name, base, LoraConfig(r=2, lora_alpha=5, target_modules=list(splits), **lora))
    model = reload(name, base)
    facts = lora_facts(model)
    delta, _ = merged_answer(model, base)
    slices = {}
    for module, split in splits.items():
        plain = base.read(torch.float32)
        slices |= sliced(delta, facts, module, split(plain, plain.get_submodule(module)))
    finish(name, about, "PEFT LoRA on a fused module", MERGE + ", rows by transformers' forward", delta, facts, base=base.name,
           slices=slices)


def attention_slices() -> None:
    case("slices-gpt2", "c_attn of GPT-2: q, k, v one after the other, Conv1D", GPT2,
         {"transformer.h.0.attn.c_attn": split_by_interface}, fan_in_fan_out=True)
    case("slices-gpt-neox", "query_key_value of GPT-NeoX: q, k, v of head 0, then of head 1", GPT_NEOX,
         {"gpt_neox.layers.0.attention.query_key_value": split_by_interface})
    case("slices-bloom", "query_key_value of BLOOM: q, k, v of head 0, then of head 1", BLOOM,
         {"transformer.h.0.self_attention.query_key_value": split_by_method})
    falcon = {"transformer.h.0.self_attention.query_key_value": split_by_method}
    case("slices-falcon", "Falcon without multi_query: as BLOOM", FALCON, falcon)
    case("slices-falcon-mq", "Falcon with multi_query: all q, then one k and one v", FALCON_MQ, falcon)
    case("slices-falcon-new", "Falcon's new decoder: each group has its q heads, then its k and v", FALCON_NEW, falcon)
    case("slices-phi3", "qkv_proj with fewer key heads, and gate_up_proj", PHI3,
         {"model.layers.0.self_attn.qkv_proj": split_by_interface, "model.layers.0.mlp.gate_up_proj": split_gate})
    case("slices-gpt-bigcode", "c_attn with multi_query: all q, then one k and one v", GPT_BIGCODE,
         {"transformer.h.0.attn.c_attn": split_by_interface})


def multihead_attention() -> None:
    """PEFT merges out_proj's ΔW twice (0.21.2): the answer has it once. in_proj is cut into thirds."""
    name, module = "peft-mha", "blocks.0.mha"
    train_and_save(name, ATTENTION, LoraConfig(r=2, lora_alpha=5, target_modules=["mha", "out"]))
    model = reload(name, ATTENTION)
    facts, mha = lora_facts(model), model.base_model.model.blocks[0]["mha"]
    once = {
        module: mha.get_delta_weight("default").detach(),
        f"{module}.out_proj": mha.base_layer.out_proj.get_delta_weight("default").detach(),
        "blocks.0.out": model.base_model.model.blocks[0]["out"].get_delta_weight("default").detach(),
    }
    merged, _ = merged_answer(model, ATTENTION)
    for path, times in {module: 1, f"{module}.out_proj": 2, "blocks.0.out": 1}.items():
        torch.testing.assert_close(merged[path], times * once[path], rtol=1e-12, atol=1e-15)
    slices = sliced(once, facts, module, split_in_projection(8))
    finish(
        name, "fused in_proj (3d, d) under the module's own name, out_proj under base_layer.out_proj; PEFT's merge and "
        "forward add out_proj's ΔW twice, the answer has it once", "PEFT LoRA, nn.MultiheadAttention",
        "PEFT get_delta_weight (merge, but out_proj once), rows by torch's forward", once, facts, base=ATTENTION.name,
        slices=slices,
    )


def make() -> None:
    attention_slices()
    multihead_attention()
