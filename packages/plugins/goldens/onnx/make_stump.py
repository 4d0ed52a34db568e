"""A head of one tree with one split on the first number of an embedding of 6, worked out by hand: no golden values.

    python make_stump.py

It makes head-stump.onnx: `score` is 0.2 where that number is at most 0.5, else 0.9.
"""

import pathlib

from onnx import TensorProto, checker, helper

HERE = pathlib.Path(__file__).resolve().parent

modes = ["BRANCH_LEQ", "LEAF", "LEAF"]
split = helper.make_node(
    "TreeEnsembleRegressor", ["embedding"], ["score"], name="split", domain="ai.onnx.ml", n_targets=1,
    nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_values=[0.5, 0.0, 0.0], nodes_modes=modes,
    nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0], nodes_hitrates=[1.0, 1.0, 1.0], nodes_missing_value_tracks_true=[0, 0, 0],
    target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0], target_weights=[0.2, 0.9],
)
given = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 6])
made = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1])
opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
model = helper.make_model(helper.make_graph([split], "stump", [given], [made]), opset_imports=opsets, ir_version=8, producer_name="make_stump.py")
checker.check_model(model)
(HERE / "head-stump.onnx").write_bytes(model.SerializeToString())
