"""Graphs written by hand with onnx.helper: what exporters of other frameworks, converters and people write.
Every one is checked by onnx.checker and run once by onnxruntime, so that the corpus holds models and not ideas."""

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import truth

SEED = 20250301
WIDTH, HEADS, INNER, WORDS = 24, 2, 40, 40
HEAD = WIDTH // HEADS


class Graph:
    """Collects nodes and initializers."""

    def __init__(self, opset=17, ir_version=8):
        self.opset, self.ir_version = opset, ir_version
        self.nodes, self.initializers = [], []
        self.inputs, self.outputs = [], []
        self.random = np.random.default_rng(SEED)
        self.count = 0

    def draw(self, *shape):
        return self.random.normal(0, 0.2, shape).astype(np.float32)

    def tensor(self, name, values):
        self.initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def op(self, kind, *inputs, name=None, outputs=1, **attributes):
        self.count += 1
        own = name if name is not None else f"{kind}_{self.count}"
        results = [f"{own or kind + str(self.count)}_out{n if n else ''}" for n in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), results, name=own, **attributes))
        return results[0] if outputs == 1 else results

    def ints(self, *values):
        return self.tensor(f"shape_{len(self.initializers)}", np.array(values, dtype=np.int64))

    def number(self, value):
        return self.tensor(f"number_{len(self.initializers)}", np.float32(value))

    def model(self):
        graph = helper.make_graph(self.nodes, "main", self.inputs, self.outputs, self.initializers)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=self.ir_version
        )


def tokens_in(g, name="x", batch="batch", sequence="sequence"):
    g.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, sequence, WIDTH]))
    return name


def out(g, value, shape=("batch", "sequence", WIDTH), kind=TensorProto.FLOAT):
    last = g.op("Identity", value, name="last")
    g.outputs.append(helper.make_tensor_value_info(last, kind, list(shape)))


def linear(g, x, path, width, inner, bias=True, weight=None):
    """MatMul + Add as [in, out]; gives the value and W as torch has it."""
    w = g.draw(width, inner) if weight is None else weight
    y = g.op("MatMul", x, g.tensor(path + ".weight", w.T), name=path + "/MatMul")
    if bias:
        y = g.op("Add", y, g.tensor(path + ".bias", g.draw(width)), name=path + "/Add")
    return y, w


def heads_of(g, x, last=HEAD, heads=HEADS):
    x = g.op("Reshape", x, g.ints(0, 0, heads, last))
    return g.op("Transpose", x, perm=[0, 2, 1, 3])


def attend(g, q, k, v, heads=HEADS):
    """q, k, v: [batch, heads, sequence, head width]."""
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = g.op("Div", scores, g.number(math.sqrt(HEAD)))
    context = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
    return g.op("Reshape", g.op("Transpose", context, perm=[0, 2, 1, 3]), g.ints(0, 0, WIDTH))


def gelu(g, x):
    erf = g.op("Erf", g.op("Div", x, g.number(math.sqrt(2))))
    return g.op("Mul", g.op("Mul", x, g.op("Add", erf, g.number(1))), g.number(0.5))


def block(g, x, make, at=""):
    """One post-norm block; make(g, x, path, out, in) is one linear layer. Gives the value and [(path, W, group)]."""
    found = []

    def layer(value, path, width, inner, group):
        y, w = make(g, value, at + path, width, inner)
        found.append((at + path, w, group))
        return y

    q, k, v = (layer(x, "attn." + each, WIDTH, WIDTH, each.upper()) for each in "qkv")
    context = attend(g, *(heads_of(g, each) for each in (q, k, v)))
    x = g.op("Add", x, layer(context, "attn.o", WIDTH, WIDTH, "O"))
    inner = gelu(g, layer(x, "ffn.up", INNER, WIDTH, "FFN1"))
    x = g.op("Add", x, layer(inner, "ffn.down", WIDTH, INNER, "FFN2"))
    return x, found


