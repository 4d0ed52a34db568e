"""Fits heads of scikit-learn, xgboost and LightGBM on features, writes them with hummingbird as tensors of torch and records what onnxruntime computes.

    python hummingbird_heads.py FOLDER [NAME…]        # writes FOLDER/hummingbird/NAME.onnx and .json

In an environment with hummingbird-ml, xgboost and lightgbm. -gemm, -walk, -perfect: its three ways to write trees.
"""
import contextlib
import functools
import pathlib
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
import lightgbm
import numpy
import torch
import xgboost
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, LinearSVC

from export_models import write_each
from heads import record

# Its last version asks for torch's older exporter by no name, which was the default then.
torch.onnx.export = functools.partial(torch.onnx.export, dynamo=False)

random = numpy.random.RandomState(3)
features = random.normal(0, 1, (200, 12)).astype(numpy.float32)
classes = (features[:, 0] + features[:, 1] * features[:, 2] > 0).astype(int)
three = classes + (features[:, 3] > 0.5)

trees = {
    "forest": lambda: RandomForestClassifier(12, max_depth=5, random_state=1).fit(features, three),
    "extra-trees": lambda: ExtraTreesClassifier(8, max_depth=4, random_state=1).fit(features, classes),
    "forest-regressor": lambda: RandomForestRegressor(8, max_depth=4, random_state=1).fit(features, features[:, 0] ** 2),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=12, random_state=1).fit(features, classes),
    "hist-boosting": lambda: HistGradientBoostingClassifier(max_iter=8).fit(features, three),
    "isolation": lambda: IsolationForest(n_estimators=12, random_state=1).fit(features),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=10, max_depth=4).fit(features, classes),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=10, max_depth=4, verbose=-1).fit(features, three),
}
others = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(features, three),
    "pca-svc": lambda: make_pipeline(MinMaxScaler(), PCA(6), SVC(probability=True, random_state=1)).fit(features, classes),
    "linear-svc": lambda: make_pipeline(Normalizer(), LinearSVC()).fit(features, classes),
    "perceptron": lambda: MLPClassifier((16,), max_iter=60, random_state=1).fit(features, three),
    "bayes": lambda: GaussianNB().fit(features, three),
    "polynomial": lambda: make_pipeline(PolynomialFeatures(2), SGDClassifier(loss="log_loss", random_state=1)).fit(features, classes),
}
ways = {"gemm": "gemm", "walk": "tree_trav", "perfect": "perf_tree_trav"}
networks = {**{f"{name}-{way}": (fit, {"tree_implementation": kind}) for name, fit in trees.items() for way, kind in ways.items()}, **{name: (fit, {}) for name, fit in others.items()}}


def write(name, file):
    from hummingbird.ml import convert

    fit, options = networks[name]
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):  # it writes where it is run
        made = convert(fit(), "onnx", features[:2], extra_config=options)
    record(file, made.model, features[:2])


def main(folder, *names):
    write_each(pathlib.Path(folder).absolute() / "hummingbird", names or networks, write)


if __name__ == "__main__":
    main(*sys.argv[1:])
