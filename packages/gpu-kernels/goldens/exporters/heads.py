"""Fits heads of scikit-learn on features, writes them with skl2onnx and records what onnxruntime computes with them.

    python heads.py FOLDER        # writes FOLDER/sklearn/NAME.onnx and .json; -map: with a map from labels to probabilities
    python heads.py FOLDER 64     # of 64 items, of which half have features that lie on thresholds of the trees
"""
import json
import pathlib
import sys
import warnings
from functools import partial

warnings.filterwarnings("ignore")
import numpy
import onnx
from skl2onnx import to_onnx
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingRegressor, GradientBoostingClassifier, HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest, RandomForestClassifier, RandomForestRegressor, StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, LocalOutlierFactor, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Binarizer, KBinsDiscretizer, MaxAbsScaler, MinMaxScaler, Normalizer, PolynomialFeatures, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, NuSVC, NuSVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sessions import attempt_each, listed, session

random = numpy.random.RandomState(7)
features = random.normal(size=(200, 12)).astype(numpy.float32)
two = (features[:, 0] + features[:, 1] * features[:, 2] > 0).astype(int)
three = numpy.digitize(features[:, 0] + 0.5 * features[:, 3], [-0.5, 0.5])
named = numpy.array(["real", "fake"])[two]
amount = features[:, 0]
six = numpy.digitize(features[:, 0] + 0.5 * features[:, 3], [-1, -0.5, 0, 0.5, 1])
noise = random.randint(0, 2, size=200)

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
    "maxabs": (make_pipeline(MaxAbsScaler(), LogisticRegression()), two),
    "power": (make_pipeline(PowerTransformer(), LogisticRegression()), two),
    "quantile": (make_pipeline(QuantileTransformer(n_quantiles=20), LogisticRegression()), two),
    "stacking": (StackingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5))]), two),
    "bagging": (BaggingClassifier(LogisticRegression(), 3), two),
    "bagging-trees": (BaggingClassifier(DecisionTreeClassifier(max_depth=5), 5), three),
    "calibrated-svc": (CalibratedClassifierCV(SVC(), cv=2), two),
    "calibrated-forest": (CalibratedClassifierCV(RandomForestClassifier(5), cv=2, method="isotonic"), two),
    "voting-trees": (VotingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5))], voting="soft", flatten_transform=False), three),
    "voting-regression": (VotingRegressor([("a", LinearRegression()), ("b", DecisionTreeRegressor(max_depth=4))]), amount),
    "svc-sigmoid": (SVC(kernel="sigmoid", probability=True), two),
    "svc-sigmoid-3": (SVC(kernel="sigmoid"), three),
    "svc-linear-3": (SVC(kernel="linear", probability=True), three),
    "svc-plain-3": (SVC(), three),
    "svc-poly-proba": (SVC(kernel="poly", degree=2, coef0=1, probability=True), two),
    "svc-named": (SVC(probability=True), named),
    "svc-six": (SVC(probability=True), six),
    "nu-svc-3": (NuSVC(nu=0.3, probability=True), three),
    "svr-linear": (SVR(kernel="linear"), amount),
    "svr-poly": (SVR(kernel="poly"), amount),
    "nu-svr": (NuSVR(), amount),
    "linear-svr": (LinearSVR(), amount),
    "forest-named": (RandomForestClassifier(10), named),
    "forest-six": (ExtraTreesClassifier(20, max_depth=8), six),
    "forest-outputs": (RandomForestRegressor(10), numpy.stack([amount, features[:, 1]], axis=1)),
    "extra-trees-regression": (ExtraTreesRegressor(10), amount),
    "tree-deep": (DecisionTreeClassifier(), noise),
    "tree-regression": (DecisionTreeRegressor(), amount),
    "boosting-regression": (GradientBoostingRegressor(n_estimators=20), amount),
    "hist-boosting-regression": (HistGradientBoostingRegressor(max_iter=10), amount),
    "ada-3": (AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=5), three),
    "knn-3": (KNeighborsClassifier(5), three),
    "knn-manhattan": (KNeighborsClassifier(3, metric="manhattan"), two),
    "knn-minkowski": (KNeighborsClassifier(3, metric="minkowski", p=3), two),
    "knn-chebyshev": (KNeighborsClassifier(3, metric="chebyshev"), two),
    "knn-cosine": (KNeighborsClassifier(3, metric="cosine", algorithm="brute"), two),
    "knn-weighted": (KNeighborsClassifier(3, weights="distance"), two),
    "knn-regression": (KNeighborsRegressor(3), amount),
    "knn-cdist": (KNeighborsClassifier(3), two),
    "knn-norm": (make_pipeline(Normalizer(), KNeighborsClassifier(1)), two),
    "knn-named": (KNeighborsClassifier(3), named),
    "knn-sqeuclidean": (KNeighborsClassifier(3, metric="sqeuclidean", algorithm="brute"), two),
    "knn-outputs": (KNeighborsRegressor(4), numpy.stack([amount, features[:, 1]], axis=1)),
    "knn-imputer": (make_pipeline(KNNImputer(), LogisticRegression()), two),
    "radius": (RadiusNeighborsClassifier(8.0), two),
    "outlier-factor": (LocalOutlierFactor(novelty=True), None),
    "kmeans": (KMeans(3, n_init=1), None),
    "bernoulli": (BernoulliNB(), three),
    "multinomial": (make_pipeline(MinMaxScaler(), MultinomialNB()), three),
    "gaussian-3": (GaussianNB(), three),
    "lda-3": (LinearDiscriminantAnalysis(), three),
    "qda-3": (QuadraticDiscriminantAnalysis(), three),
    "one-versus-one": (OneVsOneClassifier(LinearSVC()), three),
    "one-versus-rest-trees": (OneVsRestClassifier(RandomForestClassifier(4)), three),
    "forest-columns": (RandomForestClassifier(5), numpy.stack([two, three], axis=1)),
    "hist-boosting-named": (HistGradientBoostingClassifier(max_iter=10), named),
    "boosting-named": (GradientBoostingClassifier(n_estimators=5), named),
    "bagging-svc": (BaggingClassifier(SVC(), 3), two),
    "ada-regression": (AdaBoostRegressor(n_estimators=5), amount),
    "mlp-regression": (MLPRegressor(hidden_layer_sizes=(8,), max_iter=30), amount),
    "voting-hard": (VotingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5)), ("c", GaussianNB())], flatten_transform=False), three),
    "voting-svc": (VotingClassifier([("a", SVC(probability=True)), ("b", KNeighborsClassifier(3))], voting="soft", flatten_transform=False), two),
    "voting-named": (VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft", flatten_transform=False), named),
    "stacking-3": (StackingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5)), ("c", SVC(probability=True))]), three),
    "stacking-passed": (StackingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier(3))], passthrough=True), two),
    "stacking-named": (StackingClassifier([("a", LogisticRegression()), ("b", GaussianNB())]), named),
    "stacking-regression": (StackingRegressor([("a", LinearRegression()), ("b", DecisionTreeRegressor(max_depth=3))]), amount),
    "calibrated-isotonic": (CalibratedClassifierCV(GaussianNB(), cv=2, method="isotonic"), three),
    "calibrated-named": (CalibratedClassifierCV(LinearSVC(), cv=2), named),
    "calibrated-scaled": (make_pipeline(StandardScaler(), CalibratedClassifierCV(LinearSVC(), cv=2)), two),
    "svc-pca": (make_pipeline(StandardScaler(), PCA(6), SVC(probability=True)), two),
    "svc-kernel-pca": (make_pipeline(KernelPCA(4, kernel="rbf"), SVC(probability=True)), two),
    "forest-poly": (make_pipeline(PolynomialFeatures(2, interaction_only=True), RandomForestClassifier(5)), two),
    "logistic-whitened": (make_pipeline(PCA(6, whiten=True), LogisticRegression()), three),
    "logistic-clipped": (make_pipeline(MinMaxScaler(clip=True), LogisticRegression()), two),
    "logistic-norm-l1": (make_pipeline(Normalizer("l1"), LogisticRegression()), two),
    "logistic-norm-max": (make_pipeline(Normalizer("max"), LogisticRegression()), two),
    "logistic-bins": (make_pipeline(KBinsDiscretizer(4, encode="ordinal"), LogisticRegression()), two),
    "logistic-bin-columns": (make_pipeline(KBinsDiscretizer(4, encode="onehot-dense"), LogisticRegression()), two),
    "logistic-columns": (make_pipeline(ColumnTransformer([("a", StandardScaler(), [0, 1, 2]), ("b", MinMaxScaler(), [3, 4])], remainder="passthrough"), LogisticRegression()), two),
    "logistic-union": (make_pipeline(make_union(StandardScaler(), PCA(3)), LogisticRegression()), two),
    "logistic-svd": (make_pipeline(TruncatedSVD(4), LogisticRegression()), two),
}