def plain_block(opset=17, ir_version=8, make=linear, batch="batch", sequence="sequence", blocks=1):
    g = Graph(opset, ir_version)
    x = tokens_in(g, batch=batch, sequence=sequence)
    found = []
    for n in range(blocks):
        x, more = block(g, x, make, f"layers.{n}.")
        found += more
    out(g, x, (batch, sequence, WIDTH))
    return g, found


def rows(found, bias=True):
    return [truth.layer(path, w, group, bias) for path, w, group in found]


def feeds_of(model):
    random = np.random.default_rng(1)
    extents = {"batch": 2, "sequence": 6}
    feeds = {}
    for value in model.graph.input:
        kind = value.type.tensor_type
        shape = [d.dim_value or extents[d.dim_param] for d in kind.shape.dim]
        if kind.elem_type == TensorProto.INT64:
            feeds[value.name] = random.integers(0, WORDS, shape)
        elif kind.elem_type == TensorProto.BOOL:
            feeds[value.name] = np.ones(shape, dtype=bool)
        else:
            feeds[value.name] = random.normal(size=shape).astype(helper.tensor_dtype_to_np_dtype(kind.elem_type))
    return feeds


def save(folder, name, model, layers, embeddings=(), **more):
    import onnxruntime

    path = Path(folder, name + ".onnx")
    onnx.save(model, path)
    onnx.checker.check_model(str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    session.run(None, feeds_of(onnx.load(path, load_external_data=False)))
    truth.write(folder, name, f"onnx.helper {onnx.__version__}", layers, embeddings, **more)


def gemms(folder):
    """Both orientations, scales, no bias, a bias of two dimensions; opset 11 and IR 6 as older tools write."""
    g = Graph(opset=11, ir_version=6)
    g.inputs.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", WIDTH]))
    a, b, c = g.draw(INNER, WIDTH), g.draw(WIDTH, INNER), g.draw(8, WIDTH)
    x = g.op("Gemm", "x", g.tensor("first.weight", a), g.tensor("first.bias", g.draw(INNER)), transB=1, alpha=0.5, beta=2.0)
    x = g.op("Relu", x)
    x = g.op("Gemm", x, g.tensor("second.weight", b.T), g.tensor("second.bias", g.draw(1, WIDTH)), alpha=2.0)
    x = g.op("Gemm", x, g.tensor("third.weight", c), transB=1)
    # The activation itself is transposed before and turned back by transA.
    d = g.draw(5, 8)
    x = g.op("Gemm", g.op("Transpose", x, perm=[1, 0]), g.tensor("fourth.weight", d.T), transA=1)
    out(g, x, ("batch", 5))
    layers = [
        truth.layer("first", a, "FFN1", True),
        truth.layer("second", b, "FFN2", True),
        truth.layer("third", c, "other", False),
        truth.layer("fourth", d, "other", False),
    ]
    save(folder, "hand-gemm", g.model(), layers)


def fused_qkv(folder):
    for how, opset in (("split", 13), ("gather", 18)):
        g = Graph(opset)
        x = tokens_in(g)
        fused, w = linear(g, x, "layers.0.attn.qkv", 3 * WIDTH, WIDTH)
        if how == "split":
            parts = g.op("Split", fused, g.ints(WIDTH, WIDTH, WIDTH), outputs=3, axis=-1)
            q, k, v = (heads_of(g, each) for each in parts)
        else:
            five = g.op("Transpose", g.op("Reshape", fused, g.ints(0, 0, 3, HEADS, HEAD)), perm=[2, 0, 3, 1, 4])
            q, k, v = (
                g.op("Gather", five, g.tensor(f"index_{n}", np.int64(n)), axis=0) for n in range(3)
            )
        o, wo = linear(g, attend(g, q, k, v), "layers.0.attn.proj", WIDTH, WIDTH)
        out(g, g.op("Add", x, o))
        layers = [
            truth.layer("layers.0.attn.qkv", w, "other", True),
            truth.layer("layers.0.attn.proj", wo, "O", True),
        ]
        save(folder, f"hand-qkv-{how}", g.model(), layers, heads=HEADS)


def cuts(folder):
    """One tensor cut into three weights by Split, and into two by Slice, before the products."""
    g = Graph(opset=18)
    x = tokens_in(g)
    w, f = g.draw(3 * WIDTH, WIDTH), g.draw(INNER + WIDTH, WIDTH)
    parts = g.op("Split", g.tensor("attn.in_proj_weight", w), outputs=3, axis=0, num_outputs=3)
    q, k, v = (heads_of(g, g.op("MatMul", x, g.op("Transpose", each, perm=[1, 0]))) for each in parts)
    x = g.op("Add", x, attend(g, q, k, v))
    g.tensor("mixed", f.T.copy())
    up = g.op("Slice", "mixed", g.ints(0), g.ints(INNER), g.ints(1))
    down = g.op("Slice", "mixed", g.ints(-WIDTH), g.ints(2**31), g.ints(1))
    y = g.op("MatMul", g.op("MatMul", x, down, name="square"), up, name="wide")
    out(g, y, ("batch", "sequence", INNER))
    layers = [
        truth.layer("attn.in_proj" + suffix, w[n * WIDTH : (n + 1) * WIDTH], group, False)
        for n, (suffix, group) in enumerate((("", "Q"), (" 2", "K"), (" 3", "V")))
    ]
    layers += [truth.layer("mixed", f[INNER:], "other", False), truth.layer("wide", f[:INNER], "other", False)]
    save(folder, "hand-cut", g.model(), layers, heads=HEADS)


def transposes(folder):
    """The weight stays [out, in] and a Transpose node turns it, as exporters without constant folding write."""

    def turned(g, x, path, width, inner):
        w = g.draw(width, inner)
        t = g.op("Transpose", g.tensor(path + ".weight", w), perm=[1, 0], name=path + "/Transpose")
        return g.op("Add", g.op("MatMul", x, t, name=path + "/MatMul"), g.tensor(path + ".bias", g.draw(width))), w

    g, found = plain_block(make=turned)
    save(folder, "hand-transpose", g.model(), rows(found), heads=HEADS)


def constants(folder):
    """Weights in Constant nodes, behind Identity, Unsqueeze and Squeeze."""

    def constant(g, x, path, width, inner):
        w = g.draw(width, inner)
        value = g.op("Constant", name=path + ".weight", value=numpy_helper.from_array(np.ascontiguousarray(w.T)))
        value = g.op("Identity", g.op("Squeeze", g.op("Unsqueeze", value, g.ints(0)), g.ints(0)))
        return g.op("MatMul", x, value, name=""), w

    g, found = plain_block(make=constant, batch=2, sequence=6)
    layers = [truth.layer(path + ".weight_out", w, group, False) for path, w, group in found]
    save(folder, "hand-constant", g.model(), layers, batch=2, sequence=6)


def shared(folder):
    """ALBERT's sharing of one weight by two blocks, and a head tied to the table by a Transpose."""
    g = Graph()
    g.inputs.append(helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", "sequence"]))
    table = g.draw(WORDS, WIDTH)
    g.tensor("wte.weight", table)
    x = g.op("Gather", "wte.weight", "tokens", name="/wte/Gather")
    up, down = g.draw(INNER, WIDTH), g.draw(WIDTH, INNER)
    g.tensor("ffn.up.weight", up.T), g.tensor("ffn.down.weight", down.T)
    for n in range(2):
        inner = g.op("Relu", g.op("MatMul", x, "ffn.up.weight", name=f"/layers.{n}/ffn/up/MatMul"))
        x = g.op("Add", x, g.op("MatMul", inner, "ffn.down.weight", name=f"/layers.{n}/ffn/down/MatMul"))
    head = g.op("Transpose", "wte.weight", perm=[1, 0])
    out(g, g.op("MatMul", x, head, name="/lm_head/MatMul"), ("batch", "sequence", WORDS))
    layers = [
        truth.layer("ffn.up", up, "FFN1", False, 2),
        truth.layer("ffn.down", down, "FFN2", False, 2),
        truth.layer("lm_head", table, "other", False, 2),
    ]
    save(folder, "hand-shared", g.model(), layers, [("wte", (WORDS, WIDTH))])


def convolutions(folder):
    """1x1 convolutions are linear layers; larger kernels, groups and strides are not."""
    g = Graph(opset=13, ir_version=7)
    g.inputs.append(helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 16, 16]))
    g.tensor("patch_embed.weight", g.draw(WIDTH, 3, 8, 8))
    x = g.op("Conv", "image", "patch_embed.weight", kernel_shape=[8, 8], strides=[8, 8])
    a, b = g.draw(INNER, WIDTH), g.draw(WIDTH, INNER)
    y = g.op("Conv", x, g.tensor("mlp.fc1.weight", a[:, :, None, None]), g.tensor("mlp.fc1.bias", g.draw(INNER)))
    y = g.op("Conv", y, g.tensor("mlp.dw.weight", g.draw(INNER, 1, 3, 3)), group=INNER, pads=[1, 1, 1, 1])
    y = g.op("Relu", y)
    y = g.op("Conv", y, g.tensor("mlp.fc2.weight", b[:, :, None, None]), kernel_shape=[1, 1])
    out(g, g.op("Add", x, y), ("batch", WIDTH, 2, 2))
    layers = [
        truth.layer("mlp.fc1", a, "FFN1", True),
        truth.layer("mlp.fc2", b, "FFN2", False),
    ]
    save(folder, "hand-conv", g.model(), layers, batch=None, sequence=None, skipped=["Conv", "Conv"])


