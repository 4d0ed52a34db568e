"""For tests: the interface of deepseek-ai/Janus, over a tiny random language model of the published class."""

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

CODES, WIDTH = 32, 32


class VLChatProcessor:
    image_start_tag = "<begin_of_image>"
    sft_format = "deepseek"

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    @classmethod
    def from_pretrained(cls, path, *, revision=None):
        return cls(PreTrainedTokenizerFast.from_pretrained(path))

    @property
    def pad_id(self):
        return self.tokenizer.vocab.get("<pad>")

    def apply_sft_template_for_multi_turn_prompts(self, conversations, sft_format="deepseek", system_prompt=""):
        assert sft_format == "deepseek" and system_prompt == ""
        user, assistant = conversations
        assert (user["role"], assistant) == ("User", {"role": "Assistant", "content": ""})
        return f"User: {user['content']}\n\nAssistant:"


class GuidedLlama(LlamaForCausalLM):
    """Its first input must be pairs as the authors make them: the second is padded but for its ends."""

    def get_input_embeddings(self):
        def embed(tokens):
            text, padded = tokens
            start, pad, image = 256, 258, 259
            assert (text[0], text[-1], padded[0], padded[-1]) == (start, image, start, image)
            assert (padded[1:-1] == pad).all() and (text[1:-1] < start).all()
            return super(GuidedLlama, self).get_input_embeddings()(tokens)

        return embed


class MultiModalityConfig(PretrainedConfig):
    model_type = "multi_modality"


class Pixels(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.colours = torch.nn.Embedding(CODES, 3)

    def decode_code(self, code_b, shape=None, channel_first=True):
        assert code_b.dtype == torch.int and code_b.shape == (1, shape[2] * shape[3])
        assert shape[:2] == [1, 8] and int(code_b.max()) < CODES
        small = self.colours(code_b).reshape(1, shape[2], shape[3], 3).permute(0, 3, 1, 2)
        return small.repeat_interleave(16, 2).repeat_interleave(16, 3).clamp(-1, 1)


class MultiModalityCausalLM(PreTrainedModel):
    config_class = MultiModalityConfig

    def __init__(self, config):
        super().__init__(config)
        language = LlamaConfig(
            vocab_size=300, hidden_size=WIDTH, intermediate_size=37, num_hidden_layers=1, num_attention_heads=2
        )
        self.language_model = GuidedLlama(language)
        self.gen_head = torch.nn.Linear(WIDTH, CODES)
        self.gen_embed = torch.nn.Embedding(CODES, 8)
        self.gen_aligner = torch.nn.Linear(8, WIDTH)
        self.gen_vision_model = Pixels()
        self.post_init()

    def prepare_gen_img_embeds(self, image_ids):
        assert image_ids.shape == (2,) and image_ids[0] == image_ids[1]
        return self.gen_aligner(self.gen_embed(image_ids))


AutoConfig.register("multi_modality", MultiModalityConfig)
AutoModelForCausalLM.register(MultiModalityConfig, MultiModalityCausalLM)
