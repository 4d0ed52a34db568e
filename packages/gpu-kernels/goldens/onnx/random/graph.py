"""A random graph while it grows. Every node is run by onnxruntime as it is added, so that a graph is valid by construction and the
shapes and numbers of all its values are known."""
import numpy
import onnx
import onnxruntime
from onnx import TensorProto, defs, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
Level = onnxruntime.GraphOptimizationLevel
SIZES, WIDE = (1, 2, 3, 4, 5, 7, 8, 3, 5), (1, 3, 8, 16, 17, 24, 31, 32, 33, 48, 65)
MOST, MOST_WIDE = 2**12, 2**17  # numbers of a value


class Dropped(Exception):
    """The choice leads to no valid node; another is made."""


def session(model, level=Level.ORT_DISABLE_ALL, path=None):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    if path is not None:
        options.optimized_model_filepath = str(path)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def type_of(array):
    return helper.np_dtype_to_tensor_dtype(array.dtype)


class Value:
    """`lead`: the first dimension is the batch. `exact`: whoever computes it gets the same bits, so that what jumps may follow."""

    def __init__(self, name, array, lead, exact):
        self.name, self.array, self.lead, self.exact = name, array, lead, exact

    @property
    def shape(self):
        return self.array.shape

    @property
    def rank(self):
        return self.array.ndim

    @property
    def kind(self):
        return self.array.dtype.name


