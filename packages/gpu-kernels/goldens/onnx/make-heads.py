"""Heads of scikit-learn's kinds, small: trees of every comparison, support vectors of every kernel, distances to points.

    pip install -r requirements.txt && python make-heads.py

Writes heads/*.onnx and heads.json beside this file: the inputs, of which many lie on thresholds, and what onnxruntime computes.
Whole models of scikit-learn are swept by goldens/exporters/heads.py.
"""
import numpy
from onnx import TensorProto, helper

from goldens import Goldens, model_of, numbers, session

goldens = Goldens("heads")
random = numpy.random.RandomState(5)
learned = "ai.onnx.ml"
steps = numpy.array([-1, -0.5, 0, 0.5, 1], numpy.float32)
#: Features that are steps, as the thresholds are, and two that are no number.
features = random.choice(steps, size=(12, 4)).astype(numpy.float32)
features[3, 1] = features[7, 2] = numpy.nan
features[5, 0], features[6, 3] = 3e38, -0.0


def write(name, op, attributes, x=features, outputs={"y": TensorProto.FLOAT}, version=3, domain=learned, constants={}, between=(), after=()):
    inputs = {"x": x}
    node = helper.make_node(op, ["x", *constants], list(between or outputs), domain=domain, **attributes)
    results = [helper.make_tensor_value_info(key, kind, None) for key, kind in outputs.items()]
    model = model_of(name, [node, *after], inputs, results, constants, {"": 18, learned: version, "com.microsoft": 1}, 10)
    goldens.write(name, model, inputs, dict(zip(outputs, session(model).run(None, inputs))))


def trees(count, depth, modes, draw):
    """Node lists of full trees of up to `depth`; `draw` gives the weights of one leaf."""
    nodes = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true")}
    weights = []

    def grow(tree, level):
        number = nodes["treeids"].count(tree)
        leaf = level == depth or (level > 0 and random.rand() < 0.2)
        row = len(nodes["treeids"])
        entry = dict(treeids=tree, nodeids=number, featureids=random.randint(4), values=float(random.choice(steps)), modes="LEAF" if leaf else random.choice(modes), truenodeids=0, falsenodeids=0, missing_value_tracks_true=int(not leaf and modes != all_modes and random.rand() < 0.4))
        for key, value in entry.items():
            nodes[key].append(value)
        if leaf:
            weights.extend((tree, number, target, weight) for target, weight in draw())
        else:
            nodes["truenodeids"][row] = grow(tree, level + 1)
            nodes["falsenodeids"][row] = grow(tree, level + 1)
        return number

    for tree in range(count):
        grow(tree, 0)
    return {f"nodes_{key}": value for key, value in nodes.items()}, weights


def weighted(prefix, weights):
    lists = list(zip(*weights))
    return {f"{prefix}_{key}": list(values) for key, values in zip(("treeids", "nodeids", "ids", "weights"), lists)}


all_modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
one = lambda: [(0, float(random.normal()))]
for mode in all_modes[:5]:
    nodes, weights = trees(3, 3, [mode], one)
    write(f"trees-{mode[7:].lower()}", "TreeEnsembleRegressor", {**nodes, **weighted("target", weights), "n_targets": 1})
nodes, weights = trees(4, 4, all_modes, one)
write("trees-mixed", "TreeEnsembleRegressor", {**nodes, **weighted("target", weights), "n_targets": 1, "base_values": [0.25]})
nodes, weights = trees(3, 3, ["BRANCH_LEQ"], lambda: [(0, float(random.normal())), (1, float(random.normal()))])
for aggregate in ("AVERAGE", "MIN", "MAX"):
    write(f"trees-{aggregate.lower()}", "TreeEnsembleRegressor", {**nodes, **weighted("target", weights), "n_targets": 2, "aggregate_function": aggregate})

both = {"label": TensorProto.INT64, "y": TensorProto.FLOAT}
positive = lambda: [(0, float(random.choice([0, 0.25, 0.125])))]
for name, draw, post, bases in [("positive", positive, "NONE", []), ("signed", one, "LOGISTIC", [0.5]), ("signed-plain", one, "NONE", [])]:
    nodes, weights = trees(3, 3, ["BRANCH_LEQ"], draw)
    write(f"classes-{name}", "TreeEnsembleClassifier", {**nodes, **weighted("class", weights), "classlabels_int64s": [4, 9], "post_transform": post, **({"base_values": bases} if bases else {})}, outputs=both)
nodes, weights = trees(3, 3, ["BRANCH_LT"], lambda: [(index, float(random.rand())) for index in range(3)])
write("classes-three", "TreeEnsembleClassifier", {**nodes, **weighted("class", weights), "classlabels_int64s": [4, 9, 2], "post_transform": "SOFTMAX"}, outputs=both)
# Each leaf knows one class, and all weights are below 0: a class without a weight has the score 0 and is never the label.
nodes, weights = trees(2, 3, ["BRANCH_LEQ"], lambda: [(random.randint(4), -float(random.rand()))])
write("classes-partly", "TreeEnsembleClassifier", {**nodes, **weighted("class", weights), "classlabels_int64s": [4, 9, 2, 7]}, outputs=both)

