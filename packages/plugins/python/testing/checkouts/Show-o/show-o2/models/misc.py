"""For tests: the interface of showlab/Show-o, folder show-o2. Every byte of a prompt is a token."""

import torch


class ByteTokenizer:
    pad_token_id = 256

    def __len__(self):
        return 300


def get_text_tokenizer(model_path, add_showo_tokens=True, return_showo_token_ids=False, llm_name="qwen2_5"):
    assert (model_path, llm_name) == ("Qwen/Qwen2.5-7B-Instruct", "qwen2_5") and add_showo_tokens
    assert return_showo_token_ids
    names = ("bos_id", "eos_id", "boi_id", "eoi_id", "bov_id", "eov_id", "img_pad_id", "vid_pad_id")
    return ByteTokenizer(), {name: 260 + number for number, name in enumerate(names)}


def prepare_gen_input(
    prompts, text_tokenizer, num_image_tokens, bos_id, eos_id, boi_id, eoi_id, pad_id, img_pad_id, max_text_len, device
):  # fmt: skip
    assert (bos_id, eos_id, boi_id, eoi_id, pad_id, img_pad_id) == (260, 261, 262, 263, 256, 266)

    def rows(texts):
        tokens, places = [], []
        for text in texts:
            words = list(text.encode())[:max_text_len]
            image = [boi_id] + [img_pad_id] * num_image_tokens + [eoi_id, eos_id]
            tokens.append([bos_id, *words, *image, *[pad_id] * (max_text_len - len(words))])
            places.append([[len(words) + 2, num_image_tokens]])
        return torch.tensor(tokens, device=device), torch.tensor(places, device=device)

    tokens, places = rows(prompts)
    empty, empty_places = rows([""] * len(prompts))
    return tokens, empty, places, empty_places
