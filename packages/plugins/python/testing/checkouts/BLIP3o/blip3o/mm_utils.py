"""For tests: the interface of JiuhaiChen/BLIP3o, branch main."""


def get_model_name_from_path(model_path):
    return model_path.strip("/").split("/")[-1]