tensor = lambda kind, *values: helper.make_tensor("t", kind, [len(values)], values)
members = [1, 2, numpy.nan, 1, 3, numpy.nan]  # onnxruntime knows whole numbers from 1 on
shared = dict(nodes_featureids=[0, 1, 2], nodes_modes=tensor(TensorProto.UINT8, 6, 0, 6), nodes_splits=tensor(TensorProto.FLOAT, 0, 0.5, 0), nodes_truenodeids=[1, 0, 1], nodes_trueleafs=[0, 1, 1], nodes_falsenodeids=[2, 1, 2], nodes_falseleafs=[0, 1, 1], tree_roots=[0])
write("tree-ensemble", "TreeEnsemble", {**shared, "membership_values": tensor(TensorProto.FLOAT, *members), "leaf_targetids": [0, 1, 2], "leaf_weights": tensor(TensorProto.FLOAT, 1.5, -2, 0.25), "n_targets": 3}, x=random.randint(0, 4, (12, 4)).astype(numpy.float32), version=5)

x = numbers(7, 4)
lists = lambda *shape: random.uniform(-1, 1, shape).round(3).astype(numpy.float32).flatten().tolist()
for kernel, params in [("LINEAR", [0.0, 0.0, 0.0]), ("POLY", [0.5, 1.0, 3.0]), ("RBF", [0.75, 0.0, 0.0]), ("SIGMOID", [0.5, -0.25, 0.0])]:
    own = dict(kernel_type=kernel, kernel_params=params, support_vectors=lists(6, 4))
    name = kernel.lower()
    write(f"svr-{name}", "SVMRegressor", dict(**own, n_supports=6, coefficients=lists(6), rho=lists(1)), x=x)
    write(f"svm-{name}", "SVMClassifier", dict(**own, vectors_per_class=[2, 1, 3], coefficients=lists(2, 6), rho=lists(3), classlabels_ints=[4, 9, 2]), x=x, outputs=both)
    write(f"svm-{name}-two", "SVMClassifier", dict(**own, vectors_per_class=[2, 4], coefficients=lists(1, 6), rho=lists(1), classlabels_ints=[4, 9]), x=x, outputs=both)
    write(f"svm-{name}-probabilities", "SVMClassifier", dict(**own, vectors_per_class=[2, 1, 3], coefficients=lists(2, 6), rho=lists(3), prob_a=[-4.0, -2.0, -8.0], prob_b=lists(3), classlabels_ints=[4, 9, 2]), x=x, outputs=both)
write("svm-one-class", "SVMRegressor", dict(kernel_type="RBF", kernel_params=[0.75, 0.0, 0.0], support_vectors=lists(6, 4), n_supports=6, coefficients=lists(6), rho=lists(1), one_class=1), x=x)
write("svm-certain", "SVMClassifier", dict(kernel_type="LINEAR", kernel_params=[0.0, 0.0, 0.0], support_vectors=lists(6, 4), vectors_per_class=[3, 3], coefficients=lists(1, 6), rho=lists(1), prob_a=[-60.0], prob_b=[0.5], classlabels_ints=[4, 9]), x=x, outputs=both)

points = {"points": random.uniform(-1, 1, (9, 4)).astype(numpy.float32)}
for metric in ("euclidean", "sqeuclidean"):
    write(f"distances-{metric}", "CDist", dict(metric=metric), x=x, domain="com.microsoft", constants=points)

# As skl2onnx writes nearest neighbours: over the points, with all items as what is carried along.
value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
for name, parts in {"squares": [("ReduceSumSquare", ["d", "axis"], ["m"], dict(keepdims=0))], "cubes": [("Abs", ["d"], ["a"], {}), ("Pow", ["a", "three"], ["p"], {}), ("ReduceSum", ["p", "axis"], ["m"], dict(keepdims=0))]}.items():
    body = [("Identity", ["all"], ["same"], {}), ("Sub", ["all", "one"], ["d"], {}), *parts, ("Identity", ["m"], ["out"], {})]
    known = [helper.make_tensor("axis", TensorProto.INT64, [1], [1]), helper.make_tensor("three", TensorProto.FLOAT, [1], [3])]
    graph = helper.make_graph([helper.make_node(op, given, out, **attributes) for op, given, out, attributes in body], "body", [value("all", ["n", 4]), value("one", [4])], [value("same", ["n", 4]), value("out", ["n"])], known)
    turned = helper.make_node("Transpose", ["by_point"], ["y"], perm=[1, 0])
    write(f"distances-scan-{name}", "Scan", dict(body=graph, num_scan_inputs=1), x=x, domain="", constants=points, between=["carried", "by_point"], after=[turned])

