"""What the workers on diffusers share: one pipeline, one random generator for each image, cancelling between steps."""

from __future__ import annotations

from typing import Any, Dict, List

from _common import Call, Picture, ReadyWorker, Request


class DiffusersWorker(ReadyWorker):
    """`published` names width, height, steps, guidance and dtype; the rest of the call is in `arguments_of_call`."""

    #: Name of the class in diffusers.
    pipeline_class = ""
    #: The pipeline's own name of the guidance.
    guidance_name = "guidance_scale"
    #: Arguments of `from_pretrained` beyond the usual.
    load_arguments: Dict[str, Any] = {}
    packages = ("torch", "diffusers", "transformers", "pillow")
    max_batch = 4

    def load(self) -> Dict[str, Any]:
        import diffusers

        pipeline_class = getattr(diffusers, self.pipeline_class)
        arguments = dict(self.load_arguments)
        if self.settings.dtype != self.published["dtype"]:
            arguments.pop("variant", None)
        self.pipeline = pipeline_class.from_pretrained(
            self.settings.weights, revision=self.settings.revision, torch_dtype=self.torch_dtype(), **arguments
        ).to(self.pick_device())
        self.pipeline.set_progress_bar_config(disable=True)
        return self.facts()

    def arguments_of_call(self, count: int) -> Dict[str, Any]:
        """Arguments of the pipeline beyond prompts, size, steps, guidance and seeds; `count` is the size of the batch."""
        return {}

    def prompt_of(self, request: Request) -> str:
        return request.prompt

    def generate(self, requests: List[Request], call: Call) -> List[Picture]:
        import torch

        def on_step_end(pipeline: Any, step: int, timestep: Any, tensors: Dict[str, Any]) -> Dict[str, Any]:
            call.check()
            return tensors

        # On the CPU, so that a seed gives the same noise whatever the card and the batch.
        generators = [torch.Generator("cpu").manual_seed(request.seed) for request in requests]
        result = self.pipeline(
            prompt=[self.prompt_of(request) for request in requests],
            width=self.settings.width,
            height=self.settings.height,
            num_inference_steps=self.settings.steps,
            generator=generators,
            callback_on_step_end=on_step_end,
            **{self.guidance_name: self.settings.guidance},
            **self.arguments_of_call(len(requests)),
        )
        return [Picture.of_pil(image) for image in result.images]