def external(folder):
    """Tensors in two files beside the model, one in a folder, with offsets; small ones inside."""
    g, found = plain_block(opset=21, ir_version=10)
    model = g.model()
    files = {}
    for tensor in model.graph.initializer:
        data = tensor.raw_data
        if len(data) < 1000:
            continue
        location = "hand-external/ffn.bin" if ".ffn." in tensor.name else "hand-external.bin"
        start = -(-len(files.get(location, b"")) // 64) * 64
        files[location] = files.get(location, b"").ljust(start, b"\0") + data
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", str(start)), ("length", str(len(data)))):
            tensor.external_data.add(key=key, value=value)
    for location, data in files.items():
        path = Path(folder, location)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    save(folder, "hand-external", model, rows(found), heads=HEADS)


def narrow(folder):
    """16-bit weights: all of the model in float16; bfloat16 tensors that are cast before use."""

    def bf16(g, x, path, width, inner):
        w = g.draw(width, inner)
        rounded = ((w.view(np.uint32) + 0x8000) & 0xFFFF0000).view(np.float32)
        bits = (rounded.T.copy().view(np.uint32) >> 16).astype(np.uint16)
        tensor = helper.make_tensor(path + ".weight", TensorProto.BFLOAT16, [inner, width], bits.tobytes(), raw=True)
        g.initializers.append(tensor)
        cast = g.op("Cast", path + ".weight", to=TensorProto.FLOAT)
        return g.op("Add", g.op("MatMul", x, cast, name=path + "/MatMul"), g.tensor(path + ".bias", g.draw(width))), rounded

    g, found = plain_block(opset=18, make=bf16)
    save(folder, "hand-bf16", g.model(), rows(found), heads=HEADS)

    g, found = plain_block(opset=17)
    model = g.model()
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    found = [(path, w.astype(np.float16), group) for path, w, group in found]
    save(folder, "hand-f16", model, rows(found), heads=HEADS)


def lists(folder):
    """Data in the typed lists instead of raw_data: float_data, double_data, int32_data of float16 and int8."""

    def listed(g, x, path, width, inner):
        w = g.draw(width, inner)
        kind = path.rsplit(".", 1)[-1]
        name = path + ".weight"
        if kind in ("q", "k"):
            tensor = helper.make_tensor(name, TensorProto.FLOAT, [inner, width], w.T.flatten().tolist())
            value = name
        elif kind == "v":
            tensor = helper.make_tensor(name, TensorProto.DOUBLE, [inner, width], w.T.astype(float).flatten().tolist())
            value = g.op("Cast", name, to=TensorProto.FLOAT)
        elif kind == "o":
            w = w.astype(np.float16)
            tensor = helper.make_tensor(name, TensorProto.FLOAT16, [inner, width], w.T.flatten().tolist())
            value = g.op("Cast", name, to=TensorProto.FLOAT)
        else:
            codes = np.clip(np.round(w / 0.01), -128, 127).astype(np.int8)
            w = codes * np.float32(0.01)
            tensor = helper.make_tensor(name, TensorProto.INT8, [inner, width], codes.T.flatten().tolist())
            value = g.op("DequantizeLinear", name, g.number(0.01))
        g.initializers.append(tensor)
        return g.op("Add", g.op("MatMul", x, value, name=path + "/MatMul"), g.tensor(path + ".bias", g.draw(width))), w

    g, found = plain_block(make=listed)
    save(folder, "hand-lists", g.model(), rows(found), heads=HEADS)


def einsums(folder):
    """Projections as einsums, heads kept apart; attention as einsums too."""
    g = Graph(opset=13)
    x = tokens_in(g)
    found, values = [], []
    for each in "qkv":
        w = g.draw(WIDTH, WIDTH)
        g.tensor(f"attn.{each}.weight", w.T.reshape(WIDTH, HEADS, HEAD).copy())
        values.append(g.op("Einsum", x, f"attn.{each}.weight", equation="bsd,dhe->bhse", name=f"attn.{each}"))
        found.append((f"attn.{each}", w, each.upper()))
    scores = g.op("Softmax", g.op("Einsum", values[0], values[1], equation="bhqe,bhke->bhqk"), axis=-1)
    context = g.op("Einsum", scores, values[2], equation="bhqk,bhke->bqhe")
    w = g.draw(WIDTH, WIDTH)
    g.tensor("attn.o.weight", w.T.reshape(HEADS, HEAD, WIDTH).copy())
    x = g.op("Add", x, g.op("Einsum", context, "attn.o.weight", equation="bqhe,hed->bqd", name="attn.o"))
    found.append(("attn.o", w, "O"))
    up, down = g.draw(INNER, WIDTH), g.draw(WIDTH, INNER)
    y = g.op("Einsum", x, g.tensor("up.weight", up.T.copy()), equation="bij, jk -> bik", name="up")
    y = g.op("Einsum", g.op("Relu", y), g.tensor("down.weight", down), equation="bij,kj->bik", name="down")
    out(g, g.op("Add", x, y))
    found += [("up", up, "FFN1"), ("down", down, "FFN2")]
    save(folder, "hand-einsum", g.model(), rows(found, bias=False))


def gated(folder):
    """SwiGLU with an RMS norm written out; grouped queries; names that lie about every role."""
    g = Graph(opset=18)
    x = tokens_in(g)
    square = g.op("ReduceMean", g.op("Mul", x, x), g.ints(-1))
    normed = g.op("Div", x, g.op("Sqrt", g.op("Add", square, g.number(1e-6))))
    q, wq = linear(g, normed, "block.0.attention.value", WIDTH, WIDTH, bias=False)
    k, wk = linear(g, normed, "block.0.attention.query", HEAD, WIDTH, bias=False)
    v, wv = linear(g, normed, "block.0.attention.key", HEAD, WIDTH, bias=False)
    k, v = (
        g.op("Expand", heads_of(g, each, HEAD, 1), g.ints(1, HEADS, 1, 1)) for each in (k, v)
    )
    o, wo = linear(g, attend(g, heads_of(g, q), k, v), "block.0.mlp.fc1", WIDTH, WIDTH, bias=False)
    x = g.op("Add", x, o)
    gate, wg = linear(g, x, "block.0.mlp.down_proj", INNER, WIDTH, bias=False)
    up, wu = linear(g, x, "block.0.attention.o_proj", INNER, WIDTH, bias=False)
    inner = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up)
    down, wd = linear(g, inner, "block.0.mlp.gate_proj", WIDTH, INNER, bias=False)
    out(g, g.op("Add", x, down))
    layers = [
        truth.layer("block.0.attention.value", wq, "Q", False),
        truth.layer("block.0.attention.query", wk, "K", False),
        truth.layer("block.0.attention.key", wv, "V", False),
        truth.layer("block.0.mlp.fc1", wo, "O", False),
        truth.layer("block.0.mlp.down_proj", wg, "FFN1", False),
        truth.layer("block.0.attention.o_proj", wu, "FFN1", False),
        truth.layer("block.0.mlp.gate_proj", wd, "FFN2", False),
    ]
    save(folder, "hand-gated", g.model(), layers, heads=HEADS)


