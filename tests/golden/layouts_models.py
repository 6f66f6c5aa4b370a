"""The tiny bases of the cases, each saved once under layouts/bases and shared between cases."""

from dataclasses import dataclass
from typing import Callable

import torch
from layouts_common import OUT, contiguous, load_file, save_file, seed_of
from torch import nn
from transformers import (
    BloomConfig, BloomForCausalLM, FalconConfig, FalconForCausalLM, GPT2Config, GPT2LMHeadModel, GPTBigCodeConfig, GPTBigCodeForCausalLM, GPTNeoXConfig,
    GPTNeoXForCausalLM, GptOssConfig, GptOssForCausalLM, LlamaConfig, LlamaForCausalLM, Phi3Config, Phi3ForCausalLM,
    PreTrainedModel, Qwen2MoeConfig, Qwen2MoeForCausalLM,
)


@dataclass(frozen=True)
class Base:
    """A model that can be made again from its name: the same bytes each time."""

    name: str
    build: Callable[[], nn.Module]

    def make(self) -> nn.Module:
        """The model in float32, and its files if they are not there yet. The random state is kept."""
        with torch.random.fork_rng():
            torch.manual_seed(seed_of(f"base/{self.name}"))
            model = self.build()
            move_from_defaults(model)
        folder = OUT / "bases" / self.name
        if not folder.exists():
            save_model(model, folder)
        return model

    def read(self, dtype: torch.dtype = torch.float64) -> nn.Module:
        """The model as its files have it."""
        model = self.make()
        folder = OUT / "bases" / self.name
        if isinstance(model, PreTrainedModel):
            return type(model).from_pretrained(folder, dtype=dtype)
        model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
        return model.to(dtype)


def move_from_defaults(model: nn.Module) -> None:
    """Norms of ones, biases of zeros and equal experts would hide mistakes."""
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.2 * torch.randn(p.shape))


def save_model(model: nn.Module, folder) -> None:
    if isinstance(model, PreTrainedModel):
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
    else:
        folder.mkdir(parents=True)
        kept = {key: value for key, value in model.state_dict().items() if "lora_" not in key}
        save_file(contiguous(kept), folder / "model.safetensors", metadata={"format": "pt"})


# ---------------------------------------------------------------- transformers

# The smallest that still has two heads of four dimensions.
FUSED = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
SMALL = {"vocab_size": 16, "hidden_size": 8, "num_attention_heads": 2, "max_position_embeddings": 16}


def llama() -> nn.Module:
    """With biases in the attention and fewer key heads."""
    config = {**SMALL, "intermediate_size": 12, "num_hidden_layers": 2, "num_key_value_heads": 1}
    return LlamaForCausalLM(LlamaConfig(**config, attention_bias=True))


def gpt2() -> nn.Module:
    return GPT2LMHeadModel(GPT2Config(vocab_size=16, n_positions=4, n_embd=8, n_layer=1, n_head=2, n_inner=4))


def qwen2_moe() -> nn.Module:
    return Qwen2MoeForCausalLM(Qwen2MoeConfig(
        **SMALL, num_hidden_layers=1, num_key_value_heads=2, intermediate_size=12, moe_intermediate_size=6,
        shared_expert_intermediate_size=6, num_experts=3, num_experts_per_tok=2,
    ))


def gpt_oss() -> nn.Module:
    return GptOssForCausalLM(GptOssConfig(
        **SMALL, num_hidden_layers=1, num_key_value_heads=2, intermediate_size=6, head_dim=4, num_local_experts=3,
        num_experts_per_tok=2, layer_types=["full_attention"], rope_parameters={"rope_type": "default", "rope_theta": 1e4},
    ))


def gpt_neox() -> nn.Module:
    return GPTNeoXForCausalLM(GPTNeoXConfig(**FUSED, intermediate_size=4, max_position_embeddings=4))


def bloom() -> nn.Module:
    return BloomForCausalLM(BloomConfig(vocab_size=8, hidden_size=8, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0))


def falcon(**more) -> Callable[[], nn.Module]:
    config = {**FUSED, "ffn_hidden_size": 4, "multi_query": False, "new_decoder_architecture": False, "alibi": False, "bos_token_id": 0,
              "eos_token_id": 0, **more}
    return lambda: FalconForCausalLM(FalconConfig(**config))


def phi3() -> nn.Module:
    return Phi3ForCausalLM(Phi3Config(
        **FUSED, num_key_value_heads=1, intermediate_size=6, max_position_embeddings=4, pad_token_id=0, bos_token_id=0,
        eos_token_id=0,
    ))


def gpt_bigcode() -> nn.Module:
    return GPTBigCodeForCausalLM(GPTBigCodeConfig(
        vocab_size=8, n_positions=4, n_embd=8, n_layer=1, n_head=2, n_inner=4, multi_query=True,
    ))


LLAMA = Base("llama", llama)
GPT2 = Base("gpt2", gpt2)
QWEN2_MOE = Base("qwen2-moe", qwen2_moe)
GPT_OSS = Base("gpt-oss", gpt_oss)
GPT_NEOX = Base("gpt-neox", gpt_neox)
BLOOM = Base("bloom", bloom)
FALCON = Base("falcon", falcon())
FALCON_MQ = Base("falcon-mq", falcon(multi_query=True))
FALCON_NEW = Base("falcon-new", falcon(
    num_attention_heads=4, num_kv_heads=2, new_decoder_architecture=True))
PHI3 = Base("phi3", phi3)
GPT_BIGCODE = Base("gpt-bigcode", gpt_bigcode)


# ---------------------------------------------------------------- plain modules


class Convs(nn.Module):
    """One convolution of each kind, with channels, kernels and groups that are all different."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Conv1d(6, 10, 3)
        self.blocks = nn.ModuleList([nn.ModuleDict({"conv": nn.Conv2d(4, 6, 3), "proj": nn.Conv2d(6, 4, 1)})])
        self.volume = nn.Conv3d(2, 5, (2, 3, 3))

    def forward(self, x):
        return self.blocks[0]["proj"](self.blocks[0]["conv"](x))


class GroupedConv(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 6, 3, groups=2)

    def forward(self, x):
        return self.conv(x)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.ModuleDict({"mha": nn.MultiheadAttention(8, 2), "out": nn.Linear(8, 6)})])

    def forward(self, x):
        return self.blocks[0]["out"](self.blocks[0]["mha"](x, x, x)[0])


class Embedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(12, 8)
        self.out = nn.Linear(8, 12)

    def forward(self, ids):
        return self.out(self.tokens(ids))


class Unet(nn.Module):
    """Paths with underscores and dots, as a diffusion model's, and sizes that LoKr can split twice."""

    def __init__(self) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList([nn.Module()])
        attention, residual = nn.Module(), nn.Module()
        attention.to_q = nn.Linear(25, 16)
        attention.to_out = nn.ModuleList([nn.Linear(12, 8)])
        residual.conv1 = nn.Conv2d(4, 12, (3, 2))
        residual.conv_shortcut = nn.Conv2d(4, 12, 1)
        self.down_blocks[0].attentions = nn.ModuleList([attention])
        self.down_blocks[0].resnets = nn.ModuleList([residual])

    def forward(self, x):
        return self.down_blocks[0].resnets[0].conv1(x)


UNET = Base("unet", Unet)
CONVS = Base("convs", Convs)
GROUPED_CONV = Base("grouped-conv", GroupedConv)
ATTENTION = Base("attention", Attention)
EMBEDDING = Base("embedding", Embedding)
