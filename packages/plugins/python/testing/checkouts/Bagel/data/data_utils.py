"""For tests: the interface of ByteDance-Seed/Bagel."""


def add_special_tokens(tokenizer):
    new = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"]
    count = tokenizer.add_tokens(new)
    numbers = tokenizer.convert_tokens_to_ids(new)
    return tokenizer, dict(zip(("bos_token_id", "eos_token_id", "start_of_image", "end_of_image"), numbers)), count
