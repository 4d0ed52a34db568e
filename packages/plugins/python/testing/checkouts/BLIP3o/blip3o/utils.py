"""For tests: the interface of JiuhaiChen/BLIP3o, branch main."""


def disable_torch_init():
    pass