def branches(folder):
    """Both branches of an If use one weight of the graph around them, as merged decoders do."""
    g = Graph(opset=16)
    x = tokens_in(g)
    g.inputs.append(helper.make_tensor_value_info("again", TensorProto.BOOL, [1]))
    up, down = g.draw(INNER, WIDTH), g.draw(WIDTH, INNER)
    g.tensor("up.weight", up.T.copy()), g.tensor("down.weight", down.T.copy())

    def body(name, activation):
        nodes = [
            helper.make_node("MatMul", [x, "up.weight"], [name + "_a"], name=name + "/up/MatMul"),
            helper.make_node(activation, [name + "_a"], [name + "_b"]),
            helper.make_node("MatMul", [name + "_b", "down.weight"], [name + "_c"], name=name + "/down/MatMul"),
        ]
        result = helper.make_tensor_value_info(name + "_c", TensorProto.FLOAT, None)
        return helper.make_graph(nodes, name, [], [result])

    y = g.op("If", "again", then_branch=body("then", "Relu"), else_branch=body("else", "Softplus"))
    out(g, g.op("Add", x, y))
    layers = [truth.layer("up", up, "FFN1", False, 2), truth.layer("down", down, "FFN2", False, 2)]
    save(folder, "hand-if", g.model(), layers)


