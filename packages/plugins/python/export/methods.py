"""Every method by the name of its card: how its network is made, and what it takes and gives."""

from dataclasses import dataclass
from typing import Callable

import cnn
import convnext
import fatformer
import freqnet
import heads
import patchcraft
import transformers_towers as towers
import vit


@dataclass(frozen=True)
class Method:
    make: Callable
    # Side of the square image, or height and width; of a head the width of the embedding, which the small ones have of their own.
    size: int | tuple[int, int]
    input_name: str = "pixels"
    output_name: str = "logit"
    head: bool = False


METHODS = {
    "cnndetect": Method(cnn.resnet50, 224),
    "lgrad": Method(cnn.resnet50, 256),
    "npr": Method(cnn.npr, 256),
    "safe": Method(cnn.safe, 256, output_name="logits"),
    "univfd": Method(towers.univfd, 224),
    "c2p-clip": Method(towers.c2p_clip, 224),
    "effort": Method(towers.effort, 224, output_name="logits"),
    "rine": Method(towers.rine, 224),
    "de-fake-image": Method(towers.de_fake, 224, output_name="logits"),
    "community-forensics": Method(vit.community_forensics, 384),
    "freqnet": Method(freqnet.freqnet, 256),
    "fatformer": Method(fatformer.fatformer, 224, output_name="logits"),
    "patchcraft": Method(patchcraft.patchcraft, (768, 256)),
    "drct-convnext": Method(convnext.drct_convnext, 224, output_name="logits"),
    "drct-clip": Method(convnext.drct_clip, 224, output_name="logits"),
    "b-free": Method(vit.b_free, 504),
    "aiornot-siglip2": Method(towers.aiornot_siglip2, 224, output_name="logits"),
    "falconsai-nsfw": Method(towers.falconsai_nsfw, 224, output_name="logits"),
    "clip-vit-l-14": Method(towers.clip_tower, 224, output_name="embedding"),
    "q16": Method(heads.q16, 768, "embedding", "logits", head=True),
    "mhsc": Method(heads.mhsc, 768, "embedding", head=True),
    "laion-nsfw": Method(heads.laion_nsfw, 768, "embedding", head=True),
    "sd-safety-checker": Method(heads.safety_checker, 768, "embedding", "score", head=True),
}