# Boosted trees: each gives to one class or target, so that every item comes to a weight for each. Leaves that are each other's opposites are CatBoost's.
for prefix, name, op, more in [("class", "classes-boosted", "TreeEnsembleClassifier", dict(classlabels_int64s=[4, 9, 2])), ("target", "trees-boosted", "TreeEnsembleRegressor", dict(n_targets=3, base_values=[0.5, -0.25, 2.0]))]:
    nodes, weights = trees(6, 3, ["BRANCH_LT"], one)
    weights = [(tree, node, tree % 3, -abs(weight)) for tree, node, _, weight in weights]
    write(name, op, {**nodes, **weighted(prefix, weights), **more}, outputs=both if prefix == "class" else {"y": TensorProto.FLOAT})


def opposite():
    weight = float(random.choice(steps[1:]))  # steps add up to 0 for some items: the first label is theirs
    return [(0, -weight), (1, weight)]


nodes, weights = trees(4, 3, ["BRANCH_GT"], opposite)
write("classes-opposite", "TreeEnsembleClassifier", {**nodes, **weighted("class", weights), "classlabels_int64s": [0, 1], "post_transform": "LOGISTIC"}, outputs=both)
write("linear-one-row", "LinearClassifier", dict(coefficients=lists(4), intercepts=[0.125], classlabels_ints=[4, 9], post_transform="LOGISTIC"), x=x, outputs=both)

whole = random.randint(-4, 9, (6, 2)).astype(numpy.int64)
write("lookup-near", "LabelEncoder", dict(keys_int64s=[3, -2, 0, 5, 7], values_floats=[0.5, -1.5, -0.25, 2.0, 1.0], default_float=9.5), x=whole, version=2)
write("lookup-far", "LabelEncoder", dict(keys_int64s=[3, 1 - 2**24, 0, 2**24 - 1], values_int64s=[7, 8, 9, 10]), x=numpy.array([[3, 2**24 - 1], [0, -1], [1 - 2**24, 5]]), outputs={"y": TensorProto.INT64}, version=2)
write("lookup-floats", "LabelEncoder", dict(keys_floats=[-1.0, 0.0, 0.5], values_int64s=[7, 8, 9]), outputs={"y": TensorProto.INT64}, version=2)
write("lookup-tensors", "LabelEncoder", dict(keys_tensor=tensor(TensorProto.INT64, 1, 4, 6), values_tensor=tensor(TensorProto.INT64, 5, 6, 7), default_tensor=tensor(TensorProto.INT64, 11)), x=whole, outputs={"y": TensorProto.INT64}, version=4)
write("lookup-columns", "OneHotEncoder", dict(cats_int64s=[5, -1, 0, 7]), x=whole)
write("lookup-columns-floats", "OneHotEncoder", dict(cats_int64s=[1, 0]), x=x * 2)

# As skl2onnx writes quadratic discriminant analysis: distances of each class joined along the batch, and labels behind it.
square = lambda: random.uniform(-1, 1, (4, 4)).astype(numpy.float32)
known = {"a": square(), "b": square(), "rows": numpy.array([2, -1]), "last": numpy.array([1]), "names": numpy.array([4, 9])}
chain = [helper.make_node(op, given, [out], domain=learned if op[0] == "A" and op[3] == "a" else "", **attributes) for op, given, out, attributes in [
    ("MatMul", ["scaled", "a"], "in_a", {}), ("MatMul", ["scaled", "b"], "in_b", {}),
    ("ReduceSumSquare", ["in_a", "last"], "far_a", dict(keepdims=1)), ("ReduceSumSquare", ["in_b", "last"], "far_b", dict(keepdims=1)),
    ("Concat", ["far_a", "far_b"], "far", dict(axis=0)), ("Reshape", ["far", "rows"], "by_class", {}), ("Transpose", ["by_class"], "y", dict(perm=[1, 0])),
    ("ArgMax", ["y"], "best", dict(axis=1, keepdims=1)), ("ArrayFeatureExtractor", ["names", "best"], "label", {}),
]]
inputs = {"x": x}
results = [helper.make_tensor_value_info(key, kind, None) for key, kind in both.items()]
model = model_of("discriminants", [helper.make_node("Scaler", ["x"], ["scaled"], domain=learned, offset=[0.5], scale=[2.0]), *chain], inputs, results, known, {"": 18, learned: 1}, 10)
label, y = session(model).run(None, inputs)
goldens.write("discriminants", model, inputs, {"label": label.T, "y": y})  # [1, items] in the file

table = {"table": numbers(3, 4)}
chain = [helper.make_node("ArgMax", ["x"], ["best"], axis=1), helper.make_node("ArrayFeatureExtractor", ["table", "best"], ["by_row"], domain=learned), helper.make_node("Transpose", ["by_row"], ["y"], perm=[1, 0])]
model = model_of("columns-of-table", chain, inputs, results[1:], table, {"": 18, learned: 1}, 10)
goldens.write("columns-of-table", model, inputs, {"y": session(model).run(None, inputs)[0]})

# Rows by their greatest number, which may be below 0, 0, or beside one that is no number; and by their length.
for norm in ("MAX", "L1", "L2"):
    write(f"normalizer-{norm.lower()}", "Normalizer", dict(norm=norm), numpy.vstack([features[[0, 1, 2, 3, 7]], -abs(features[[0, 1, 2, 6]]) - 0.25, numpy.zeros((1, 4), numpy.float32)]))

goldens.save()
