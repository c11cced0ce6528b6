"""What Pillow and Hugging Face's tokenizers make of small examples: src/engines/examples/goldens/*.json.

pip install pillow==13.0.0 tokenizers==0.23.3; python scripts/examples-goldens.py
"""

import base64
import io
import json
from pathlib import Path

from PIL import Image
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

folder = Path(__file__).parent.parent / "src/engines/examples/goldens"

lines = [
    "the quick brown fox jumps over the lazy dog",
    "pack my box with five dozen liquor jugs",
    "how vexingly quick daft zebras jump",
    "the five boxing wizards jump quickly",
]
cases = [
    "the quick dog",
    "Five  boxes, jugs & wizards!",
    "naïve café zebra 12",
    "",
    "unseen xylophone \U0001f98a fox",
    "你好 fox",
]
# An empty second text is left out by tokenizers.js, special tokens and all.
pairs = [("the quick dog", "jumps over"), ("", "fox")]


def pattern(width, height, channels):
    values = [
        (x * 37 + y * 91 + c * 53 + x * y * 7) % 256
        for y in range(height)
        for x in range(width)
        for c in range(channels)
    ]
    return Image.frombytes("L" if channels == 1 else "RGB", (width, height), bytes(values))


def pictures():
    sizes = [(4, 3), (13, 9), (7, 2), (3, 5), (1, 1)]
    resized = [
        {"channels": channels, "to": size, "resample": k, "values": list(pattern(7, 5, channels).resize(size, k).tobytes())}
        for channels in (1, 3)
        for size in sizes
        for k in range(6)
    ]
    big = [
        {"channels": 3, "from": [61, 47], "to": [16, 16], "resample": k, "values": list(pattern(61, 47, 3).resize((16, 16), k).tobytes())}
        for k in range(6)
    ]
    return {
        "source": "Pillow 13.0.0",
        "resized": [{"from": [7, 5], **each} for each in resized] + big,
        "grey": {"from": [7, 5], "values": list(pattern(7, 5, 3).convert("L").tobytes())},
        "files": [file_of(name, image, **options) for name, image, options in files()],
    }


def files():
    colour = pattern(9, 6, 3)
    smooth = Image.linear_gradient("L").resize((24, 16), 2)
    deep = Image.new("I;16", (5, 4))
    deep.putdata([(k * 3201) % 65536 for k in range(20)])
    alpha = colour.copy()
    alpha.putalpha(pattern(9, 6, 1))
    both = Image.merge("LA", (pattern(9, 6, 1), pattern(9, 6, 1)))
    yield "colour.png", colour, {}
    yield "alpha.png", alpha, {}
    yield "grey.png", pattern(9, 6, 1), {}
    yield "grey-alpha.png", both, {}
    yield "palette.png", colour.quantize(13), {}
    yield "palette-4.png", colour.quantize(4), {"bits": 2}
    yield "bits.png", pattern(9, 6, 1).convert("1"), {}
    yield "deep.png", deep, {}
    yield "smooth.jpg", Image.merge("RGB", (smooth, smooth.rotate(180), smooth.transpose(0))), {"quality": 90, "subsampling": 0}
    yield "grey.jpg", smooth, {"quality": 90}
    yield "progressive.jpg", Image.merge("RGB", (smooth, smooth, smooth.transpose(0))), {"quality": 90, "subsampling": 0, "progressive": True}


def file_of(name, image, **options):
    out = io.BytesIO()
    image.save(out, "PNG" if name.endswith("png") else "JPEG", **options)
    read = Image.open(io.BytesIO(out.getvalue()))
    if read.mode == "I;16":
        values = [round(value / 257) for value in read.getdata()]
        channels = 1
    else:
        plain = read.convert("L" if read.mode in ("1", "L", "LA") else "RGB")
        channels = len(plain.getbands())
        values = list(plain.tobytes())
    return {"name": name, "bytes": base64.b64encode(out.getvalue()).decode(), "size": read.size, "channels": channels, "values": values}


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, {"pad_token": "[PAD]", "model_max_length": 32}


def bpe():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(
        lines,
        trainers.BpeTrainer(vocab_size=320, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, {"model_max_length": int(1e30)}


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        lines, trainers.UnigramTrainer(vocab_size=90, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>")
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return tokenizer, {"pad_token": {"content": "<pad>"}}


def texts():
    made = {}
    for build in (wordpiece, bpe, unigram):
        tokenizer, config = build()
        encoded = [(text, None, tokenizer.encode(text)) for text in cases]
        encoded += [(text, pair, tokenizer.encode(text, pair)) for text, pair in pairs]
        made[build.__name__] = {
            "tokenizer": json.loads(tokenizer.to_str()),
            "config": config,
            "cases": [{"text": text, "pair": pair, "ids": each.ids, "types": each.type_ids} for text, pair, each in encoded],
        }
    return {"source": "tokenizers 0.23.3", **made}


folder.mkdir(exist_ok=True)
for name, content in (("pictures", pictures()), ("texts", texts())):
    (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")
