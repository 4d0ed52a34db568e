"""Stable Diffusion 3.5 Large through diffusers, with the settings of its model card."""

from _common import serve
from _diffusers import DiffusersWorker


class Sd35Large(DiffusersWorker):
    name = "sd35-large"
    family, decoder = "diffusion", "vae"
    weights = "stabilityai/stable-diffusion-3.5-large"
    reference = "https://huggingface.co/stabilityai/stable-diffusion-3.5-large"
    licence = "Stability AI Community License"
    gate = "accept the licence on the model's page, then HF_TOKEN"
    pipeline_class = "StableDiffusion3Pipeline"
    gpu_memory = "about 28 GB in bfloat16 with all three text encoders, one image at a time"
    # The card's example. Size: the pipeline's default for this checkpoint.
    published = {
        "width": 1024,
        "height": 1024,
        "steps": 28,
        "guidance": 3.5,
        "dtype": "bfloat16",
        "fileFormat": "png",
    }


if __name__ == "__main__":
    serve(Sd35Large())
