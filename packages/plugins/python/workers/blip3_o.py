"""BLIP3-o 8B through the authors' repository (branch main), as its inference.py uses it."""

import os

from _common import Picture, ReadyWorker, call_seed, serve


class Blip3o(ReadyWorker):
    name = "blip3-o"
    # A flow makes CLIP features from the tokens, and a diffusion decoder makes pixels from those.
    family, decoder = "mllm", "flow"
    weights = "BLIP3o/BLIP3o-Model-8B"
    reference = "https://github.com/JiuhaiChen/BLIP3o/tree/main"
    repository = "https://github.com/JiuhaiChen/BLIP3o"
    repository_commit = "4689ec389e2b9108efc8b9761432538fc890156d"
    # The vision tower and the schedule that its code fetches when it is imported and when it draws.
    companions = ("jiuhai/eva_clip_vision_tower", "Alpha-VLLM/Lumina-Next-SFT-diffusers")
    licence = "see the model's page"
    gpu_memory = "about 34 GB in float16 and bfloat16, one image at a time"
    # The version of diffusers is that of the authors' fork.
    packages = ("torch", "transformers", "diffusers", "pillow")
    max_batch = 1
    # The size is the decoder's own.
    published = {
        "width": 1024,
        "height": 1024,
        "guidance": 3.0,
        "instruction": "Please generate image based on the following caption: ",
        "dtype": "bfloat16",
        "fileFormat": "png",
    }

    def load(self):
        self.add_repository()
        from blip3o.mm_utils import get_model_name_from_path
        from blip3o.model.builder import load_pretrained_model
        from blip3o.utils import disable_torch_init
        from diffusers import DiffusionPipeline

        folder = self.settings.weights
        if not os.path.isdir(folder):
            from huggingface_hub import snapshot_download

            folder = snapshot_download(folder, revision=self.settings.revision)
        disable_torch_init()
        tokenizer, model, _ = load_pretrained_model(folder, None, get_model_name_from_path(folder))
        self.pipeline = DiffusionPipeline.from_pretrained(
            os.path.join(folder, "diffusion-decoder"),
            custom_pipeline="pipeline_llava_gen",
            torch_dtype=self.torch_dtype(),
            use_safetensors=True,
            variant="bf16",
            multimodal_encoder=model,
            tokenizer=tokenizer,
            safety_checker=None,
            # Newer versions of diffusers ask for leave to run the pipeline that lies beside the weights.
            trust_remote_code=True,
        )
        self.pipeline.vae.to(self.pick_device())
        self.pipeline.unet.to(self.pick_device())
        return self.facts()

    def prompt_of(self, prompt):
        """The authors' conversation template, with their instruction before the caption."""
        from blip3o.conversation import conv_templates

        conversation = conv_templates["qwen"].copy()
        conversation.append_message(conversation.roles[0], self.settings.instruction + prompt)
        conversation.append_message(conversation.roles[1], None)
        return conversation.get_prompt()

    def generate(self, requests, call):
        pictures = []
        for request in requests:
            call.check()
            call_seed(request.seed)
            answer = self.pipeline([self.prompt_of(request.prompt)], guidance_scale=self.settings.guidance)
            pictures.append(Picture.of_pil(answer.image))
        return pictures


if __name__ == "__main__":
    serve(Blip3o())
