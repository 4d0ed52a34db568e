"""PyTorch in float16 on the same card, for gpu.bench.ts. Prints one JSON line.

python torch-rival.py gemm SIZE ROUNDS
python torch-rival.py network resnet50|vit SIDE BATCH ROUNDS [PATCH WIDTH DEPTH]
"""

import json
import statistics
import sys
import time

import torch


def median_seconds(work, rounds):
    """Of `rounds` timings after three to warm up, each over enough calls for the clock."""
    cuda = torch.cuda.is_available()

    def once():
        work()
        if cuda:
            torch.cuda.synchronize()

    for _ in range(3):
        once()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def make_network(kind, side, patch, width, depth):
    from torchvision.models import resnet50
    from torchvision.models.vision_transformer import VisionTransformer

    if kind == "resnet50":
        return resnet50(weights=None)
    return VisionTransformer(
        image_size=side, patch_size=patch, num_layers=depth, num_heads=width // 64, hidden_dim=width, mlp_dim=4 * width
    )


def main():
    mode, *rest = sys.argv[1:]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    about = {
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
    }
    with torch.inference_mode():
        if mode == "gemm":
            size, rounds = map(int, rest)
            a, b = (torch.randn(size, size, device=device, dtype=torch.float16) for _ in range(2))
            seconds = median_seconds(lambda: a @ b, rounds)
        else:
            kind, side, batch, rounds, *sizes = rest
            network = make_network(kind, int(side), *map(int, sizes or (0, 0, 0)))
            network = network.to(device, torch.float16).to(memory_format=torch.channels_last).eval()
            x = torch.randn(int(batch), 3, int(side), int(side), device=device, dtype=torch.float16)
            x = x.to(memory_format=torch.channels_last)
            seconds = median_seconds(lambda: network(x), int(rounds))
            # What a run from numbers on the host to scores on the host takes, which is what other runtimes' calls do.
            host = torch.randn(x.shape, dtype=torch.float32, pin_memory=device == "cuda")

            def whole():
                moved = host.to(device, non_blocking=True).to(torch.float16, memory_format=torch.channels_last)
                return network(moved).float().cpu()

            about["whole"] = median_seconds(whole, int(rounds))
    print(json.dumps({**about, "seconds": seconds}))


main()
