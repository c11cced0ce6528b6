"""Tiny transformers with seeded random weights, exported by torch's TorchScript exporter, by its dynamo exporter and
by optimum. Nothing is downloaded: every model is made from its config."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers as hf

import truth

SEED = 20250301

BERT = [
    ("self.query", "Q"),
    ("self.key", "K"),
    ("self.value", "V"),
    ("attention.output.dense", "O"),
    ("intermediate.dense", "FFN1"),
    ("output.dense", "FFN2"),
]
DISTIL = [("q_lin", "Q"), ("k_lin", "K"), ("v_lin", "V"), ("out_lin", "O"), ("lin1", "FFN1"), ("lin2", "FFN2")]
VIT = [
    ("attention.query", "Q"),
    ("attention.key", "K"),
    ("attention.value", "V"),
    ("attention.output.dense", "O"),
    ("intermediate.dense", "FFN1"),
    ("output.dense", "FFN2"),
]
GPT2 = [("attn.c_proj", "O"), ("c_fc", "FFN1"), ("mlp.c_proj", "FFN2")]
LLAMA = [
    ("q_proj", "Q"),
    ("k_proj", "K"),
    ("v_proj", "V"),
    ("o_proj", "O"),
    ("gate_proj", "FFN1"),
    ("up_proj", "FFN1"),
    ("down_proj", "FFN2"),
]
T5 = [(".q", "Q"), (".k", "K"), (".v", "V"), (".o", "O"), (".wi", "FFN1"), (".wo", "FFN2")]


def randomized(model):
    """Every parameter drawn anew, so that no bias is zero and no two weights are alike."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for parameter in dict.fromkeys(model.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model.eval()


def bert():
    config = hf.BertConfig(
        vocab_size=40,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=40,
        max_position_embeddings=32,
        num_labels=3,
        attn_implementation="eager",
    )
    return randomized(hf.BertForSequenceClassification(config))


def distilbert():
    config = hf.DistilBertConfig(
        vocab_size=40, dim=24, n_layers=2, n_heads=2, hidden_dim=40, max_position_embeddings=32
    )
    return randomized(hf.DistilBertForMaskedLM(config))


def gpt2():
    config = hf.GPT2Config(
        vocab_size=40,
        n_embd=24,
        n_layer=2,
        n_head=2,
        n_inner=40,
        n_positions=32,
        attn_implementation="eager",
        use_cache=False,
        bos_token_id=0,
        eos_token_id=0,
    )
    return randomized(hf.GPT2LMHeadModel(config))


def llama():
    config = hf.LlamaConfig(
        vocab_size=40,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=48,
        max_position_embeddings=32,
        use_cache=False,
    )
    return randomized(hf.LlamaForCausalLM(config))


def vit():
    config = hf.ViTConfig(
        image_size=16,
        patch_size=8,
        num_channels=3,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=40,
        num_labels=3,
    )
    return randomized(hf.ViTForImageClassification(config))


def t5():
    config = hf.T5Config(
        vocab_size=40,
        d_model=24,
        d_kv=12,
        num_heads=2,
        d_ff=40,
        num_layers=1,
        num_decoder_layers=1,
        use_cache=False,
        decoder_start_token_id=0,
    )
    return randomized(hf.T5ForConditionalGeneration(config))


class Encoder(torch.nn.Module):
    """torch.nn's own encoder layers: fused in_proj, weights that are no module's `weight`."""

    def __init__(self):
        super().__init__()
        layer = torch.nn.TransformerEncoderLayer(24, 2, 40, batch_first=True, activation="gelu")
        self.encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = torch.nn.Linear(24, 5)

    def forward(self, x):
        return self.head(self.encoder(x))


def encoder():
    return randomized(Encoder())


def encoder_layers(model):
    found = []
    for n, block in enumerate(model.encoder.layers):
        path = f"encoder.layers.{n}."
        found += [
            truth.layer(path + "self_attn.in_proj", block.self_attn.in_proj_weight.detach(), "other", True),
            truth.layer(path + "self_attn.out_proj", block.self_attn.out_proj.weight.detach(), "O", True),
            truth.layer(path + "linear1", block.linear1.weight.detach(), "FFN1", True),
            truth.layer(path + "linear2", block.linear2.weight.detach(), "FFN2", True),
        ]
    return [*found, truth.layer("head", model.head.weight.detach(), "other", True)]