class Graph:
    def __init__(self, random, opset, is_open, is_item, items):
        self.random, self.opset, self.is_open, self.is_item, self.items = random, opset, is_open, is_item, items
        self.nodes, self.constants, self.inputs, self.values, self.count = [], {}, [], [], 0
        self.used, self.makers = set(), []
        self.is_wide = self.is_loose = False

    # Draws
    def chance(self, p):
        return self.random.random() < p

    def pick(self, *choices):
        return choices[int(self.random.integers(len(choices)))]

    def integer(self, low, high):
        return int(self.random.integers(low, high + 1))

    def size(self):
        return self.pick(*(WIDE if self.is_wide else SIZES))

    def name(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    # Values
    def input(self, shape, kind="float32", special=False):
        name = self.name("x")
        array = self.numbers(shape, kind, special=special)
        self.inputs.append((name, array))
        value = Value(name, array, not self.is_item, True)
        self.values.append(value)
        return value

    def numbers(self, shape, kind="float32", special=False, low=-2.0, high=2.0):
        draw = self.random
        if kind == "bool":
            return draw.random(shape) < 0.5
        if kind in ("float32", "float16"):
            style = draw.integers(3)
            if style == 0:  # many ties, all sums exact
                array = draw.integers(-8, 9, shape) / 4
            elif style == 1:
                array = draw.integers(-128, 129, shape) / 32
            else:
                array = draw.uniform(low, high, shape)
            array = numpy.asarray(array, dtype=kind)
            if special and array.size:
                odd = [numpy.nan, numpy.inf, -numpy.inf, -0.0, 1e-40, 0.0]
                flat = array.reshape(-1)
                for _ in range(max(1, array.size // 8)):
                    with numpy.errstate(over="ignore", under="ignore"):
                        flat[draw.integers(array.size)] = numpy.asarray(odd[draw.integers(len(odd))]).astype(kind)
            return array
        info = numpy.iinfo(kind)
        reach = 30 if not special else 2 ** 20
        array = draw.integers(max(info.min, -reach), min(info.max, reach) + 1, shape)
        return numpy.asarray(array).astype(kind)

    def constant(self, array, plain=False):
        """The name of a constant: an initialiser, a Constant node, or what import must fold first."""
        array = numpy.asarray(array)
        same = [name for name, other in self.constants.items() if other.shape == array.shape and other.dtype == array.dtype and other.size > 1 and array.dtype.kind == "f"]
        if same and not plain and self.chance(0.15):
            return self.pick(*same)  # one constant that several nodes read
        style = 0 if plain else self.random.integers(10)
        name = self.name("c")
        self.used.add(name)
        if style == 7:
            self.make("Constant", [], name, value=numpy_helper.from_array(array, name))
        elif style == 8 and array.ndim >= 2:
            order = self.random.permutation(array.ndim)
            source = self.constant(numpy.transpose(array, order), True)
            self.make("Transpose", [source], name, perm=[int(v) for v in numpy.argsort(order)])
        elif style == 9 and array.ndim >= 1 and array.size > 0:
            self.make("Reshape", [self.constant(array.reshape(-1), True), self.constant(numpy.array(array.shape, dtype=numpy.int64), True)], name)
        else:
            self.constants[name] = array
        return name

    def make(self, op, inputs, name, **attributes):
        node = helper.make_node(op, inputs, [name], **attributes)
        self.nodes.append(node)
        self.makers.append(node)

    def floats(self, *shape, low=-1.0, high=1.0):
        return self.constant(self.random.uniform(low, high, shape).astype(numpy.float32))

    def scalar(self, number, kind="float32"):
        return self.constant(numpy.asarray(number, dtype=kind).reshape(self.pick((), (), (), (1,))))

    def whole(self, numbers):
        return self.constant(numpy.asarray(numbers, dtype=numpy.int64))

    def choose(self, test=lambda value: True):
        """A value that fits, one of the latest rather than an old one."""
        fit = [value for value in self.values if test(value)]
        if not fit:
            raise Dropped
        return fit[-1] if self.chance(0.6) else fit[int(self.random.integers(len(fit)))]

    def is_new(self, op):
        """Whether the opset has the op, and the version of it."""
        try:
            return defs.get_schema(op, self.opset).since_version
        except Exception:
            return 0

    # Nodes
    def add(self, op, inputs, exact=True, lead=None, outputs=1, domain="", **attributes):
        """Values and names of constants in, a value out (several where `outputs` says so). Raises Dropped where onnxruntime refuses it."""
        if domain == "" and not self.is_new(op):
            raise Dropped
        given = [value for value in inputs if isinstance(value, Value)]
        names = [value.name if isinstance(value, Value) else value for value in inputs]
        results = [self.name("v") for _ in range(outputs)]
        node = helper.make_node(op, names, results, domain=domain, **{key: value for key, value in attributes.items() if value is not None})
        arrays = self.evaluate([node], given, results)
        most = MOST_WIDE if self.is_wide else MOST
        if any(array.size > most or array.size == 0 for array in arrays):
            raise Dropped
        self.nodes.append(node)
        self.used.update(names)
        is_lead = given[0].lead if lead is None and given else bool(lead)
        values = [Value(name, array, is_lead and array.ndim > 0 and array.shape[0] == self.items, exact and all(value.exact for value in given)) for name, array in zip(results, arrays)]
        self.values.extend(values)
        return values[0] if outputs == 1 else values

    def evaluate(self, nodes, given, results):
        inputs = {value.name: value.array for value in given}
        needed = {name for node in nodes for name in node.input}
        makers = []
        for node in reversed(self.makers):
            if node.output[0] in needed:
                makers.insert(0, node)
                needed.update(node.input)
        model = self.model([*makers, *nodes], inputs.items(), results, fixed=True, needed=needed)
        try:
            run = session(model).run(results, inputs)
        except Exception as error:
            raise Dropped from error
        if not all(isinstance(array, numpy.ndarray) for array in run):
            raise Dropped
        return run

    def model(self, nodes, inputs, outputs, fixed=False, needed=None):
        batch = lambda array: ["n"] if self.is_open and not fixed else list(array.shape[:1])
        rest = lambda name, array: [f"{name}_{d}" if self.is_loose and d % 2 and not fixed else length for d, length in enumerate(array.shape)][1:]
        describe = lambda name, array: helper.make_tensor_value_info(name, type_of(array), [*batch(array), *rest(name, array)])
        graph = helper.make_graph(nodes, "random", [describe(*pair) for pair in inputs], [onnx.ValueInfoProto(name=name) for name in outputs], [numpy_helper.from_array(array, name) for name, array in self.constants.items() if needed is None or name in needed])
        domains = [helper.make_opsetid("", self.opset)]
        used = {node.domain for node in nodes}
        domains += [helper.make_opsetid(domain, version) for domain, version in (("com.microsoft", 1), ("ai.onnx.ml", 3)) if domain in used]
        return helper.make_model(graph, opset_imports=domains, ir_version=min(10, helper.find_min_ir_version_for([helper.make_opsetid("", self.opset)])) if self.opset < 23 else 11)
