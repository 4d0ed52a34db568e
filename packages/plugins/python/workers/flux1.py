"""FLUX.1 [dev] and [schnell] through diffusers, with the settings of their model cards."""

import sys

from _common import serve
from _diffusers import DiffusersWorker


class Flux1Dev(DiffusersWorker):
    name = "flux1-dev"
    family, decoder = "diffusion", "vae"
    weights = "black-forest-labs/FLUX.1-dev"
    reference = "https://huggingface.co/black-forest-labs/FLUX.1-dev"
    licence = "FLUX.1 [dev] Non-Commercial License"
    gate = "accept the licence on the model's page, then HF_TOKEN"
    pipeline_class = "FluxPipeline"
    gpu_memory = "about 34 GB in bfloat16, one image at a time"
    published = {
        "width": 1024,
        "height": 1024,
        "steps": 50,
        "guidance": 3.5,
        "maxSequenceLength": 512,
        "dtype": "bfloat16",
        "fileFormat": "png",
    }

    def arguments(self, parser):
        parser.add_argument("--variant", choices=["dev", "schnell"], default="dev")

    def arguments_of_call(self, count):
        return {"max_sequence_length": self.settings.maxSequenceLength}


class Flux1Schnell(Flux1Dev):
    name = "flux1-schnell"
    weights = "black-forest-labs/FLUX.1-schnell"
    reference = "https://huggingface.co/black-forest-labs/FLUX.1-schnell"
    licence = "Apache-2.0"
    gate = "the page may ask to share contact details"
    published = {**Flux1Dev.published, "steps": 4, "guidance": 0.0, "maxSequenceLength": 256}


if __name__ == "__main__":
    serve(Flux1Schnell() if "schnell" in sys.argv else Flux1Dev())