def functions(folder):
    """Local functions within functions: scales by attributes, given and left out, a bias left out, branches inside, a
    weight that is the function's own and used at both calls; one call is in a branch."""
    g = Graph(opset=18, ir_version=9)
    tokens_in(g)
    a, b, c = g.draw(INNER, WIDTH), g.draw(WIDTH, INNER), g.draw(WIDTH, WIDTH)
    value, node = helper.make_tensor_value_info, helper.make_node

    def reference(name, refers):
        return onnx.AttributeProto(name=name, type=onnx.AttributeProto.FLOAT, ref_attr_name=refers)

    def function(name, inputs, outputs, nodes, attributes=(), defaults=()):
        imports = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
        return helper.make_function("own", name, inputs, outputs, nodes, imports, list(attributes), list(defaults))

    product = node("Gemm", ["rows", "weight", "bias"], ["scaled"], name="product", transB=1)
    product.attribute.extend([reference("alpha", "scale"), reference("beta", "offset")])
    # Gemm takes rows only.
    linear_function = function(
        "Linear",
        ["x", "weight", "bias"],
        ["y"],
        [
            node("Constant", [], ["flat"], value_ints=[-1]),
            node("Shape", ["x"], ["inner"], start=-1),
            node("Shape", ["x"], ["outer"], end=-1),
            node("Concat", ["flat", "inner"], ["matrix"], axis=0),
            node("Reshape", ["x", "matrix"], ["rows"]),
            product,
            node("Shape", ["scaled"], ["sides"], start=1),
            node("Concat", ["outer", "sides"], ["whole"], axis=0),
            node("Reshape", ["scaled", "whole"], ["y"]),
        ],
        ["scale"],
        [helper.make_attribute("offset", 2.0)],
    )
    def body(name, kind):
        last = name + "_last"
        return helper.make_graph([node(kind, ["mixed"], [last])], name, [], [value(last, TensorProto.FLOAT, None)])

    branches_inside = node(
        "If", ["open"], ["turned"], then_branch=body("then", "Relu"), else_branch=body("else", "Softplus")
    )
    mix = function(
        "Mix",
        ["x", "unused"],
        ["turned", "same", "more"],
        [
            node("Constant", [], ["weight"], value=numpy_helper.from_array(c.T, "weight")),
            node("Constant", [], ["open"], value=numpy_helper.from_array(np.array(True), "open")),
            node("MatMul", ["x", "weight"], ["mixed"]),
            branches_inside,
            node("Identity", ["x"], ["same"]),
            node("Neg", ["x"], ["more"]),
        ],
    )
    network = function(
        "Network",
        ["x", "up", "up_bias", "down"],
        ["y", "again"],
        [
            node("Linear", ["x", "up", "up_bias"], ["wide"], domain="own", name="Linear_1", scale=0.5),
            node("Relu", ["wide"], ["positive"]),
            node("Linear", ["positive", "down"], ["narrow"], domain="own", name="Linear_2"),
            node("Mix", ["narrow"], ["mixed", "again", "less"], domain="own", name="Mix_3"),
            node("Add", ["mixed", "again"], ["y"]),
        ],
    )
    weights = [g.tensor("ffn.up.weight", a), g.tensor("ffn.up.bias", g.draw(INNER)), g.tensor("ffn.down.weight", b)]
    g.nodes.append(node("Network", ["x", *weights], ["y", "kept"], name="/ffn/Network", domain="own"))
    g.op("Identity", "kept", name="same")
    inside = helper.make_graph(
        [node("Mix", ["same_out"], ["mixed_again", "same_again", "less_again"], domain="own", name="/last/Mix")],
        "inside",
        [],
        [value("mixed_again", TensorProto.FLOAT, None)],
    )
    outside = helper.make_graph([node("Neg", ["y"], ["negative"])], "outside", [], [value("negative", TensorProto.FLOAT, None)])
    g.nodes.append(node("If", [g.tensor("always", np.array(True))], ["chosen"], then_branch=inside, else_branch=outside))
    out(g, g.op("Add", "chosen", "y"))
    model = g.model()
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.functions.extend([linear_function, mix, network])
    layers = [
        truth.layer("ffn.up", a, "FFN1", True),
        truth.layer("ffn.down", b, "FFN2", False),
        truth.layer("Mix", c, "other", False, uses=2),
    ]
    save(folder, "hand-functions", model, layers)


