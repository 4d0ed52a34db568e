"""Janus-Pro through transformers, with the settings of the authors' generation_inference.py."""

from _common import Picture, ReadyWorker, serve
from _sampling import SeededDraw, pictures_of


class JanusPro(ReadyWorker):
    name = "janus-pro"
    family, decoder = "mllm", "vq"
    # The authors' weights in the format of transformers.
    weights = "deepseek-community/Janus-Pro-7B"
    reference = "https://github.com/deepseek-ai/Janus"
    licence = "DeepSeek Model License (weights), MIT (code)"
    gpu_memory = "about 20 GB in bfloat16 for the 7B model, four images at a time"
    max_batch = 4
    # The script saves `.jpg` through Pillow, so JPEG of quality 75 with 4:2:0 chroma: Pillow's own defaults.
    published = {
        "width": 384,
        "height": 384,
        "imageTokens": 576,
        "temperature": 1.0,
        "guidance": 5.0,
        "dtype": "bfloat16",
        "fileFormat": "jpeg",
        "jpegQuality": "Pillow's default (75)",
    }

    def load(self):
        from transformers import AutoTokenizer, JanusForConditionalGeneration

        where = {"revision": self.settings.revision}
        self.tokenizer = AutoTokenizer.from_pretrained(self.settings.weights, padding_side="left", **where)
        self.janus = JanusForConditionalGeneration.from_pretrained(
            self.settings.weights, dtype=self.torch_dtype(), **where
        )
        self.janus.to(self.pick_device()).eval()
        # Some versions of transformers drop this entry when they read the file, and then miss it.
        start = self.tokenizer.convert_tokens_to_ids(self.tokenizer.boi_token)
        self.janus.generation_config.generation_kwargs = {"boi_token_id": start}
        return self.facts()

    def generate(self, requests, call):
        import torch
        from transformers import LogitsProcessorList

        settings = self.settings
        draw = SeededDraw([request.seed for request in requests], settings.guidance, settings.temperature)

        def choose(input_ids, scores):
            """Guidance and the draw at once: all but the drawn token are ruled out, whatever is done after."""
            call.check()
            conditional, unconditional = scores.chunk(2)
            tokens = draw.tokens(conditional, unconditional)
            return torch.full_like(conditional, -torch.inf).scatter_(1, tokens.unsqueeze(1), 0.0)

        # The format of the repository's conversation template, ending where the image begins.
        texts = [f"<|User|>: {r.prompt}\n\n<|Assistant|>:{self.tokenizer.boi_token}" for r in requests]
        inputs = self.tokenizer(texts, return_tensors="pt", padding=True).to(self.janus.device)
        with torch.inference_mode():
            tokens = self.janus.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                generation_mode="image",
                do_sample=True,
                guidance_scale=1.0,
                logits_processor=LogitsProcessorList([choose]),
            )
            decoded = self.janus.decode_image_tokens(tokens)
        # transformers gives (images, height, width, 3).
        return [Picture.of_pil(image, "JPEG") for image in pictures_of(channels_first(decoded))]


def channels_first(decoded):
    return decoded.permute(0, 3, 1, 2) if decoded.shape[-1] == 3 else decoded


if __name__ == "__main__":
    serve(JanusPro())