TOKENS = torch.tensor([[3, 5, 7, 9, 1, 2], [8, 6, 4, 2, 0, 1]])
MASK = torch.ones_like(TOKENS)
IMAGE = torch.linspace(-1, 1, 2 * 3 * 16 * 16).reshape(2, 3, 16, 16)

#: name -> (make, example inputs, groups, dynamic axes by input name, uses)
MODELS = {
    "bert": (bert, {"input_ids": TOKENS, "attention_mask": MASK}, BERT, {}),
    "distilbert": (distilbert, {"input_ids": TOKENS, "attention_mask": MASK}, DISTIL, {"vocab_projector": 2}),
    "gpt2": (gpt2, {"input_ids": TOKENS, "attention_mask": MASK}, GPT2, {"lm_head": 2}),
    "llama": (llama, {"input_ids": TOKENS, "attention_mask": MASK}, LLAMA, {}),
    "vit": (vit, {"pixel_values": IMAGE}, VIT, {}),
    "t5": (
        t5,
        {"input_ids": TOKENS, "attention_mask": MASK, "decoder_input_ids": TOKENS[:, :4]},
        T5,
        {"lm_head": 3},
    ),
}


def first_output(model, inputs):
    """The exporters want named tensors in and one tensor out; a wrapper around the model would change module paths."""
    kind = type(model)

    def image(self, pixel_values):
        return kind.forward(self, pixel_values=pixel_values, return_dict=False)[0]

    def text(self, input_ids, attention_mask):
        return kind.forward(self, input_ids=input_ids, attention_mask=attention_mask, return_dict=False)[0]

    def texts(self, input_ids, attention_mask, decoder_input_ids):
        return kind.forward(
            self,
            input_ids=input_ids,
            attention_mask=attention_mask,
            decoder_input_ids=decoder_input_ids,
            return_dict=False,
        )[0]

    model.__class__ = type("Plain", (kind,), {"forward": {1: image, 2: text, 3: texts}[len(inputs)]})
    return model


def without_traces(path):
    """The dynamo exporter writes the stack trace of every node, with the paths of this machine: half of a small file."""
    import onnx

    model = onnx.load(path)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key != "pkg.torch.onnx.stack_trace"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    onnx.save(model, path)


def axes_of(inputs):
    return {
        name: {0: "batch"} if value.ndim == 4 else {0: "batch", 1: "sequence"} for name, value in inputs.items()
    }


def keep(folder, name, model, made_by, groups, tied):
    """After the export: an exporter that folds the head's transpose stores a tied weight twice, and each copy is used
    by itself. tied: {path of the head: how often the model uses its weight}."""
    import onnx

    graph = onnx.load(str(Path(folder, name + ".onnx"))).graph
    arrays = [onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer]
    uses = {}
    for path, times in tied.items():
        weight = model.get_submodule(path).weight.detach().numpy()
        copies = sum(
            any(array.shape == w.shape and np.array_equal(array, w) for w in (weight, weight.T)) for array in arrays
        )
        uses[path] = times if copies == 1 else 1
    truth.write(folder, name, made_by, truth.from_modules(model, groups, uses), truth.tables(model))


def torchscript(folder, names=("bert", "vit", "t5"), opset=17):
    made_by = f"torch {torch.__version__} TorchScript exporter, opset {opset}"
    for each in names:
        make, inputs, groups, uses = MODELS[each]
        model = make()
        name = f"torchscript-{each}"
        first_output(model, inputs)
        torch.onnx.export(
            model,
            tuple(inputs.values()),
            str(Path(folder, name + ".onnx")),
            input_names=list(inputs),
            output_names=["logits"],
            dynamic_axes=axes_of(inputs),
            opset_version=opset,
            dynamo=False,
        )
        keep(folder, name, model, made_by, groups, uses)


def dynamo(folder, names=("bert", "gpt2", "llama", "vit")):
    for each in names:
        make, inputs, groups, uses = MODELS[each]
        model = make()
        name = f"dynamo-{each}"
        made_by = f"torch {torch.__version__} dynamo exporter"
        first_output(model, inputs)
        batch, sequence = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("sequence", min=2, max=32)
        shapes = {
            key: {0: batch} if value.ndim == 4 else {0: batch, 1: sequence} for key, value in inputs.items()
        }
        torch.onnx.export(
            model,
            kwargs=dict(inputs),
            f=str(Path(folder, name + ".onnx")),
            dynamo=True,
            external_data=False,
            dynamic_shapes=shapes,
            verbose=False,
        )
        without_traces(str(Path(folder, name + ".onnx")))
        keep(folder, name, model, made_by, groups, uses)


