"""TensorFlow models through tf2onnx: a BERT encoder in the name scopes of google-research/bert, written with plain
TensorFlow operations, and Keras layers (Dense over tokens, MultiHeadAttention with its einsums). Run in an environment
of its own: tensorflow and torch disagree about their dependencies."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import math
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf2onnx

import truth

SEED = 20250301
WIDTH, HEADS, INNER, WORDS, POSITIONS = 24, 2, 40, 40, 32


class Variables(tf.Module):
    """Random variables by name, as a checkpoint of google-research/bert has them."""

    def __init__(self):
        super().__init__()
        self.random = np.random.default_rng(SEED)
        self.all = {}

    def get(self, name, *shape):
        if name not in self.all:
            values = self.random.normal(0, 0.2, shape).astype(np.float32)
            self.all[name] = tf.Variable(values, name=name.replace("/", "_"))
        return self.all[name]


def dense(variables, path, x, out):
    """tf.layers.dense over [rows, in]."""
    with tf.name_scope(path):
        kernel = variables.get(path + "/kernel", x.shape[-1], out)
        bias = variables.get(path + "/bias", out)
        return tf.nn.bias_add(tf.matmul(x, kernel), bias)


def norm(variables, path, x):
    with tf.name_scope(path):
        gamma, beta = variables.get(path + "/gamma", WIDTH), variables.get(path + "/beta", WIDTH)
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + 1e-12) * gamma + beta


def gelu(x):
    """As in google-research/bert; tf.nn.gelu is an Erfc today, which tf2onnx does not know."""
    return x * 0.5 * (1.0 + tf.math.erf(x / math.sqrt(2.0)))


def bert(variables, tokens):
    batch, sequence = tf.shape(tokens)[0], tf.shape(tokens)[1]
    table = variables.get("bert/embeddings/word_embeddings", WORDS, WIDTH)
    places = variables.get("bert/embeddings/position_embeddings", POSITIONS, WIDTH)
    with tf.name_scope("bert/embeddings"):
        x = tf.gather(table, tokens) + places[:sequence]
    x = tf.reshape(norm(variables, "bert/embeddings/LayerNorm", x), [-1, WIDTH])
    for n in range(2):
        at = f"bert/encoder/layer_{n}/"

        def split(values):
            return tf.transpose(
                tf.reshape(values, [batch, sequence, HEADS, WIDTH // HEADS]), [0, 2, 1, 3]
            )

        q, k, v = (
            split(dense(variables, at + "attention/self/" + name, x, WIDTH)) for name in ("query", "key", "value")
        )
        with tf.name_scope(at + "attention/self"):
            scores = tf.matmul(q, k, transpose_b=True) * (1 / math.sqrt(WIDTH / HEADS))
            context = tf.matmul(tf.nn.softmax(scores), v)
            context = tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [-1, WIDTH])
        x = norm(
            variables,
            at + "attention/output/LayerNorm",
            x + dense(variables, at + "attention/output/dense", context, WIDTH),
        )
        inner = gelu(dense(variables, at + "intermediate/dense", x, INNER))
        x = norm(
            variables, at + "output/LayerNorm", x + dense(variables, at + "output/dense", inner, WIDTH)
        )
    return tf.reshape(x, [batch, sequence, WIDTH])


BERT = [
    ("self/query", "Q"),
    ("self/key", "K"),
    ("self/value", "V"),
    ("attention/output/dense", "O"),
    ("intermediate/dense", "FFN1"),
    ("output/dense", "FFN2"),
]


def made_by(opset):
    return f"tensorflow {tf.__version__}, tf2onnx {tf2onnx.__version__}, opset {opset}"


def export_bert(folder, opset):
    variables = Variables()
    function = tf.function(
        lambda tokens: bert(variables, tokens), input_signature=[tf.TensorSpec([None, None], tf.int32, "tokens")]
    )
    name = f"tf2onnx-bert-{opset}"
    tf2onnx.convert.from_function(
        function,
        input_signature=function.input_signature,
        opset=opset,
        output_path=str(Path(folder, name + ".onnx")),
    )
    layers = []
    for path, variable in variables.all.items():
        if path.endswith("/kernel"):
            module = path.removesuffix("/kernel")
            group = next(g for suffix, g in BERT if module.endswith(suffix))
            layers.append(truth.layer(module, variable.numpy().T, group, True))
    # The file names the lookup and not the variable.
    tables = [("bert/embeddings", (WORDS, WIDTH))]
    truth.write(folder, name, made_by(opset), layers, tables, heads=HEADS)


def export_keras(folder, opset):
    """Keras 3: MultiHeadAttention projects with einsums that keep the heads apart; Dense over tokens is a Tensordot."""
    tf.keras.utils.set_random_seed(SEED)
    tokens = tf.keras.Input([6, WIDTH], batch_size=2, name="tokens")
    attention = tf.keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name="attention")
    first = tf.keras.layers.Dense(INNER, activation="relu", name="first")
    second = tf.keras.layers.Dense(WIDTH, name="second")
    x = tokens + attention(tokens, tokens)
    x = tf.keras.layers.LayerNormalization(name="norm")(x)
    x = x + second(first(x))
    model = tf.keras.Model(tokens, x)
    random = np.random.default_rng(SEED)
    for weight in model.weights:
        weight.assign(random.normal(0, 0.2, weight.shape))
    name = f"tf2onnx-keras-{opset}"
    spec = [tf.TensorSpec([2, 6, WIDTH], tf.float32, name="tokens")]
    function = tf.function(lambda tokens: model(tokens), input_signature=spec)
    tf2onnx.convert.from_function(
        function, input_signature=spec, opset=opset, output_path=str(Path(folder, name + ".onnx"))
    )
    weights = {weight.path: weight.numpy() for weight in model.weights}
    # TensorFlow numbers the scopes of a model that was called before.
    layers = [
        truth.layer(
            f"functional_1/attention_1/{each}_1", weights[f"attention/{each}/kernel"].reshape(WIDTH, -1).T, group, True
        )
        for each, group in (("query", "Q"), ("key", "K"), ("value", "V"))
    ]
    out = weights["attention/attention_output/kernel"].reshape(WIDTH, WIDTH).T
    layers += [
        truth.layer("functional_1/attention_1/attention_output_1", out, "O", True),
        truth.layer("functional_1/first_1", weights["first/kernel"].T, "FFN1", True),
        truth.layer("functional_1/second_1", weights["second/kernel"].T, "FFN2", True),
    ]
    truth.write(folder, name, made_by(opset), layers, (), batch=2, sequence=6)


def all_of_it(folder):
    export_bert(folder, 13)
    export_bert(folder, 18)
    export_keras(folder, 15)
