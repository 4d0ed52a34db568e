"""Fits heads of scikit-learn on features, writes them with skl2onnx and records what onnxruntime computes with them.

    python heads.py FOLDER        # writes FOLDER/sklearn/NAME.onnx and .json; -map: with a map from labels to probabilities
"""
import json
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy
import onnxruntime
from skl2onnx import to_onnx
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, ExtraTreesClassifier, GradientBoostingClassifier, HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier, RandomForestRegressor, StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, MaxAbsScaler, MinMaxScaler, Normalizer, PolynomialFeatures, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from export_models import listed

random = numpy.random.RandomState(7)
features = random.normal(size=(200, 12)).astype(numpy.float32)
two = (features[:, 0] + features[:, 1] * features[:, 2] > 0).astype(int)
three = numpy.digitize(features[:, 0] + 0.5 * features[:, 3], [-0.5, 0.5])
named = numpy.array(["real", "fake"])[two]
amount = features[:, 0]

#: What is fitted, and to what.
heads = {
    "logistic": (LogisticRegression(), two),
    "logistic-labels": (LogisticRegression(), named),
    "logistic-3": (LogisticRegression(), three),
    "logistic-norm": (make_pipeline(Normalizer(), LogisticRegression()), two),
    "logistic-scaled": (make_pipeline(StandardScaler(), LogisticRegression()), two),
    "logistic-minmax": (make_pipeline(MinMaxScaler(), LogisticRegression()), two),
    "logistic-robust": (make_pipeline(RobustScaler(), LogisticRegression()), two),
    "logistic-pca": (make_pipeline(StandardScaler(), PCA(5), LogisticRegression()), two),
    "logistic-poly": (make_pipeline(PolynomialFeatures(2), LogisticRegression()), two),
    "logistic-ovr": (OneVsRestClassifier(LogisticRegression()), three),
    "ridge": (RidgeClassifier(), two),
    "sgd": (SGDClassifier(loss="log_loss"), two),
    "sgd-3": (SGDClassifier(loss="modified_huber"), three),
    "perceptron": (Perceptron(), two),
    "linear-svc": (LinearSVC(), two),
    "linear-svc-3": (LinearSVC(), three),
    "svc": (SVC(probability=True), two),
    "svc-3": (SVC(probability=True), three),
    "svc-plain": (SVC(), two),
    "svc-linear": (SVC(kernel="linear", probability=True), two),
    "svc-poly": (SVC(kernel="poly"), three),
    "nu-svc": (NuSVC(probability=True), two),
    "one-class-svm": (OneClassSVM(), None),
    "svr": (SVR(), amount),
    "forest": (RandomForestClassifier(10), two),
    "forest-3": (RandomForestClassifier(10), three),
    "extra-trees": (ExtraTreesClassifier(10), two),
    "tree": (DecisionTreeClassifier(max_depth=4), three),
    "boosting": (GradientBoostingClassifier(n_estimators=10), two),
    "boosting-3": (GradientBoostingClassifier(n_estimators=10), three),
    "hist-boosting": (HistGradientBoostingClassifier(max_iter=10), two),
    "hist-boosting-3": (HistGradientBoostingClassifier(max_iter=10), three),
    "ada": (AdaBoostClassifier(n_estimators=5), two),
    "forest-regression": (RandomForestRegressor(10), amount),
    "isolation": (IsolationForest(n_estimators=10), None),
    "mlp": (MLPClassifier((16,), max_iter=50), two),
    "mlp-3": (make_pipeline(StandardScaler(), MLPClassifier((16, 8), max_iter=50)), three),
    "knn": (KNeighborsClassifier(3), two),
    "gaussian": (GaussianNB(), two),
    "lda": (LinearDiscriminantAnalysis(), two),
    "qda": (QuadraticDiscriminantAnalysis(), two),
    "calibrated": (CalibratedClassifierCV(LinearSVC(), cv=2), two),
    "voting": (VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft"), two),
    "linear-regression": (LinearRegression(), amount),
    "select": (make_pipeline(SelectKBest(k=5), LogisticRegression()), two),
    "impute": (make_pipeline(SimpleImputer(), LogisticRegression()), two),
    "binarizer": (make_pipeline(Binarizer(), LogisticRegression()), two),
    "maxabs": (make_pipeline(MaxAbsScaler(), LinearSVC()), two),
    "power": (make_pipeline(PowerTransformer(), LogisticRegression()), two),
    "quantile": (make_pipeline(QuantileTransformer(n_quantiles=20), LogisticRegression()), two),
    "stacking": (StackingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5))]), two),
    "bagging": (BaggingClassifier(LogisticRegression(), 3), two),
}


def write(name, head, target, is_map):
    options = {"zipmap": is_map} if hasattr(head, "predict_proba") else None
    file = target / f"{name}{'-map' if is_map else ''}.onnx"
    file.write_bytes(to_onnx(head, features[:1], target_opset=18, options=options).SerializeToString())
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    given = features[:2]
    outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, {"X": given})))
    # A map from labels to probabilities is a tensor of these; strings are left out.
    tensors = {key: numpy.array([list(row.values()) for row in value]) if isinstance(value, list) else value for key, value in outputs.items()}
    kept = {key: listed(value) for key, value in tensors.items() if value.dtype != object}
    file.with_suffix(".json").write_text(json.dumps({"inputs": {"X": listed(given)}, "outputs": kept}))


def main(folder):
    target = pathlib.Path(folder) / "sklearn"
    target.mkdir(parents=True, exist_ok=True)
    for name, (head, aim) in heads.items():
        try:
            head.fit(features) if aim is None else head.fit(features, aim)
            for is_map in (False, True) if hasattr(head, "predict_proba") else (False,):
                write(name, head, target, is_map)
            print(name, "ok", flush=True)
        except Exception as error:  # of the exporter: the others are still to be written
            print(name, type(error).__name__, (str(error).strip().splitlines() or [""])[0][:200], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