def plain(folder):
    """torch.nn.TransformerEncoder through both exporters; TorchScript refuses its attention below opset 14."""
    x = torch.linspace(-1, 1, 2 * 6 * 24).reshape(2, 6, 24)
    for opset in (14, 18):
        model = encoder()
        name = f"torchscript-encoder-{opset}"
        truth.write(
            folder, name, f"torch {torch.__version__} TorchScript exporter, opset {opset}", encoder_layers(model)
        )
        torch.onnx.export(
            model.train(False),
            (x,),
            str(Path(folder, name + ".onnx")),
            input_names=["x"],
            dynamic_axes={"x": {0: "batch", 1: "sequence"}},
            opset_version=opset,
            dynamo=False,
        )
    for opset in (18, 23):
        model = encoder()
        name = f"dynamo-encoder-{opset}"
        truth.write(folder, name, f"torch {torch.__version__} dynamo exporter, opset {opset}", encoder_layers(model))
        torch.onnx.export(
            model,
            (x,),
            str(Path(folder, name + ".onnx")),
            dynamo=True,
            external_data=False,
            opset_version=opset,
            verbose=False,
        )
        without_traces(str(Path(folder, name + ".onnx")))


class Block(torch.nn.Module):
    """Attention in plain sight: the exporter that makes functions of modules refuses transformers' own."""

    def __init__(self, key_bias):
        super().__init__()
        self.q, self.k, self.v, self.o = (torch.nn.Linear(24, 24, bias=key_bias or path != "k") for path in "qkvo")
        self.norm = torch.nn.LayerNorm(24)
        self.up, self.down = torch.nn.Linear(24, 40), torch.nn.Linear(40, 24)

    def heads(self, x):
        return x.reshape(x.shape[0], -1, 2, 12).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.heads(self.q(x)), self.heads(self.k(x)), self.heads(self.v(x))
        weights = torch.softmax(q @ k.transpose(2, 3) / 12**0.5, dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(x.shape[0], -1, 24)
        x = self.norm(x + self.o(mixed))
        return x + self.down(torch.nn.functional.gelu(self.up(x)))


class Stack(torch.nn.Module):
    def __init__(self, key_bias):
        super().__init__()
        self.blocks = torch.nn.ModuleList([Block(key_bias), Block(key_bias)])
        self.head = torch.nn.Linear(24, 5)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


STACK = [(".q", "Q"), (".k", "K"), (".v", "V"), (".o", "O"), (".up", "FFN1"), (".down", "FFN2")]


def with_functions(folder):
    """Functions of the file's own: every module one (whose insides lose their places: only biases tell them), and linear
    layers only. The dynamo exporter of this version inlines its own functions."""
    x = torch.linspace(-1, 1, 2 * 6 * 24).reshape(2, 6, 24)
    for name, modules in (("modules", True), ("linear", {torch.nn.Linear})):
        model = randomized(Stack(key_bias=modules is True))
        name = f"torchscript-functions-{name}"
        torch.onnx.export(
            model,
            (x,),
            str(Path(folder, name + ".onnx")),
            input_names=["x"],
            dynamic_axes={"x": {0: "batch", 1: "sequence"}},
            dynamo=False,
            export_modules_as_functions=modules,
        )
        keep(folder, name, model, f"torch {torch.__version__} TorchScript exporter, modules as functions", STACK, {})


def by_optimum(folder):
    """optimum's exporter on models saved beside it: what its users have."""
    import optimum.version
    from optimum.exporters.onnx import main_export

    jobs = [
        ("bert", "text-classification", {}, BERT),
        ("distilbert", "fill-mask", {}, DISTIL),
        ("gpt2", "text-generation-with-past", {}, GPT2),
        ("llama", "text-generation", {}, LLAMA),
        ("vit", "image-classification", {}, VIT),
    ]
    for each, task, options, groups in jobs:
        make, _, _, uses = MODELS[each]
        model = make()
        name = f"optimum-{each}"
        with tempfile.TemporaryDirectory() as place:
            model.save_pretrained(place)
            out = Path(place, "out")
            main_export(
                place, output=out, task=task, no_post_process=False, do_validation=False, device="cpu", **options
            )
            shutil.copy(out / "model.onnx", Path(folder, name + ".onnx"))
        keep(folder, name, model, f"optimum {optimum.version.__version__}, {task}", groups, uses)


def all_of_it(folder):
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torchscript(folder)
    dynamo(folder)
    plain(folder)
    with_functions(folder)
    by_optimum(folder)
