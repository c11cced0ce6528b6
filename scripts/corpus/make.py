"""Makes the corpus of ONNX files and what each must be found to hold: `python make.py torch|tensorflow|hand FOLDER`.

README.md says which packages each part needs. The seeds are fixed; the packages' versions stand in every file's truth.
"""

import logging
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("torch", "tensorflow", "hand"):
        sys.exit("usage: python make.py torch|tensorflow|hand FOLDER")
    part, folder = sys.argv[1:]
    logging.disable(logging.INFO)
    os.makedirs(folder, exist_ok=True)
    if part == "torch":
        import torch_models as models
    elif part == "tensorflow":
        import keras_models as models
    else:
        import hand_models as models
    models.all_of_it(folder)


if __name__ == "__main__":
    main()
