"""TokenFlow-t2i through the authors' repository, as its t2i/scripts/run_t2i.sh uses it."""

import hashlib
import os

from _common import Picture, ReadyWorker, WorkerError, call_seed, serve

#: The file of CLIP ViT-B/16 from which the authors' code takes the shape of its encoder. It would fetch it from a host
#: of its own into the working folder; the digest stands in the address it has for it.
CLIP_FILE = "ViT-B-16.pt"
CLIP_SHA256 = "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"
CLIP_URL = f"https://openaipublic.azureedge.net/clip/models/{CLIP_SHA256}/{CLIP_FILE}"

NEGATIVE = (
    "lowres, bad anatomy, bad hands, text, error, missing fingers, extra digit, fewer digits, cropped, worst quality, "
    "low quality, normal quality, jpeg artifacts, signature, watermark, username, blurry."
)
#: By the number of passes over each scale: how many candidates, and which share of probability, are drawn from.
STRATEGIES = {
    1: ([600], [0.6]),
    2: ([1200, 1], [0.8, 0]),
    3: ([1200, 100, 1], [0.8, 0.8, 0]),
}


class TokenFlow(ReadyWorker):
    name = "tokenflow"
    family, decoder = "mllm", "vq"
    weights = "ByteFlow-AI/TokenFlow-t2i"
    reference = "https://github.com/ByteFlow-AI/TokenFlow"
    repository = "https://github.com/ByteFlow-AI/TokenFlow"
    repository_commit = "9812da01c0695f4989060cc4eea053715e9e4441"
    licence = "Apache-2.0 (code); see the model's page for the weights"
    gpu_memory = "about 18 GB in bfloat16, one image at a time"
    # Its random generator is one for the whole batch, so an image would depend on its neighbours.
    max_batch = 1
    published = {
        "width": 256,
        "height": 256,
        "guidance": 7.5,
        "loop": 1,
        "maxTextTokens": 128,
        "negativePrompt": NEGATIVE,
        "dtype": "bfloat16",
        "fileFormat": "png",
    }

    def arguments(self, parser):
        parser.add_argument("--tokenizer", default="", help="tokenflow_clipb_32k_enhanced.pt, of ByteFlow-AI/TokenFlow")
        parser.add_argument("--clip", default="", help=f"{CLIP_FILE}, of {CLIP_URL}")

    def clip_file(self):
        """The path of the file of CLIP, once its digest is right."""
        asked = f"Expected --clip to be the file {CLIP_FILE} of CLIP. Run `curl -LO {CLIP_URL}` and give its path"
        if not os.path.isfile(self.settings.clip):
            raise WorkerError(f"{asked}.")
        digest = hashlib.sha256()
        with open(self.settings.clip, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        if digest.hexdigest() != CLIP_SHA256:
            raise WorkerError(f"{asked}: {self.settings.clip} has the SHA-256 {digest.hexdigest()}, not {CLIP_SHA256}.")
        return os.path.abspath(self.settings.clip)

    def load(self):
        if not os.path.isfile(self.settings.tokenizer):
            raise WorkerError("Expected --tokenizer to be the file tokenflow_clipb_32k_enhanced.pt of ByteFlow-AI/TokenFlow.")
        clip_file = self.clip_file()
        self.add_repository("t2i")
        import transformers
        from llava_t2i.model import LlavaLlamaForCausalLM

        # The import above made the authors' tokenizer importable.
        from tokenizer.clip import clip

        clip._download = lambda url, root: clip_file  # No host is contacted that the study does not name.
        where = {"revision": self.settings.revision}
        model = LlavaLlamaForCausalLM.from_pretrained(
            self.settings.weights, attn_implementation="eager", mm_vision_tower=self.settings.tokenizer, **where
        )
        self.flow = model.eval().to(self.torch_dtype()).to(self.pick_device())
        # The model holds its tokenizer apart from its modules, so that its own `to` passes it by.
        self.flow.get_vision_tower().to(device=self.pick_device(), dtype=self.torch_dtype())
        config = self.flow.config
        config.mm_vision_vq_type = str(config.mm_vision_vq_type)
        config.use_cache = False
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(
            self.settings.weights,
            model_max_length=config.tokenizer_model_max_length,
            padding_side="right",
            use_fast=False,
            **where,
        )
        self.flow.reinit_image_token_start_end(self.tokenizer)
        return self.facts()

    def generate(self, requests, call):
        import numpy
        import torch
        from llava_t2i.dataset.process import crop_and_encode_text_and_img
        from PIL import Image

        settings, pictures = self.settings, []
        candidates, shares = STRATEGIES[settings.loop]

        def encode(text):
            tokens, _ = crop_and_encode_text_and_img(
                self.tokenizer, text, image=None, max_text_token_num=settings.maxTextTokens
            )
            # The authors' script makes every new tensor one of the GPU.
            return tokens.to(self.flow.get_vision_tower().device)

        for request in requests:
            call.check()
            call_seed(request.seed)
            with torch.inference_mode():
                [image] = self.flow.autoregressive_infer_cfg(
                    B=1,
                    prefix_text_codes=[encode(request.prompt), encode(settings.negativePrompt)],
                    cfg=settings.guidance,
                    topk_list=candidates,
                    topp_list=shares,
                    g_seed=request.seed,
                )
            pictures.append(Picture.of_pil(Image.fromarray(image.cpu().numpy().astype(numpy.uint8))))
        return pictures


if __name__ == "__main__":
    serve(TokenFlow())
