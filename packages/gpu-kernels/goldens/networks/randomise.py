"""Random weights for networks that are compared, not used."""
import torch


def randomise(module, seed):
    """Parameters that frameworks start as 0 or 1 would hide mistakes."""
    generator = torch.Generator().manual_seed(seed)
    uniform = lambda tensor, low, high: tensor.data.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if not tensor.dtype.is_floating_point:
            continue
        if name.endswith("running_var"):
            uniform(tensor, 0.5, 1.5)
        elif name.endswith("running_mean") or (tensor.dim() == 1 and name.endswith("bias")):
            uniform(tensor, -0.1, 0.1)
        elif tensor.dim() == 1 and name.endswith("weight"):
            uniform(tensor, 0.75, 1.25)
        elif tensor.dim() > 1 and name.endswith("weight") and isinstance(tensor, torch.nn.Parameter):
            fan = tensor[0].numel()
            uniform(tensor, -(3 / fan) ** 0.5, (3 / fan) ** 0.5)
        elif isinstance(tensor, torch.nn.Parameter):
            uniform(tensor, -0.5, 0.5)
    return module.eval()
