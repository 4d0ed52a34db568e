"""BAGEL-7B-MoT through the authors' repository, as their inference.ipynb uses it, without thinking first."""

import os

from _common import Picture, ReadyWorker, call_seed, serve


class Bagel(ReadyWorker):
    name = "bagel"
    # A rectified flow makes latents that a VAE decodes: pixels come from a process like diffusion.
    family, decoder = "mllm", "flow"
    weights = "ByteDance-Seed/BAGEL-7B-MoT"
    reference = "https://github.com/ByteDance-Seed/Bagel"
    repository = "https://github.com/ByteDance-Seed/Bagel"
    repository_commit = "056b5fd51a88c1eb4547318609e25d40080fcf87"
    licence = "Apache-2.0"
    gpu_memory = "32 GB or more in bfloat16, as its README says"
    max_batch = 1
    published = {
        "width": 1024,
        "height": 1024,
        "steps": 50,
        "guidance": 4.0,
        "imageGuidance": 1.0,
        "guidanceFrom": 0.4,
        "timestepShift": 3.0,
        "renormMin": 0.0,
        "renormType": "global",
        "dtype": "bfloat16",
        "fileFormat": "png",
    }

    def load(self):
        self.add_repository()
        from data.data_utils import add_special_tokens
        from data.transforms import ImageTransform
        from inferencer import InterleaveInferencer
        from modeling.autoencoder import load_ae
        from modeling.qwen2 import Qwen2Tokenizer

        folder = self.weights_folder()
        vae, vae_config = load_ae(local_path=os.path.join(folder, "ae.safetensors"))
        tokenizer, new_tokens, _ = add_special_tokens(Qwen2Tokenizer.from_pretrained(folder))
        self.inferencer = InterleaveInferencer(
            model=self.load_model(folder, vae_config),
            # In its own precision, as the authors' evaluation has it; their inferencer casts as it decodes.
            vae_model=vae.to(self.pick_device()).eval(),
            tokenizer=tokenizer,
            vae_transform=ImageTransform(1024, 512, 16),
            vit_transform=ImageTransform(980, 224, 14),
            new_token_ids=new_tokens,
        )
        return self.facts()

    def weights_folder(self):
        if os.path.isdir(self.settings.weights):
            return self.settings.weights
        from huggingface_hub import snapshot_download

        return snapshot_download(self.settings.weights, revision=self.settings.revision)

    def load_model(self, folder, vae_config):
        from accelerate import init_empty_weights, load_checkpoint_and_dispatch
        from modeling.bagel import Bagel as BagelModel
        from modeling.bagel import BagelConfig, Qwen2Config, Qwen2ForCausalLM, SiglipVisionConfig, SiglipVisionModel

        language = Qwen2Config.from_json_file(os.path.join(folder, "llm_config.json"))
        language.qk_norm, language.tie_word_embeddings = True, False
        language.layer_module = "Qwen2MoTDecoderLayer"
        vision = SiglipVisionConfig.from_json_file(os.path.join(folder, "vit_config.json"))
        vision.rope = False
        vision.num_hidden_layers -= 1
        config = BagelConfig(
            visual_gen=True,
            visual_und=True,
            llm_config=language,
            vit_config=vision,
            vae_config=vae_config,
            vit_max_num_patch_per_side=70,
            connector_act="gelu_pytorch_tanh",
            latent_patch_size=2,
            max_latent_size=64,
        )
        with init_empty_weights():
            model = BagelModel(Qwen2ForCausalLM(language), SiglipVisionModel(vision), config)
            model.vit_model.vision_model.embeddings.convert_conv2d_to_linear(vision, meta=True)
        checkpoint = os.path.join(folder, "ema.safetensors")
        # One device: the notebook's map over several is for cards that the model does not fit.
        return load_checkpoint_and_dispatch(
            model, checkpoint=checkpoint, device_map={"": self.pick_device()}, dtype=self.torch_dtype(), force_hooks=True
        ).eval()

    def generate(self, requests, call):
        settings, pictures = self.settings, []
        for request in requests:
            call.check()
            call_seed(request.seed)
            answer = self.inferencer(
                text=request.prompt,
                think=False,
                cfg_text_scale=settings.guidance,
                cfg_img_scale=settings.imageGuidance,
                cfg_interval=[settings.guidanceFrom, 1.0],
                timestep_shift=settings.timestepShift,
                num_timesteps=settings.steps,
                cfg_renorm_min=settings.renormMin,
                cfg_renorm_type=settings.renormType,
                image_shapes=(settings.height, settings.width),
            )
            pictures.append(Picture.of_pil(answer["image"]))
        return pictures


if __name__ == "__main__":
    serve(Bagel())