def odd_names(folder):
    """Names with spaces, quotes, slashes, other scripts and emoji; nodes without names."""
    names = ["a b", 'say "hi"', "../../etc/passwd", "\u65e5\u672c\u8a9e", "\U0001f600", "x;y,z|<b>", "__proto__", "constructor"]
    g = Graph()
    x = tokens_in(g)
    layers = []
    for name in names:
        w = g.draw(WIDTH, WIDTH)
        x = g.op("MatMul", x, g.tensor(name, w.T.copy()), name="")
        layers.append(truth.layer(name, w, "other", False))
    out(g, x)
    save(folder, "hand-names", g.model(), layers)


def quantized(folder):
    """What onnxruntime's own tools make of one block."""
    import tempfile

    import onnxruntime
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        matmul_nbits_quantizer,
        quantize_dynamic,
        quantize_static,
    )

    made_by = f"onnxruntime.quantization {onnxruntime.__version__}"
    class Inputs(CalibrationDataReader):
        def __init__(self, model):
            self.left = [feeds_of(model)]

        def get_next(self):
            return self.left.pop() if self.left else None

    g, found = plain_block(opset=21, ir_version=10)
    g.outputs[0].type.tensor_type.ClearField("shape")
    with tempfile.TemporaryDirectory() as place:
        source, target = Path(place, "source.onnx"), Path(place, "target.onnx")
        onnx.save(g.model(), source)

        def keep(name):
            model = onnx.load(target)
            for entry in list(model.metadata_props):
                model.metadata_props.remove(entry)
            onnx.save(model, Path(folder, name + ".onnx"))
            stored = [(path, dequantized(model, path, w), group) for path, w, group in found]
            truth.write(folder, name, made_by, rows(stored), ())

        quantize_dynamic(source, target, weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True})
        keep("quantized-dynamic")
        quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QUInt8)
        keep("quantized-dynamic-channels")
        for name, form, channels in (
            ("quantized-qdq", QuantFormat.QDQ, False),
            ("quantized-qdq-channels", QuantFormat.QDQ, True),
            ("quantized-operators", QuantFormat.QOperator, False),
        ):
            quantize_static(
                source,
                target,
                Inputs(g.model()),
                quant_format=form,
                per_channel=channels,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul", "Gemm"],
            )
            keep(name)
        for name, form, symmetric in (
            ("quantized-nbits", QuantFormat.QOperator, True),
            ("quantized-nbits-zero", QuantFormat.QOperator, False),
            ("quantized-nbits-qdq", QuantFormat.QDQ, True),
        ):
            quantizer = matmul_nbits_quantizer.MatMulNBitsQuantizer(
                onnx.load(source), block_size=16, is_symmetric=symmetric, quant_format=form
            )
            quantizer.process()
            quantizer.model.save_model_to_file(str(target))
            keep(name)


