"""Stable Diffusion XL base 1.0 through diffusers, without the refiner, with the settings of its model card."""

from _common import serve
from _diffusers import DiffusersWorker


class Sdxl(DiffusersWorker):
    name = "sdxl"
    family, decoder = "diffusion", "vae"
    weights = "stabilityai/stable-diffusion-xl-base-1.0"
    reference = "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0"
    licence = "CreativeML Open RAIL++-M"
    pipeline_class = "StableDiffusionXLPipeline"
    gpu_memory = "about 10 GB in float16, one image at a time"
    # The pipeline would add an invisible watermark wherever that package happens to be installed.
    load_arguments = {"variant": "fp16", "use_safetensors": True, "add_watermarker": False}
    # The card's example gives neither steps nor guidance: the pipeline's own defaults.
    published = {
        "width": 1024,
        "height": 1024,
        "steps": 50,
        "guidance": 5.0,
        "dtype": "float16",
        "watermark": False,
        "fileFormat": "png",
    }


if __name__ == "__main__":
    serve(Sdxl())
