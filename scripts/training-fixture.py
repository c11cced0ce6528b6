"""Writes src/engines/training/gradients.fixture.json: gradients of two tiny networks in float64, by torch 2.13.

    pip install torch==2.13.0 && python scripts/training-fixture.py

The networks are those of src/engines/training/networks.ts, written again in torch: 8 wide, 2 heads, 12 in the
feed-forward layer, 2 blocks. Parameters and examples follow formulas, so that only gradients are stored.
"""
import json
import math
import pathlib
import struct

import torch
import torch.nn.functional as F

WIDTH, HEADS, FFN, BLOCKS = 8, 2, 12, 2
BATCH = 3
single = lambda x: struct.unpack('f', struct.pack('f', x))[0]


def shapes(tables, before, after, attention):
    linears = dict(before)
    for b in range(BLOCKS):
        path = f'encoder.layer.{b}'
        for part in ('query', 'key', 'value'):
            linears[f'{path}.attention.{attention}.{part}'] = (WIDTH, WIDTH)
        linears[f'{path}.attention.output.dense'] = (WIDTH, WIDTH)
        linears[f'{path}.intermediate.dense'] = (WIDTH, FFN)
        linears[f'{path}.output.dense'] = (FFN, WIDTH)
    linears.update(after)
    norms = [f'encoder.layer.{b}.layernorm_{side}' for b in range(BLOCKS) for side in ('before', 'after')]
    result = {f'{name}.weight': shape for name, shape in tables.items()}
    for name, (inside, out) in linears.items():
        result[f'{name}.weight'] = (inside, out)
        result[f'{name}.bias'] = (out,)
    for name in norms + ['layernorm']:
        result[f'{name}.weight'] = (WIDTH,)
        result[f'{name}.bias'] = (WIDTH,)
    return result


def parameters(of):
    """Parameter i of all: (7,919 (i + 1) mod 1,009) / 1,009 - 1/2, and 1 more where a norm multiplies."""
    i, made = 0, {}
    for name, shape in of.items():
        gain = 1 if 'layernorm' in name and name.endswith('weight') else 0
        values = [single(gain + (7919 * (i + k + 1) % 1009) / 1009 - 0.5) for k in range(math.prod(shape))]
        made[name] = torch.tensor(values, dtype=torch.float64).reshape(shape).requires_grad_()
        i += len(values)
    return made


def encode(x, p, attention):
    norm = lambda x, name: F.layer_norm(x, (WIDTH,), p[f'{name}.weight'], p[f'{name}.bias'], 1e-5)
    linear = lambda x, name: x @ p[f'{name}.weight'] + p[f'{name}.bias']
    split = lambda x: x.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
    for b in range(BLOCKS):
        path = f'encoder.layer.{b}'
        read = norm(x, f'{path}.layernorm_before')
        q, k, v = (split(linear(read, f'{path}.attention.{attention}.{part}')) for part in ('query', 'key', 'value'))
        mixed = torch.softmax(q @ k.mT / math.sqrt(WIDTH // HEADS), -1) @ v
        x = x + linear(mixed.transpose(1, 2).flatten(2), f'{path}.attention.output.dense')
        inside = F.gelu(linear(norm(x, f'{path}.layernorm_after'), f'{path}.intermediate.dense'))
        x = x + linear(inside, f'{path}.output.dense')
    return norm(x, 'layernorm')


def image():
    """4 patches of 2 x 2 pixels, 3 classes; pixel i of all is cos(i); example b has label b."""
    p = parameters(shapes({'embeddings.position_embeddings': (4, WIDTH)},
                          {'embeddings.patch_embeddings.projection': (4, WIDTH)},
                          {'classifier': (WIDTH, 3)}, 'attention'))
    pixels = torch.tensor([single(math.cos(i)) for i in range(BATCH * 16)], dtype=torch.float64)
    patches = pixels.reshape(BATCH, 2, 2, 2, 2).permute(0, 1, 3, 2, 4).reshape(BATCH, 4, 4)
    name = 'embeddings.patch_embeddings.projection'
    x = patches @ p[f'{name}.weight'] + p[f'{name}.bias'] + p['embeddings.position_embeddings.weight']
    pooled = encode(x, p, 'attention').mean(1)
    logits = pooled @ p['classifier.weight'] + p['classifier.bias']
    return F.cross_entropy(logits, torch.arange(BATCH)), p


def span():
    """6 tokens of 10 words; token i of all is 7 i mod 10; example b starts at b and ends at b + 2."""
    p = parameters(shapes({'embeddings.word_embeddings': (10, WIDTH), 'embeddings.position_embeddings': (6, WIDTH)},
                          {}, {'qa_outputs': (WIDTH, 2)}, 'self'))
    tokens = (torch.arange(BATCH * 6) * 7 % 10).reshape(BATCH, 6)
    x = p['embeddings.word_embeddings.weight'][tokens] + p['embeddings.position_embeddings.weight']
    logits = encode(x, p, 'self') @ p['qa_outputs.weight'] + p['qa_outputs.bias']
    ends = [F.cross_entropy(logits[..., end], torch.arange(BATCH) + 2 * end) for end in range(2)]
    return sum(ends) / 2, p


def record(network):
    loss, p = network()
    loss.backward()
    rounded = lambda t: [float(f'{v:.9g}') for v in t.flatten().tolist()]
    return {'loss': loss.item(), 'gradients': {name: rounded(t.grad) for name, t in p.items()}}


fixture = {'made': f'torch {torch.__version__}, float64', 'image': record(image), 'span': record(span)}
target = pathlib.Path(__file__).parent.parent / 'src/engines/training/gradients.fixture.json'
target.write_text(json.dumps(fixture) + '\n')
