"""Joins an image tower of torch with a head of scikit-learn or xgboost in one ONNX file, as a published detector of that kind is, and
records what onnxruntime computes.

    python towers.py FOLDER [ITEMS]    # writes FOLDER/towers/TOWER-FORM-HEAD.onnx and .json

Towers have random weights, heads are fitted on what they make of pictures: gratings, and the same over a grid as transposed
convolutions leave one. half: the tower in float16. graph: the tower as torch's newer exporter writes it.
"""
import io
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy
import onnx
import torch
import xgboost
from onnx import compose
from onnxconverter_common import float16
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from export_models import write_each
from heads import record

opset = 18
side, width = 32, 24


class Cnn(torch.nn.Module):
    def __init__(self):
        super().__init__()
        layers = lambda inputs, outputs: [torch.nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), torch.nn.BatchNorm2d(outputs), torch.nn.ReLU()]
        self.body = torch.nn.Sequential(*layers(3, 12), *layers(12, width), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())

    def forward(self, pixels):
        return self.body(pixels)


class Vit(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = torch.nn.Conv2d(3, width, 8, 8)
        self.places = torch.nn.Parameter(torch.randn(1, (side // 8) ** 2, width))
        self.body = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(width, 4, 48, activation="gelu", batch_first=True, norm_first=True), 2)
        self.norm = torch.nn.LayerNorm(width)

    def forward(self, pixels):
        tokens = self.patches(pixels).flatten(2).transpose(1, 2) + self.places
        return self.norm(self.body(tokens)).mean(1)


def pictures(count, seed):
    """Synthetic ones have a grid; which is which, and the pictures."""
    random = numpy.random.RandomState(seed)
    is_fake = random.randint(0, 2, count)
    y, x = numpy.mgrid[:side, :side] / side
    angles, phases = random.uniform(0, 9, (2, count, 3, 1, 1))
    waves = numpy.sin(angles * x + (9 - angles) * y + phases) + random.normal(0, 0.3, (count, 3, side, side))
    grid = 0.6 * (numpy.indices((side, side)).sum(0) % 2 - 0.5)
    return is_fake, (waves + is_fake[:, None, None, None] * grid).astype(numpy.float32)


heads = {
    "forest": RandomForestClassifier(20, random_state=1),
    "hist-boosting": HistGradientBoostingClassifier(max_iter=15),
    "xgboost": xgboost.XGBClassifier(n_estimators=15, max_depth=4),
    "svc": SVC(probability=True, random_state=1),
    "knn": KNeighborsClassifier(5),
    "pca-logistic": make_pipeline(StandardScaler(), PCA(8), LogisticRegression()),
    "isolation": IsolationForest(n_estimators=20, random_state=1),
}


def head_file(name, features, is_fake):
    """Of named classes where scikit-learn writes it."""
    head = heads[name]
    if name == "xgboost":
        return convert_xgboost(head.fit(features, is_fake), initial_types=[("X", FloatTensorType([None, width]))], target_opset=15)
    head.fit(features, None if name == "isolation" else numpy.array(["real", "fake"])[is_fake])
    options = {"zipmap": False} if hasattr(head, "predict_proba") else None
    return to_onnx(head, features[:1], target_opset={"": opset, "ai.onnx.ml": 3}, options=options)


def tower_file(tower, isNewer):
    file = io.BytesIO()
    pixels = torch.zeros(2, 3, side, side)
    names = dict(input_names=["pixels"], output_names=["features"], opset_version=opset)
    if isNewer:
        torch.onnx.export(tower, (pixels,), dynamo=True, verbose=False, dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}}, **names).save(file)
    else:
        torch.onnx.export(tower, (pixels,), file, dynamo=False, dynamic_axes={"pixels": {0: "batch"}, "features": {0: "batch"}}, **names)
    return onnx.load_from_string(file.getvalue())


def joined(tower, head):
    """One file: the head reads the tower's features. A head of another opset has no ops that changed since."""
    head.ir_version = tower.ir_version
    kept = [domain for domain in head.opset_import if domain.domain not in ("", "ai.onnx")]
    del head.opset_import[:]
    head.opset_import.extend([*kept, onnx.helper.make_opsetid("", opset)])
    return compose.merge_models(tower, head, io_map=[("features", "X")], prefix2="head_")


def main(folder, count=2):
    target = pathlib.Path(folder) / "towers"
    target.mkdir(parents=True, exist_ok=True)
    _, given = pictures(int(count), 9)

    def write(name, file):
        kind, form, head = name.split("-", 2)
        torch.manual_seed(3)
        tower = {"cnn": Cnn, "vit": Vit}[kind]().eval()
        is_fake, fitted = pictures(300, 5)
        with torch.no_grad():
            features = tower(torch.from_numpy(fitted)).numpy()
        made = tower_file(tower, form == "graph")
        if form == "half":
            made = float16.convert_float_to_float16(made, keep_io_types=True)
        record(file, joined(made, head_file(head, features, is_fake)), given)

    names = [f"{kind}-{form}-{head}" for kind in ("cnn", "vit") for form in ("plain", "half", "graph") for head in heads]
    write_each(target, names, write)


if __name__ == "__main__":
    main(*sys.argv[1:])