#: Options beside the map, where a head has them.
options_of = {"knn-cdist": {"optim": "cdist"}}


def thresholds(model):
    """Of all trees, by feature."""
    found = {}
    for node in model.graph.node:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        for mode, feature, value in zip(*(attributes.get(f"nodes_{name}", []) for name in ("modes", "featureids", "values"))):
            if mode != b"LEAF":
                found.setdefault(feature, []).append(value)
    return found


def items(model, count):
    """The first two that were fitted; of more, new ones too, half of them with features on thresholds."""
    if count <= 2:
        return features[:count]
    given = numpy.random.RandomState(8).normal(size=(count, features.shape[1])).astype(numpy.float32)
    draws = numpy.random.RandomState(9)
    for feature, values in thresholds(model).items():
        for item in range(count // 2):
            if feature < given.shape[1] and draws.rand() < 0.8:
                given[item, feature] = draws.choice(numpy.array(values, numpy.float32))
    return given


def record(file, model, given):
    """Writes the model, and what onnxruntime computes with it. A map from labels to probabilities is a tensor of these; strings are left
    out. JSON has no NaN: null stands for it."""
    file.write_bytes(model.SerializeToString())
    opened = session(file)
    name = opened.get_inputs()[0].name
    outputs = dict(zip([output.name for output in opened.get_outputs()], opened.run(None, {name: given})))
    tensors = {key: numpy.array([list(row.values()) for row in value] if isinstance(value, list) and isinstance(value[0], dict) else value) for key, value in outputs.items()}
    kept = {key: listed(value) for key, value in tensors.items() if value.dtype.kind not in "OU"}
    file.with_suffix(".json").write_text(json.dumps({"inputs": {name: listed(given)}, "outputs": kept}).replace("NaN", "null"))


def write(name, head, target, is_map, count):
    has_map = hasattr(head, "predict_proba")
    options = {id(head): {"zipmap": is_map, **options_of.get(name, {})}} if has_map and not hasattr(head, "steps") else {"zipmap": is_map} if hasattr(head, "predict_proba") else None
    model = to_onnx(head, features[:1], target_opset={"": 18, "ai.onnx.ml": 3}, options=options)
    record(target / f"{name}{'-map' if is_map else ''}.onnx", model, items(model, count))


def write_fitted(name, target, count):
    head, aim = heads[name]
    numpy.random.seed(7)  # what heads without a state of their own draw from
    head.fit(features) if aim is None else head.fit(features, aim)
    for is_map in (False, True) if hasattr(head, "predict_proba") else (False,):
        write(name, head, target, is_map, count)


def main(folder, count=2):
    target = pathlib.Path(folder) / "sklearn"
    attempt_each(target, [(name, partial(write_fitted, name, target, int(count))) for name in heads])


if __name__ == "__main__":
    main(*sys.argv[1:])