def dequantized(model, path, source):
    """The weight as the runtime has it: stored integers by their scales, or what onnxruntime makes of the identity."""
    import onnxruntime

    arrays = {tensor.name: tensor for tensor in model.graph.initializer}
    stored = arrays.get(path + ".weight_quantized")
    if stored is not None:
        codes = numpy_helper.to_array(stored).astype(np.float64)
        zero = numpy_helper.to_array(arrays[path + ".weight_zero_point"]).astype(np.float64)
        weight = ((codes - zero) * numpy_helper.to_array(arrays[path + ".weight_scale"])).T
    else:
        node = next(
            node
            for node in model.graph.node
            if node.op_type in ("MatMulNBits", "DequantizeLinear") and any(path + ".weight" in i for i in node.input)
        )
        used = [arrays[name] for name in node.input if name in arrays]
        value = helper.make_tensor_value_info
        blocked = node.op_type == "MatMulNBits"
        inputs = [value(node.input[0], TensorProto.FLOAT, [source.shape[1]] * 2)] if blocked else []
        graph = helper.make_graph([node], "one", inputs, [value(node.output[0], TensorProto.FLOAT, None)], used)
        one = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        identity = {node.input[0]: np.eye(source.shape[1], dtype=np.float32)} if blocked else {}
        weight = session.run(None, identity)[0].T
    assert np.abs(weight - source).max() < 0.2 * np.abs(source).max(), path
    return weight


