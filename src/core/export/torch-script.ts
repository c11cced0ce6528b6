/** NAME.py, the same for every design: it reads NAME.json and NAME.safetensors beside it. */
export const torchScript = String.raw`#!/usr/bin/env python3
"""Linear layers replaced by their factors.

    python THIS.py --input IN.npz --dump OUT.npz

IN holds float32 [rows, in] under each layer's name. OUT holds LAYER.weight [out, in], LAYER.bias if there is one,
LAYER.output [rows, out] and LAYER.parameters (of the weight). In a program of your own:

    import THIS
    THIS.replace(model)            # by module path
    layer = THIS.layers()["NAME"]  # torch.nn.Module

Needs numpy, torch, safetensors; for layers of tensorly-torch also tensorly, tensorly-torch and opt_einsum, without which
its forward contracts from left to right, far slower. tensorly-torch plans its own contraction; plain layers follow the
path in the JSON file.
"""
import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

HERE = Path(__file__).resolve()


def steps_of(einsum, path):
    """Equation of each step of a path, in letters that torch.einsum takes."""
    left, result = einsum.split("->")
    terms = left.split(",")
    steps = []
    for positions in path:
        taken = [terms[k] for k in positions]
        terms = [term for k, term in enumerate(terms) if k not in positions]
        kept = set("".join(terms) + result)
        union = "".join(dict.fromkeys("".join(taken)))
        made = result if not terms else "".join(label for label in union if label in kept)
        letters = {label: chr(97 + k) if k < 26 else chr(39 + k) for k, label in enumerate(union)}
        translate = lambda term: "".join(letters[label] for label in term)
        steps.append((tuple(positions), ",".join(map(translate, taken)) + "->" + translate(made)))
        terms.append(made)
    return steps


class PathLinear(torch.nn.Module):
    """y = x W^T + b by its factors, joined two by two along a path."""

    def __init__(self, entry, operands, bias):
        super().__init__()
        self.out_modes, self.in_modes = tuple(entry["out"]), tuple(entry["in"])
        self.in_features, self.out_features = math.prod(self.in_modes), math.prod(self.out_modes)
        self.factors = torch.nn.ParameterList(torch.nn.Parameter(operand) for operand in operands)
        self.bias = None if bias is None else torch.nn.Parameter(bias)
        self.steps = steps_of(entry["einsum"], entry["path"])

    def forward(self, x):
        rows = x.reshape(-1, *self.in_modes)
        values = [rows, *self.factors]
        for positions, equation in self.steps:
            made = torch.einsum(equation, *[values[k] for k in positions])
            values = [value for k, value in enumerate(values) if k not in positions] + [made]
        y = values[0].reshape(*x.shape[:-1], self.out_features)
        return y if self.bias is None else y + self.bias

    def to_matrix(self):
        """[out, in]: what the layer does to the unit vectors."""
        factor = self.factors[0]
        unit = torch.eye(self.in_features, dtype=factor.dtype, device=factor.device)
        bias, self.bias = self.bias, None
        try:
            return self(unit).T
        finally:
            self.bias = bias


def library_factors(entry, operands):
    """Rank and factors as tensorly-torch has them; tensors are [out modes, in modes]."""
    form = entry["format"]
    if form == "svd":
        v, u = operands
        return entry["ranks"][0], [u.T, v]
    if form == "cp":
        return entry["ranks"][0], operands
    if form == "tucker":
        return tuple(entry["ranks"]), operands
    if form == "kronecker":
        first, second = operands
        return (1, entry["ranks"][0], 1), [first.permute(1, 2, 0)[None], second[..., None]]
    cores = [operands[0][None], *operands[1:-1], operands[-1][..., None]]
    return (1, *entry["ranks"], 1), cores


def factorized_linear(entry, operands, bias):
    import tltorch

    rank, factors = library_factors(entry, operands)
    layer = tltorch.FactorizedLinear(
        tuple(entry["in"]),
        tuple(entry["out"]),
        bias=bias is not None,
        factorization=entry["factorization"],
        rank=rank,
        implementation="factorized",
    )
    weight = layer.weight
    with torch.no_grad():
        if entry["factorization"] == "Tucker":
            core, *factors = factors
            copy(weight.core, core, entry)
        if entry["factorization"] == "CP":
            weight.weights.fill_(1)
        for target, factor in zip(list(weight.factors), factors, strict=True):
            copy(target, factor, entry)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer


def copy(target, factor, entry):
    if tuple(target.shape) != tuple(factor.shape):
        wanted, given = tuple(factor.shape), tuple(target.shape)
        raise ValueError(f"{entry['name']}: tensorly-torch made a factor {given}, must be {wanted}")
    target.copy_(factor)


def layers():
    """Every layer by its name, with its factors."""
    design = json.loads(HERE.with_suffix(".json").read_text(encoding="utf-8"))
    tensors = {key: value.float() for key, value in load_file(HERE.with_name(design["factors"])).items()}
    made = {}
    for entry in design["layers"]:
        operands = [tensors[key].contiguous() for key in entry["operands"]]
        bias = None if entry["bias"] is None else tensors[entry["bias"]]
        make = factorized_linear if entry["library"] == "tltorch" else PathLinear
        made[entry["name"]] = make(entry, operands, bias)
    return made


def replace(model):
    """Puts every layer into a torch model at its module path."""
    for name, layer in layers().items():
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, layer)
    return model


def matrix_of(layer):
    if isinstance(layer, PathLinear):
        return layer.to_matrix()
    return layer.weight.to_matrix()


def parameters_of(layer):
    weights = layer.factors if isinstance(layer, PathLinear) else layer.weight
    return sum(parameter.numel() for parameter in weights.parameters())


def main():
    parser = argparse.ArgumentParser(description="Runs the factorized layers on given inputs.")
    parser.add_argument("--input", required=True, help="npz of [rows, in] under each layer's name")
    parser.add_argument("--dump", required=True, help="npz to write")
    given = parser.parse_args()
    dumped = {}
    with np.load(given.input) as inputs, torch.no_grad():
        made = layers()
        for name in inputs.files:
            if name not in made:
                parser.error(f"{given.input}: {name} is none of the {len(made)} layers")
        for name, layer in made.items():
            dumped[f"{name}.weight"] = matrix_of(layer).numpy()
            dumped[f"{name}.parameters"] = np.int64(parameters_of(layer))
            if layer.bias is not None:
                dumped[f"{name}.bias"] = layer.bias.numpy()
            if name in inputs.files:
                x = torch.from_numpy(inputs[name].astype(np.float32))
                dumped[f"{name}.output"] = layer(x).numpy()
    np.savez(given.dump, **dumped)


if __name__ == "__main__":
    main()
`;
