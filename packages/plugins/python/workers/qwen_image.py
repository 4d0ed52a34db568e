"""Qwen-Image through diffusers, with the settings of its README: a suffix on the prompt and an empty negative prompt."""

import re

from _common import serve
from _diffusers import DiffusersWorker

#: What the README appends to English and to Chinese prompts.
SUFFIX = ", Ultra HD, 4K, cinematic composition."
SUFFIX_CHINESE = ", 超清，4K，电影级构图."


class QwenImage(DiffusersWorker):
    name = "qwen-image"
    family, decoder = "diffusion", "vae"
    weights = "Qwen/Qwen-Image"
    reference = "https://github.com/QwenLM/Qwen-Image"
    licence = "Apache-2.0"
    pipeline_class = "QwenImagePipeline"
    guidance_name = "true_cfg_scale"
    gpu_memory = "about 58 GB in bfloat16, one image at a time"
    published = {
        "width": 1328,
        "height": 1328,
        "steps": 50,
        "guidance": 4.0,
        "suffix": "published",
        "negativePrompt": " ",
        "dtype": "bfloat16",
        "fileFormat": "png",
    }

    def arguments_of_call(self, count):
        return {"negative_prompt": [self.settings.negativePrompt] * count}

    def prompt_of(self, request):
        """`--suffix none` leaves prompts as they are: the suffix lengthens them, which a study of length must know."""
        if self.settings.suffix == "none":
            return request.prompt
        is_chinese = re.search(r"[\u4e00-\u9fff]", request.prompt)
        return request.prompt + (SUFFIX_CHINESE if is_chinese else SUFFIX)


if __name__ == "__main__":
    serve(QwenImage())
