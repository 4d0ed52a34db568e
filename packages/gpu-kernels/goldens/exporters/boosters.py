"""Fits boosted trees of xgboost, LightGBM and CatBoost on features, writes them as ONNX files and records what onnxruntime computes.

    python boosters.py FOLDER [ITEMS]    # writes FOLDER/boosters/NAME.onnx and .json
"""
import pathlib
import sys
import tempfile
import warnings
from functools import partial

warnings.filterwarnings("ignore")
import catboost
import lightgbm
import numpy
import onnx
import xgboost
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from heads import amount, features, items, named, record, three, two
from sessions import attempt_each

#: A third of one feature is missing, one is a category.
missing = features.copy()
missing[::3, 3] = numpy.nan
categories = missing.copy()
categories[:, 5] = numpy.abs(numpy.round(features[:, 5] * 2))
types = [("X", FloatTensorType([None, features.shape[1]]))]
targets = numpy.stack([amount, features[:, 1]], axis=1)
positive = numpy.abs(amount) + 0.1


def xgb(head, x, aim):
    head.fit(x, aim)
    return convert_xgboost(head, initial_types=types, target_opset=15)


def lgb(head, x, aim, **options):
    head.fit(x, aim, **options)
    return convert_lightgbm(head, initial_types=types, target_opset=15, **({"zipmap": False} if hasattr(head, "predict_proba") else {}))


def cat(head, x, aim):
    head.fit(x, aim)
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        head.save_model(file.name, format="onnx")
        return onnx.load(file.name)


small = {"n_estimators": 15, "max_depth": 4}
quiet = {"iterations": 15, "depth": 4, "verbose": False, "allow_writing_files": False}
Xgb, XgbR = partial(xgboost.XGBClassifier, **small), partial(xgboost.XGBRegressor, **small)
Lgb, LgbR = partial(lightgbm.LGBMClassifier, n_estimators=15, verbose=-1), partial(lightgbm.LGBMRegressor, n_estimators=15, verbose=-1)
Cat, CatR = partial(catboost.CatBoostClassifier, **quiet), partial(catboost.CatBoostRegressor, **quiet)

heads = {
    "xgboost": (xgb, Xgb(), features, two),
    "xgboost-3": (xgb, Xgb(), features, three),
    "xgboost-missing": (xgb, Xgb(), missing, two),
    "xgboost-base": (xgb, Xgb(base_score=0.3), features, two),
    "xgboost-forest": (xgb, xgboost.XGBRFClassifier(n_estimators=10, max_depth=5), features, two),
    "xgboost-dart": (xgb, Xgb(booster="dart", rate_drop=0.3), features, two),
    "xgboost-linear": (xgb, Xgb(booster="gblinear"), features, two),
    "xgboost-hinge": (xgb, Xgb(objective="binary:hinge"), features, two),
    "xgboost-logitraw": (xgb, Xgb(objective="binary:logitraw"), features, two),
    "xgboost-lossguide": (xgb, Xgb(tree_method="hist", grow_policy="lossguide", max_leaves=9), features, two),
    "xgboost-regression": (xgb, XgbR(), missing, amount),
    "xgboost-logistic": (xgb, XgbR(objective="reg:logistic"), features, two),
    "xgboost-poisson": (xgb, XgbR(objective="count:poisson"), features, positive),
    "xgboost-gamma": (xgb, XgbR(objective="reg:gamma"), features, positive),
    "xgboost-targets": (xgb, XgbR(), features, targets),
    "lightgbm": (lgb, Lgb(), features, two),
    "lightgbm-3": (lgb, Lgb(), features, three),
    "lightgbm-named": (lgb, Lgb(), features, named),
    "lightgbm-missing": (lgb, Lgb(), missing, two),
    "lightgbm-dart": (lgb, Lgb(boosting_type="dart"), features, two),
    "lightgbm-forest": (lgb, Lgb(boosting_type="rf", bagging_freq=1, bagging_fraction=0.7), missing, two),
    "lightgbm-ova": (lgb, Lgb(objective="multiclassova"), features, three),
    "lightgbm-regression": (lgb, LgbR(), missing, amount),
    "lightgbm-poisson": (lgb, LgbR(objective="poisson"), features, positive),
    "lightgbm-category": (lgb, Lgb(min_data_per_group=1, cat_smooth=1, min_child_samples=3), categories, three),
    "catboost": (cat, Cat(), features, two),
    "catboost-3": (cat, Cat(), features, three),
    "catboost-named": (cat, Cat(), features, named),
    "catboost-missing": (cat, Cat(), missing, two),
    "catboost-lossguide": (cat, Cat(grow_policy="Lossguide"), features, two),
    "catboost-regression": (cat, CatR(), features, amount),
}


def given(model, x, count):
    """Features, some of them missing and some categories where those that were fitted are such."""
    numbers = items(model, count).copy()
    if x is not features:
        numbers[::5, 3] = numpy.nan
    if x is categories:
        numbers[:, 5] = numpy.arange(count) % 5
    return numbers


def write(name, target, count):
    convert, head, x, aim = heads[name]
    model = convert(head, x, aim, **({"categorical_feature": [5]} if x is categories else {}))
    record(target / f"{name}.onnx", model, given(model, x, count))


def main(folder, count=2):
    target = pathlib.Path(folder) / "boosters"
    attempt_each(target, [(name, partial(write, name, target, int(count))) for name in heads])


if __name__ == "__main__":
    main(*sys.argv[1:])
