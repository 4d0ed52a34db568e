"""A tiny Janus-Pro with random weights in the ONNX files that transformers.js loads, and the pictures it must give.

    python make_janus.py

The layout and the names of inputs and outputs are those of `onnx-community/Janus-Pro-1B-ONNX` as transformers.js 4.3.1
asks for them; nothing was taken from published weights. It makes the folder tiny-janus and janus.json: pictures that
the algorithm of the authors' generation_inference.py gives in PyTorch, with our seeded draw in place of torch's.
"""

import base64
import json
import math
import pathlib
import shutil

import torch
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE / "tiny-janus"
HIDDEN, HEADS, LAYERS, CODES, SIDE, TOKENS = 16, 2, 2, 32, 4, 16
HEAD = HIDDEN // HEADS
SPECIAL = ["<bos>", "<eos>", "<pad>", "<begin_of_image>", "<end_of_image>", "<image_placeholder>", "<|User|>", "<|Assistant|>"]
BOS, EOS, PAD, BEGIN = range(4)
VOCABULARY = len(SPECIAL) + 256
torch.manual_seed(71)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)

    def forward(self, x, visible, past_key, past_value):
        rows, length = x.shape[0], x.shape[1]
        q, k, v = (part.reshape(rows, length, HEADS, HEAD).transpose(1, 2) for part in self.qkv(x).split(HIDDEN, dim=2))
        k, v = torch.cat([past_key, k], dim=2), torch.cat([past_value, v], dim=2)
        scores = q @ k.transpose(2, 3) / math.sqrt(HEAD) + visible
        mixed = torch.softmax(scores, dim=3) @ v
        return self.out(mixed.transpose(1, 2).reshape(rows, length, HIDDEN)), k, v


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.ModuleList(Attention() for _ in range(LAYERS))
        self.feed = nn.ModuleList(nn.Sequential(nn.Linear(HIDDEN, 32), nn.ReLU(), nn.Linear(32, HIDDEN)) for _ in range(LAYERS))
        self.register_buffer("rates", 0.5 ** torch.arange(HIDDEN // 2))

    def forward(self, inputs_embeds, attention_mask, position_ids, *past):
        angles = position_ids.unsqueeze(2).float() * self.rates
        x = inputs_embeds + 0.2 * torch.cat([angles.sin(), angles.cos()], dim=2)
        # Row i of what is new sees everything up to itself that the mask does not hide.
        every = torch.cumsum(torch.ones_like(attention_mask), dim=1) - 1
        new = every[:, past[0].shape[2]:]
        seen = (every.unsqueeze(1) <= new.unsqueeze(2)) & (attention_mask.unsqueeze(1) > 0)
        visible = torch.where(seen, 0.0, -1e9).unsqueeze(1)
        present = []
        for i in range(LAYERS):
            step, key, value = self.attention[i](x, visible, past[2 * i], past[2 * i + 1])
            x = x + step
            x = x + self.feed[i](x)
            present += [key, value]
        return (x, *present)


class PrepareInputsEmbeds(nn.Module):
    """Pictures would add to what is embedded; in generation there are none, and the inputs are empty."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, HIDDEN)

    def forward(self, input_ids, pixel_values, images_seq_mask, images_emb_mask):
        pictures = pixel_values.sum() * images_seq_mask.float().sum() * images_emb_mask.float().sum()
        return self.table(input_ids) + pictures


class ImageDecode(nn.Module):
    def __init__(self):
        super().__init__()
        self.book = nn.Embedding(CODES, 4)
        self.up = nn.ConvTranspose2d(4, 3, 8, 8)

    def forward(self, generated_tokens):
        return torch.tanh(2 * self.up(self.book(generated_tokens).transpose(1, 2).reshape(-1, 4, SIDE, SIDE)))


prepare, language = PrepareInputsEmbeds().eval(), LanguageModel().eval()
text_head, image_head = nn.Linear(HIDDEN, VOCABULARY).eval(), nn.Linear(HIDDEN, CODES).eval()
image_embeds, decode = nn.Sequential(nn.Embedding(CODES, 8), nn.Linear(8, HIDDEN)).eval(), ImageDecode().eval()
with torch.no_grad():
    for parameter in language.parameters():
        parameter.mul_(1.5)


def save(module, name, inputs, outputs):
    """`inputs` by name: an example and its dynamic axes; `outputs` by name: dynamic axes."""
    axes = {**{key: value[1] for key, value in inputs.items()}, **outputs}
    torch.onnx.export(module, tuple(value[0] for value in inputs.values()), str(FOLDER / "onnx" / f"{name}.onnx"), input_names=list(inputs), output_names=list(outputs), dynamic_axes=axes, opset_version=17, dynamo=False)


def save_networks():
    batch, text = {0: "batch_size"}, {0: "batch_size", 1: "sequence_length"}
    ids = torch.zeros(2, 3, dtype=torch.int64)
    hidden = torch.zeros(2, 3, HIDDEN)
    past = {0: "batch_size", 2: "past_sequence_length"}
    names = [f"{i}.{part}" for i in range(LAYERS) for part in ("key", "value")]
    save(prepare, "prepare_inputs_embeds", {
        "input_ids": (ids, text),
        "pixel_values": (torch.zeros(1, 1, 3, 4, 4), {i: f"pixels_{i}" for i in (0, 1, 3, 4)}),
        "images_seq_mask": (torch.zeros(2, 3, dtype=torch.bool), {0: "mask_rows", 1: "sequence_length"}),
        "images_emb_mask": (torch.zeros(2, 1, 4, dtype=torch.bool), {0: "mask_rows", 1: "num_images", 2: "num_image_tokens"}),
    }, {"inputs_embeds": text})
    save(language, "language_model", {
        "inputs_embeds": (hidden, text),
        "attention_mask": (torch.ones(2, 5, dtype=torch.int64), {0: "batch_size", 1: "total_sequence_length"}),
        "position_ids": (ids, text),
        **{f"past_key_values.{name}": (torch.zeros(2, HEADS, 2, HEAD), past) for name in names},
    }, {"hidden_states": text, **{f"present.{name}": {0: "batch_size", 2: "total_sequence_length"} for name in names}})
    save(text_head, "lm_head", {"hidden_states": (hidden, text)}, {"logits": text})
    save(image_head, "gen_head", {"hidden_states": (hidden, text)}, {"logits": text})
    save(image_embeds, "gen_img_embeds", {"image_ids": (ids[:, :1], text)}, {"inputs_embeds": text})
    save(decode, "image_decode", {"generated_tokens": (torch.zeros(1, TOKENS, dtype=torch.int64), batch)}, {"decoded_image": batch})


def byte_characters():
    """The characters that stand for the bytes 0 to 255 in byte-level tokenizers: printable ones for themselves."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte if byte in shown else 256 + hidden.index(byte)) for byte in range(256)}


def save_configs():
    def write(name, value):
        (FOLDER / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")

    language_config = {"model_type": "llama", "hidden_size": HIDDEN, "num_attention_heads": HEADS, "num_key_value_heads": HEADS, "head_dim": HEAD, "num_hidden_layers": LAYERS, "vocab_size": VOCABULARY}
    write("config.json", {"model_type": "multi_modality", "architectures": ["MultiModalityCausalLM"], "language_config": language_config})
    write("generation_config.json", {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD})
    write("preprocessor_config.json", {"processor_class": "VLChatProcessor", "image_processor_type": "VLMImageProcessor", "image_size": 16, "background_color": [127, 127, 127], "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255})
    write("processor_config.json", {"processor_class": "VLChatProcessor", "image_tag": "<image_placeholder>", "image_start_tag": "<begin_of_image>", "image_end_tag": "<end_of_image>", "pad_tag": "<pad>", "num_image_tokens": TOKENS})
    write("tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "model_max_length": 4096})
    added = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, token in enumerate(SPECIAL)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    vocabulary = {**{token: i for i, token in enumerate(SPECIAL)}, **{character: len(SPECIAL) + byte for byte, character in byte_characters().items()}}
    write("tokenizer.json", {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level, "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": []}})


def tokens_of(prompt):
    def text(part):
        return [len(SPECIAL) + byte for byte in part.encode()]

    user, assistant = SPECIAL.index("<|User|>"), SPECIAL.index("<|Assistant|>")
    return [BOS, user, *text(f": {prompt}\n\n"), assistant, *text(":"), BEGIN]


def random_of(seed):
    """Mulberry32, as src/shared/seeded.ts has it."""
    state = seed

    def draw():
        nonlocal state
        state = (state + 0x6D2B79F5) % 2**32
        mixed = (state ^ state >> 15) * (state | 1) % 2**32
        mixed ^= (mixed + (mixed ^ mixed >> 7) * (mixed | 61)) % 2**32
        return (mixed ^ mixed >> 14) / 2**32

    return draw


@torch.no_grad()
def picture(prompt, seed, guidance, temperature):
    """As in generation_inference.py: two rows, the second with padding between its first and last token; all is seen."""
    row = torch.tensor(tokens_of(prompt))
    blank = row.clone()
    blank[1:-1] = PAD
    rows = 2 if guidance > 1 else 1
    embedded = prepare.table(torch.stack([row, blank])[:rows])
    past = [torch.zeros(rows, HEADS, 0, HEAD)] * (2 * LAYERS)
    random, drawn = random_of(seed), []
    for _ in range(TOKENS):
        start = past[0].shape[2]
        end = start + embedded.shape[1]
        hidden, *past = language(embedded, torch.ones(rows, end, dtype=torch.int64), torch.arange(start, end).repeat(rows, 1), *past)
        logits = image_head(hidden[:, -1])
        guided = logits[1] + guidance * (logits[0] - logits[1]) if rows == 2 else logits[0]
        probabilities = torch.softmax(guided.double() / temperature, dim=0)
        drawn.append(min(int((torch.cumsum(probabilities, 0) <= random()).sum()), CODES - 1))
        embedded = image_embeds(torch.tensor([[drawn[-1]]] * rows))
    pixels = ((decode(torch.tensor([drawn]))[0] + 1) / 2 * 255).clip(0, 255).to(torch.uint8).permute(1, 2, 0)
    return {"prompt": prompt, "seed": seed, "guidance": guidance, "temperature": temperature, "size": pixels.shape[0], "tokens": drawn, "rgb": base64.b64encode(pixels.numpy().tobytes()).decode()}


shutil.rmtree(FOLDER, ignore_errors=True)
(FOLDER / "onnx").mkdir(parents=True)
save_networks()
save_configs()
cases = [("a red bicycle", 11, 5.0, 1.0), ("zwei Tassen Tee, süß ☕", 4294967295, 5.0, 1.0), ("a red bicycle", 11, 1.0, 1.0), ("freedom", 22, 2.0, 0.5)]
(HERE / "janus.json").write_text(json.dumps([picture(*case) for case in cases], indent=1) + "\n")
