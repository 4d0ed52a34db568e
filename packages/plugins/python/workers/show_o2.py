"""Show-o2 through the authors' repository, as its show-o2/inference_t2i.py uses it."""

import os

from _common import Picture, ReadyWorker, WorkerError, serve


class ShowO2(ReadyWorker):
    name = "show-o2"
    # A flow head makes latents that the VAE of Wan 2.1 decodes.
    family, decoder = "mllm", "flow"
    weights = "showlab/show-o2-7B"
    reference = "https://github.com/showlab/Show-o/tree/main/show-o2"
    repository = "https://github.com/showlab/Show-o"
    repository_commit = "45a5a2de01d1ebd10cd5864d29310a76476cdf23"
    # Its tokenizer and the vision encoder that its constructor reads.
    companions = ("Qwen/Qwen2.5-7B-Instruct", "google/siglip-so400m-patch14-384")
    licence = "Apache-2.0"
    gpu_memory = "about 24 GB in bfloat16, one image at a time"
    max_batch = 4
    # configs/showo2_7b_demo_432x432.yaml, and the command line in its README.
    published = {
        "width": 432,
        "height": 432,
        "steps": 50,
        "guidance": 7.5,
        "config": "configs/showo2_7b_demo_432x432.yaml",
        # The authors' script blanks what a safety checker flags; here judges see what the model draws.
        "safetyChecker": False,
        "dtype": "bfloat16",
        "fileFormat": "png",
    }

    def arguments(self, parser):
        parser.add_argument("--vae", default="", help="Wan2.1_VAE.pth, of Wan-AI/Wan2.1-T2V-14B")

    def load(self):
        if not os.path.isfile(self.settings.vae):
            raise WorkerError("Expected --vae to be the file Wan2.1_VAE.pth of Wan-AI/Wan2.1-T2V-14B.")
        folder = self.add_repository("show-o2")
        from models import Showo2Qwen2_5, WanVAE
        from models.misc import get_text_tokenizer
        from omegaconf import OmegaConf
        from transport import Sampler, create_transport
        from utils import get_hyper_params, path_to_llm_name

        device, dtype = self.pick_device(), self.torch_dtype()
        self.config = config = OmegaConf.load(os.path.join(folder, self.settings.config))
        self.vae = WanVAE(vae_pth=self.settings.vae, dtype=dtype, device=device)
        language = config.model.showo.llm_model_path
        self.tokenizer, tokens = get_text_tokenizer(
            language, add_showo_tokens=True, return_showo_token_ids=True, llm_name=path_to_llm_name[language]
        )
        config.model.showo.llm_vocab_size = len(self.tokenizer)
        self.show = Showo2Qwen2_5.from_pretrained(self.settings.weights, use_safetensors=False).to(device)
        self.show.to(dtype).eval()
        if config.model.showo.add_time_embeds:
            config.dataset.preprocessing.num_t2i_image_tokens += 1  # The time stands before the image tokens.
        (self.image_tokens, _, _, self.max_length, self.max_text, self.channels, self.patch, columns, rows,
         self.pad, self.first, self.last, self.image_start, self.image_end, _, _, self.image_pad, _, _) = (
            get_hyper_params(config, self.tokenizer, tokens)
        )  # fmt: skip
        self.shape = (self.channels, rows * self.patch, columns * self.patch)
        names = ("path_type", "prediction", "loss_weight", "train_eps", "sample_eps", "snr_type", "do_shift")
        transport = create_transport(**{name: config.transport[name] for name in names}, seq_len=self.image_tokens)
        self.sampler = Sampler(transport)
        return self.facts()

    def generate(self, requests, call):
        import torch
        from models import omni_attn_mask_naive
        from models.misc import prepare_gen_input
        from PIL import Image
        from utils import denorm

        settings, device, dtype = self.settings, self.pick_device(), self.torch_dtype()
        tokens, empty, places, _ = prepare_gen_input(
            [request.prompt for request in requests], self.tokenizer, self.image_tokens, self.first, self.last,
            self.image_start, self.image_end, self.pad, self.image_pad, self.max_text, device,
        )  # fmt: skip
        noise = [torch.randn(self.shape, generator=torch.Generator("cpu").manual_seed(r.seed)) for r in requests]
        noise = torch.stack(noise).to(device, dtype)
        guided = settings.guidance > 0
        copies = 2 if guided else 1
        places = torch.cat([places] * copies)
        options = self.config.transport
        sample = self.sampler.sample_ode(
            sampling_method=options.sampling_method, num_steps=settings.steps, atol=options.atol, rtol=options.rtol,
            reverse=options.reverse, time_shifting_factor=options.time_shifting_factor,
        )  # fmt: skip

        def step(*args, **kwargs):
            call.check()
            return self.show.t2i_generate(*args, **kwargs)

        with torch.inference_mode():
            latents = sample(
                torch.cat([noise] * copies),
                step,
                text_tokens=torch.cat([tokens, empty]) if guided else tokens,
                attention_mask=omni_attn_mask_naive(len(noise) * copies, self.max_length, places, device).to(dtype),
                modality_positions=places,
                output_hidden_states=True,
                max_seq_len=self.max_length,
                guidance_scale=settings.guidance,
            )[-1][: len(requests)]
            images = self.vae.batch_decode(latents.unsqueeze(2)).squeeze(2)
        return [Picture.of_pil(Image.fromarray(image)) for image in denorm(images)]


if __name__ == "__main__":
    serve(ShowO2())
