"""For tests: the interface of ByteFlow-AI/TokenFlow."""

import torch


def crop_and_encode_text_and_img(tokenizer, text, image, max_text_token_num):
    assert image is None
    tokens = tokenizer.encode(text)[:max_text_token_num]
    padding = [tokenizer.pad_token_id] * (max_text_token_num - len(tokens))
    return torch.tensor(padding + tokens + tokenizer.encode("<image>")), 1 + max_text_token_num + 1
