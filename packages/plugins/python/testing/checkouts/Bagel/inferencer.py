"""For tests: the interface of ByteDance-Seed/Bagel."""

import torch
from PIL import Image


class InterleaveInferencer:
    def __init__(self, model, vae_model, tokenizer, vae_transform, vit_transform, new_token_ids):
        assert (vae_transform.sizes, vit_transform.sizes) == ((1024, 512, 16), (980, 224, 14))
        assert set(new_token_ids) == {"bos_token_id", "eos_token_id", "start_of_image", "end_of_image"}
        assert not model.training and not vae_model.training
        assert next(vae_model.parameters()).dtype == torch.float32
        assert all(not value.is_meta for value in model.parameters())
        self.model, self.vae, self.tokenizer = model, vae_model, tokenizer

    @torch.no_grad()
    def interleave_inference(
        self, input_lists, think=False, understanding_output=False, max_think_token_n=1000, do_sample=False,
        text_temperature=0.3, cfg_text_scale=3.0, cfg_img_scale=1.5, cfg_interval=[0.4, 1.0], timestep_shift=3.0,
        num_timesteps=50, cfg_renorm_min=0.0, cfg_renorm_type="global", image_shapes=(1024, 1024),
        enable_taylorseer=False,
    ):  # fmt: skip
        assert not think and (cfg_text_scale, cfg_img_scale, list(cfg_interval)) == (4.0, 1.0, [0.4, 1.0])
        assert (timestep_shift, cfg_renorm_min, cfg_renorm_type) == (3.0, 0.0, "global")
        [text], [height, width] = input_lists, image_shapes
        tokens = torch.tensor(self.tokenizer(text)["input_ids"], device=self.model.out.weight.device)
        factor = self.model.config.downsample
        shape = (1, self.model.config.channels, 2 * (height // factor), 2 * (width // factor))
        latent = self.model(tokens, torch.randn(shape, device=tokens.device))
        image = (self.vae.decode(latent.float())[0] * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 0) * 255
        return [Image.fromarray(image.to(torch.uint8).cpu().numpy())]

    def __call__(self, image=None, text=None, **kargs):
        assert image is None
        return {"image": self.interleave_inference([text], **kargs)[0], "text": None}
