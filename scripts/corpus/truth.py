"""What a corpus file must be found to hold, written from the model it was made of and never from our own reader.

A layer's `probe` is [Frobenius norm, sum of w[o, i] cos(1.3 o + 0.7 i)]: a transposed or permuted weight differs.
"""

import json
import math
from pathlib import Path

import numpy as np

GROUPS = ("Q", "K", "V", "O", "FFN1", "FFN2", "other")


def probe(weight):
    """weight: [out, in], as torch.nn.Linear has it."""
    w = np.asarray(weight, dtype=np.float64)
    o = np.arange(w.shape[0])[:, None]
    i = np.arange(w.shape[1])[None, :]
    return [math.sqrt(float((w * w).sum())), float((w * np.cos(1.3 * o + 0.7 * i)).sum())]


def layer(name, weight, group, bias, uses=1):
    assert group in GROUPS
    out, inside = np.asarray(weight).shape
    return {
        "name": name,
        "out": int(out),
        "in": int(inside),
        "bias": bool(bias),
        "group": group,
        "uses": uses,
        "probe": probe(weight),
    }


def write(folder, name, made_by, layers, embeddings=(), tolerance=1e-6, **more):
    """Writes NAME.json beside NAME.onnx. tolerance: of the probe, relative to the norm (quantized files state theirs)."""
    truth = {
        "madeBy": made_by,
        "tolerance": tolerance,
        "layers": layers,
        "embeddings": [{"name": n, "shape": [int(x) for x in s]} for n, s in embeddings],
        **more,
    }
    Path(folder, name + ".json").write_text(json.dumps(truth, indent=1) + "\n")


def from_modules(model, groups, uses=None, skip=()):
    """Layers of a torch model: every nn.Linear and transformers Conv1D under its module path.

    groups: [(suffix of the path, group)], first match; other otherwise.
    """
    import torch

    found = []
    for path, module in model.named_modules():
        if path.endswith(tuple(skip)) if skip else False:
            continue
        if isinstance(module, torch.nn.Linear):
            weight = module.weight
        elif type(module).__name__ == "Conv1D":
            weight = module.weight.T
        else:
            continue
        group = next((g for suffix, g in groups if path.endswith(suffix)), "other")
        found.append(
            layer(
                path,
                weight.detach().float().numpy(),
                group,
                module.bias is not None,
                (uses or {}).get(path, 1),
            )
        )
    return found


def tables(model):
    import torch

    looked_up = [
        (path, tuple(module.weight.shape))
        for path, module in model.named_modules()
        if isinstance(module, torch.nn.Embedding)
    ]
    added = [
        (path, tuple(parameter.shape))
        for path, parameter in model.named_parameters()
        if path.endswith("position_embeddings")
    ]
    return looked_up + added
