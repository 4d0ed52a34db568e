"""For tests: the interface of showlab/Show-o, folder show-o2."""

import os

import torch


class Showo2Qwen2_5(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(300, 16)
        # Alike in every run, and so small that no words drive all pixels to the ends of their range, where no seed shows.
        torch.nn.init.normal_(self.embed.weight, std=0.1, generator=torch.Generator().manual_seed(0))

    @classmethod
    def from_pretrained(cls, path, *, use_safetensors, revision=None):
        assert use_safetensors is False and os.path.isdir(path)
        return cls()

    def t2i_generate(
        self, image_latents=None, t=None, text_tokens=None, attention_mask=None, modality_positions=None,
        first_frame_as_cond=False, only_denoise_last_image=False, max_seq_len=None, guidance_scale=0.0, **kwargs,
    ):  # fmt: skip
        count = len(text_tokens)
        assert len(image_latents) == len(t) == len(attention_mask) == len(modality_positions) == count
        assert attention_mask.shape == (count, 1, max_seq_len, max_seq_len) and text_tokens.shape[1] == max_seq_len
        assert attention_mask.dtype == self.embed.weight.dtype and kwargs == {"output_hidden_states": True}
        # Half of the noise is left after one step of Euler, so that the seed shows in the image.
        velocity = self.embed(text_tokens).mean(1)[:, :, None, None] - 0.5 * image_latents
        if guidance_scale <= 0:
            return velocity
        conditional, unconditional = velocity.chunk(2)
        guided = unconditional + guidance_scale * (conditional - unconditional)
        return torch.cat([guided, guided])


class WanVAE:
    def __init__(self, z_dim=16, vae_pth="", dtype=torch.float, device="cuda"):
        assert os.path.isfile(vae_pth)
        self.dtype = dtype

    def batch_decode(self, zs):
        assert zs.shape[1:] == (16, 1, 4, 4)
        return zs[:, :3].repeat_interleave(8, 3).repeat_interleave(8, 4).float().clamp(-1, 1)


def omni_attn_mask_naive(B, LEN, modalities, device, inverted=True):
    assert modalities.shape == (B, 1, 2)
    return torch.zeros((B, 1, LEN, LEN), dtype=torch.long, device=device)
