"""OmniGen2 through the pipeline of its own repository, with the settings of its text-to-image example."""

from _common import serve
from _diffusers import DiffusersWorker

#: The default of the repository's inference.py, in its own words.
NEGATIVE = (
    "(((deformed))), blurry, over saturation, bad anatomy, disfigured, poorly drawn face, mutation, mutated, "
    "(extra_limb), (ugly), (poorly drawn hands), fused fingers, messy drawing, broken legs censor, censored, censor_bar"
)


class OmniGen2(DiffusersWorker):
    name = "omnigen2"
    family, decoder = "mllm", "flow"
    weights = "OmniGen2/OmniGen2"
    reference = "https://github.com/VectorSpaceLab/OmniGen2"
    repository = "https://github.com/VectorSpaceLab/OmniGen2"
    repository_commit = "0f72fa92564d9f8ba76f53fcc3c05aca2372458f"
    licence = "Apache-2.0"
    guidance_name = "text_guidance_scale"
    gpu_memory = "about 17 GB in bfloat16, as its README says"
    max_batch = 1
    # example_t2i.sh; the rest are the defaults of inference.py.
    published = {
        "width": 1024,
        "height": 1024,
        "steps": 50,
        "guidance": 4.0,
        "imageGuidance": 2.0,
        "maxSequenceLength": 1024,
        "negativePrompt": NEGATIVE,
        "dtype": "bfloat16",
        "fileFormat": "png",
    }

    def load(self):
        self.add_repository()
        from omnigen2.models.transformers.transformer_omnigen2 import OmniGen2Transformer2DModel
        from omnigen2.pipelines.omnigen2.pipeline_omnigen2 import OmniGen2Pipeline

        where = {"revision": self.settings.revision, "torch_dtype": self.torch_dtype()}
        pipeline = OmniGen2Pipeline.from_pretrained(self.settings.weights, trust_remote_code=True, **where)
        pipeline.transformer = OmniGen2Transformer2DModel.from_pretrained(
            self.settings.weights, subfolder="transformer", **where
        )
        self.pipeline = pipeline.to(self.pick_device())
        self.pipeline.set_progress_bar_config(disable=True)
        return self.facts()

    def generate(self, requests, call):
        import torch

        from _common import Picture

        # Its pipeline takes neither lists of generators nor a callback.
        pictures = []
        for request in requests:
            call.check()
            result = self.pipeline(
                prompt=request.prompt,
                input_images=None,
                width=self.settings.width,
                height=self.settings.height,
                num_inference_steps=self.settings.steps,
                max_sequence_length=self.settings.maxSequenceLength,
                text_guidance_scale=self.settings.guidance,
                image_guidance_scale=self.settings.imageGuidance,
                cfg_range=(0.0, 1.0),
                negative_prompt=self.settings.negativePrompt,
                num_images_per_prompt=1,
                generator=torch.Generator(self.pick_device()).manual_seed(request.seed),
                output_type="pil",
            )
            pictures.append(Picture.of_pil(result.images[0]))
        return pictures


if __name__ == "__main__":
    serve(OmniGen2())
