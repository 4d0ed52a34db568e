"""Janus 1.3B through the authors' repository, as their generation_inference.py uses it."""

from _common import Picture, ReadyWorker, serve
from _sampling import SeededDraw, pictures_of


class Janus(ReadyWorker):
    name = "janus"
    family, decoder = "mllm", "vq"
    weights = "deepseek-ai/Janus-1.3B"
    reference = "https://github.com/deepseek-ai/Janus"
    repository = "https://github.com/deepseek-ai/Janus"
    repository_commit = "1daa72fa409002d40931bd7b36a9280362469ead"
    licence = "DeepSeek Model License (weights), MIT (code)"
    gpu_memory = "about 6 GB in bfloat16"
    # A batch would need padding, which the authors' loop does not mask.
    max_batch = 1
    published = {
        "width": 384,
        "height": 384,
        "imageTokens": 576,
        "patchSize": 16,
        "temperature": 1.0,
        "guidance": 5.0,
        "dtype": "bfloat16",
        "fileFormat": "jpeg",
        "jpegQuality": "Pillow's default (75)",
    }

    def load(self):
        self.add_repository()
        import janus.models  # noqa: F401  registers the architecture with transformers
        from janus.models import VLChatProcessor
        from transformers import AutoModelForCausalLM

        where = {"revision": self.settings.revision}
        self.processor = VLChatProcessor.from_pretrained(self.settings.weights, **where)
        model = AutoModelForCausalLM.from_pretrained(self.settings.weights, trust_remote_code=True, **where)
        self.janus = model.to(self.torch_dtype()).to(self.pick_device()).eval()
        return self.facts()

    def generate(self, requests, call):
        return [Picture.of_pil(self.draw(request, call), "JPEG") for request in requests]

    def prompt_tokens(self, prompt):
        import torch

        conversation = [{"role": "User", "content": prompt}, {"role": "Assistant", "content": ""}]
        text = self.processor.apply_sft_template_for_multi_turn_prompts(
            conversations=conversation, sft_format=self.processor.sft_format, system_prompt=""
        )
        tokens = self.processor.tokenizer.encode(text + self.processor.image_start_tag)
        conditional = torch.tensor(tokens, device=self.pick_device())
        # Without the prompt: padding between the first token and the start of the image.
        unconditional = conditional.clone()
        unconditional[1:-1] = self.processor.pad_id
        return torch.stack([conditional, unconditional])

    def draw(self, request, call):
        import torch

        settings = self.settings
        draw = SeededDraw([request.seed], settings.guidance, settings.temperature)
        with torch.inference_mode():
            embeddings = self.janus.language_model.get_input_embeddings()(self.prompt_tokens(request.prompt))
            past, drawn = None, []
            for _ in range(settings.imageTokens):
                call.check()
                output = self.janus.language_model.model(
                    inputs_embeds=embeddings, use_cache=True, past_key_values=past
                )
                past = output.past_key_values
                logits = self.janus.gen_head(output.last_hidden_state[:, -1, :])
                token = draw.tokens(logits[0:1], logits[1:2])
                drawn.append(token)
                embeddings = self.janus.prepare_gen_img_embeds(token.repeat(2)).unsqueeze(1)
            rows, columns = settings.height // settings.patchSize, settings.width // settings.patchSize
            codes = torch.stack(drawn, dim=1).to(torch.int)
            decoded = self.janus.gen_vision_model.decode_code(codes, shape=[1, 8, rows, columns])
        return pictures_of(decoded)[0]


if __name__ == "__main__":
    serve(Janus())