def optimized(folder):
    """onnxruntime's transformer optimizer on the BERT of torch's exporter: fused attention keeps its weights inside."""
    import json

    import onnxruntime
    from onnxruntime.transformers import optimizer

    model = optimizer.optimize_model(
        str(Path(folder, "torchscript-bert.onnx")), "bert", num_heads=HEADS, hidden_size=WIDTH, opt_level=0
    )
    name = "ort-optimized-bert"
    model.save_model_to_file(str(Path(folder, name + ".onnx")))
    kinds = [node.op_type for node in model.model.graph.node]
    source = json.loads(Path(folder, "torchscript-bert.json").read_text())
    layers = [each for each in source["layers"] if each["group"] not in ("Q", "K", "V")]
    made_by = f"onnxruntime.transformers.optimizer {onnxruntime.__version__}"
    fused = sum(kind == "Attention" for kind in kinds)
    truth.write(folder, name, made_by, layers, [], skipped=["Attention"] * fused)
    file = Path(folder, name + ".json")
    record = json.loads(file.read_text())
    record["embeddings"] = source["embeddings"]
    file.write_text(json.dumps(record, indent=1) + "\n")


def all_of_it(folder):
    for make in (
        gemms,
        fused_qkv,
        cuts,
        transposes,
        constants,
        shared,
        convolutions,
        external,
        narrow,
        lists,
        einsums,
        gated,
        branches,
        functions,
        odd_names,
        quantized,
        optimized,
    ):
        make(folder)
