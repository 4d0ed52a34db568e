"""For tests: the interface of showlab/Show-o, folder show-o2."""

import numpy

path_to_llm_name = {"Qwen/Qwen2.5-7B-Instruct": "qwen2_5"}


def get_hyper_params(config, text_tokenizer, showo_token_ids, is_video=False, is_hq=False):
    """Nineteen values in the order of the authors."""
    sizes, showo = config.dataset.preprocessing, config.model.showo
    assert showo.llm_vocab_size == len(text_tokenizer)
    image_tokens, longest = sizes.num_t2i_image_tokens, sizes.max_seq_length
    counts = (image_tokens, None, None, longest, longest - image_tokens - 4)
    shape = (showo.image_latent_dim, showo.patch_size, sizes.latent_width, sizes.latent_height)
    return (*counts, *shape, text_tokenizer.pad_token_id, *showo_token_ids.values(), config.transport.guidance_scale)


def denorm(images):
    pixels = ((images + 1) / 2).clamp(0, 1).float() * 255
    return pixels.permute(0, 2, 3, 1).cpu().numpy().astype(numpy.uint8)
