"""For tests: the interface of showlab/Show-o, folder show-o2, with the steps of Euler."""

import torch


def create_transport(
    path_type="Linear", prediction="velocity", loss_weight=None, train_eps=None, sample_eps=None, snr_type="uniform",
    do_shift=True, seq_len=1024,
):  # fmt: skip
    assert (path_type, prediction, snr_type, do_shift, seq_len) == ("Linear", "velocity", "lognorm", True, 5)
    return object()


class Sampler:
    def __init__(self, transport):
        self.transport = transport

    def sample_ode(
        self, *, sampling_method="dopri5", num_steps=50, atol=1e-6, rtol=1e-3, reverse=False, do_shift=False,
        time_shifting_factor=None,
    ):  # fmt: skip
        assert (sampling_method, reverse, do_shift, time_shifting_factor) == ("euler", False, False, 3.0)

        def sample(x, model, **model_kwargs):
            x, all_steps = x.float(), []
            for time in torch.linspace(0, 1, num_steps)[:-1]:
                x = x + model(x, torch.ones(len(x)) * time, **model_kwargs).float() / (num_steps - 1)
                all_steps.append(x)
            return torch.stack(all_steps)

        return sample
