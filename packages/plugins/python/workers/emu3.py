"""Emu3-Gen through transformers, with the settings of the authors' image_generation.py."""

from _common import Picture, ReadyWorker, call_seed, serve

#: What the authors' script appends to every prompt, and its negative prompt.
SUFFIX = " masterpiece, film grained, best quality."
NEGATIVE = (
    "lowres, bad anatomy, bad hands, text, error, missing fingers, extra digit, fewer digits, cropped, worst quality, "
    "low quality, normal quality, jpeg artifacts, signature, watermark, username, blurry."
)


class Emu3(ReadyWorker):
    name = "emu3"
    family, decoder = "mllm", "vq"
    # The authors' weights in the format of transformers.
    weights = "BAAI/Emu3-Gen-hf"
    reference = "https://github.com/baaivision/Emu3"
    licence = "Apache-2.0"
    gpu_memory = "about 24 GB in bfloat16, one image at a time"
    max_batch = 1
    published = {
        "width": 720,
        "height": 720,
        "guidance": 3.0,
        "topK": 2048,
        "suffix": SUFFIX,
        "negativePrompt": NEGATIVE,
        "dtype": "bfloat16",
        "fileFormat": "png",
    }

    def load(self):
        from transformers import AutoTokenizer, Emu3ForConditionalGeneration

        where = {"revision": self.settings.revision}
        self.tokenizer = AutoTokenizer.from_pretrained(self.settings.weights, padding_side="left", **where)
        self.emu = Emu3ForConditionalGeneration.from_pretrained(self.settings.weights, dtype=self.torch_dtype(), **where)
        self.emu.to(self.pick_device()).eval()
        return self.facts()

    def generate(self, requests, call):
        return [Picture.of_pil(self.draw(request, call)) for request in requests]

    def order_of_tokens(self, height, width, start, call):
        """Which tokens may come next: rows of image tokens with an end each, then the three that end the image."""
        import torch

        def token(name):
            return torch.tensor([self.tokenizer.convert_tokens_to_ids(name)], device=self.emu.device)

        end_of_row, end_of_frame, end_of_image = (token(t) for t in ("<|extra_200|>", "<|extra_201|>", "<|image end|>"))
        end = torch.tensor([self.tokenizer.eos_token_id], device=self.emu.device)
        visual = torch.tensor(self.emu.model.vocabulary_mapping.image_tokens, device=self.emu.device)
        after = {(width + 1) * height: end_of_frame, (width + 1) * height + 1: end_of_image}

        def allowed(_batch, tokens):
            call.check()
            place = len(tokens) - start
            if place in after:
                return after[place]
            if place > (width + 1) * height + 1:
                return end
            return end_of_row if place % (width + 1) == width else visual

        return allowed

    def tokens_of(self, text, height, width):
        """What the authors' processor writes: the start of a text, the text, the start of an image of this many tokens."""
        head = f"<|image start|>{height}*{width}<|image token|>"
        # Whether the tokenizer would write the first token too depends on its files; it must be there once.
        text = f"{self.tokenizer.bos_token}{text}{head}"
        return self.tokenizer([text], add_special_tokens=False, return_tensors="pt").to(self.emu.device)

    def draw(self, request, call):
        import torch

        settings = self.settings
        factor = 2 ** (len(self.emu.config.vq_config.channel_multiplier) - 1)
        height, width = settings.height // factor, settings.width // factor
        inputs = self.tokens_of(request.prompt + settings.suffix, height, width)
        negative = self.tokens_of(settings.negativePrompt, height, width)
        start = inputs["input_ids"].shape[1]
        call_seed(request.seed)
        with torch.inference_mode():
            tokens = self.emu.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                max_new_tokens=(width + 1) * height + 3,
                do_sample=True,
                top_k=settings.topK,
                guidance_scale=settings.guidance,
                negative_prompt_ids=negative["input_ids"],
                negative_prompt_attention_mask=negative["attention_mask"],
                prefix_allowed_tokens_fn=self.order_of_tokens(height, width, start, call),
            )
            decoded = self.emu.model.decode_image_tokens(tokens[:, start:], height=height, width=width)
        return self.picture_of(decoded)

    def picture_of(self, decoded):
        """The authors' image processor has mean and deviation 0.5: pixels are in [-1, 1]."""
        import numpy
        from PIL import Image

        pixels = decoded[0].detach().float().cpu().numpy().transpose(1, 2, 0)
        return Image.fromarray(numpy.clip(numpy.rint((pixels + 1) / 2 * 255), 0, 255).astype(numpy.uint8))


if __name__ == "__main__":
    serve(Emu3())
