"""Stable Diffusion 3.5 Large Turbo through diffusers, with the settings of its model card: 4 steps without guidance."""

from _common import serve
from sd35_large import Sd35Large


class Sd35LargeTurbo(Sd35Large):
    name = "sd35-large-turbo"
    weights = "stabilityai/stable-diffusion-3.5-large-turbo"
    reference = "https://huggingface.co/stabilityai/stable-diffusion-3.5-large-turbo"
    published = {**Sd35Large.published, "steps": 4, "guidance": 0.0}


if __name__ == "__main__":
    serve(Sd35LargeTurbo())
