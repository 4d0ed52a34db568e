"""For tests: the interface of ByteDance-Seed/Bagel."""

from transformers import PreTrainedTokenizerFast as Qwen2Tokenizer  # noqa: F401
