"""The policy's SFT step in JAX: the same graph as training/net's, from the same weights, on the same batch.

usage: step.py FOLDER STEPS; prints {"loss": of the first step, "seconds": of each of the others}
"""
import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

folder, steps = sys.argv[1], int(sys.argv[2])
spec = json.load(open(folder + "/spec.json"))
C = spec["config"]
D, H, SIDE, BINS, SUB = C["width"], C["heads"], C["side"], C["bins"], C["sub_bins"]
CELLS, WINDOW, T = SIDE * SIDE, SIDE * C["sub_bins"], spec["length"]


def array(name, kind=np.float32):
    return np.fromfile(f"{folder}/{name}.bin", kind)


flat = array("weights")
weights = {w["name"]: jnp.asarray(flat[w["from"]: w["from"] + int(np.prod(w["dims"]))].reshape(w["dims"])) for w in spec["weights"]}
n = spec["windows"]
batch = {
    "cells": array("cells").reshape(n, CELLS, 4 * C["channels"]), "labels": array("labels").reshape(n, CELLS, C["labels"]),
    "valid": array("valid").reshape(n, CELLS, 1), "coarse": np.zeros((n, CELLS, C["coarse"]), np.float32),
    "class": array("class", np.int32), "stage": array("stage", np.int32), "tokens": array("tokens", np.int32).reshape(n, T),
    "truth": array("truth").reshape(n, T), "quality": array("quality"),
}
batch = jax.tree.map(jnp.asarray, batch)


def linear(w, name, x):
    return x @ w[name + ".w"] + w[name + ".b"]


def norm(w, name, x):
    x = x - x.mean(-1, keepdims=True)
    return x / jnp.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * w[name + ".g"] + w[name + ".b"]


def gelu(x):
    return x * jax.nn.sigmoid(1.702 * x)


def heads(x):
    return x.reshape(x.shape[0], x.shape[1], H, D // H).transpose(0, 2, 1, 3)


def attend(q, k, v, mask=None):
    scores = heads(q / np.sqrt(D / H)) @ heads(k).transpose(0, 1, 3, 2)
    if mask is not None:
        scores = scores + mask
    return (jax.nn.softmax(scores) @ heads(v)).transpose(0, 2, 1, 3).reshape(q.shape[0], -1, D)


def feed(w, name, x):
    return x + linear(w, name + ".f2", gelu(linear(w, name + ".f1", norm(w, name + ".n2", x))))


def itself(w, name, x, mask=None):
    q, k, v = jnp.split(linear(w, name + ".qkv", norm(w, name + ".n1", x)), 3, -1)
    return x + linear(w, name + ".o", attend(q, k, v, mask))


def point(w, h, x, vertical):
    scores = (linear(w, "pointer.query", h) / np.sqrt(D)) @ linear(w, "pointer.key", x).transpose(0, 2, 1)
    scores = scores.reshape(h.shape[0], -1, SIDE, SIDE)
    rows = linear(w, "pointer.value", x).reshape(-1, SIDE, SIDE, D)
    if vertical:
        seen = jnp.einsum("nqyx,nyxd->nqyd", jax.nn.softmax(scores, 3), rows)
    else:
        seen = jnp.einsum("nqyx,nyxd->nqxd", jax.nn.softmax(scores, 2), rows)
    seen = seen + linear(w, "pointer.gate", h)[:, :, None]
    inside = (gelu(seen) @ w["pointer." + ("y" if vertical else "x")]).reshape(h.shape[0], -1, WINDOW)
    beyond = (BINS - WINDOW) // 2
    return linear(w, "bins", h) + jnp.pad(inside, ((0, 0), (0, 0), (beyond, beyond)))


def forward(w, b):
    who = w["class"][b["class"]] + w["stage"][b["stage"]]
    x = linear(w, "cells", b["cells"]) + b["labels"] @ w["labels"] + b["coarse"] @ w["coarse"] + b["valid"] @ w["valid"]
    x = x + w["position"] + who[:, None]
    for i in range(C["encoder"]):
        x = feed(w, f"encoder{i}", itself(w, f"encoder{i}", x))
    x = norm(w, "memory", x)
    freq = 2.0 ** np.arange(8) * np.pi / 2
    angle = b["tokens"][..., None] * (freq / (BINS / 2)) - freq
    before = linear(w, "token", jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], -1).astype(jnp.float32))
    h = jnp.concatenate([jnp.zeros_like(before[:, :1]), before], 1)
    h = h + jnp.concatenate([w["slot"][:T], w["slot"][8:9]]) + who[:, None]
    mask = np.triu(np.full((T + 1, T + 1), -1e9, np.float32), 1)
    for i in range(C["decoder"]):
        name = f"decoder{i}"
        h = itself(w, name, h, mask)
        k, v = jnp.split(linear(w, name + ".kv", x), 2, -1)
        h = h + linear(w, name + ".o2", attend(linear(w, name + ".q", norm(w, name + ".n3", h)), k, v))
        h = feed(w, name, h)
    h = norm(w, "answer", h)
    pairs = h[:, :T].reshape(n, T // 2, 2, D)
    logits = jnp.stack([point(w, pairs[:, :, 0], x, False), point(w, pairs[:, :, 1], x, True)], 2).reshape(n, T, BINS)
    quality = linear(w, "quality2", gelu(linear(w, "quality1", h[:, T])))[:, 0]
    return logits, quality


def loss_of(w, b):
    logits, quality = forward(w, b)
    target = jnp.exp(-0.5 * ((jnp.arange(BINS) - b["truth"][..., None]) / spec["sigma"]) ** 2)
    target = target / target.sum(-1, keepdims=True)
    tokens = -(target * jax.nn.log_softmax(logits)).sum(-1).mean()
    known = b["quality"]
    cross = jnp.maximum(quality, 0) - quality * known + jnp.log1p(jnp.exp(-jnp.abs(quality)))
    return tokens + spec["quality"] * jnp.where(known >= 0, cross, 0).sum() / jnp.maximum((known >= 0).sum(), 1)


@jax.jit
def step(w, m, v, b, t):
    loss, g = jax.value_and_grad(loss_of)(w, b)
    total = jnp.sqrt(sum((x * x).sum() for x in jax.tree.leaves(g)))
    clip = jnp.minimum(1, 1 / (total + 1e-6))
    m = jax.tree.map(lambda a, x: 0.9 * a + 0.1 * clip * x, m, g)
    v = jax.tree.map(lambda a, x: 0.98 * a + 0.02 * (clip * x) ** 2, v, g)

    def move(x, a, s):
        out = (a / (1 - 0.9**t)) / (jnp.sqrt(s / (1 - 0.98**t)) + 1e-8)
        return x - 2e-3 * (out + (0.03 * x if x.ndim > 1 else 0))

    return jax.tree.map(move, w, m, v), m, v, loss


m = jax.tree.map(jnp.zeros_like, weights)
v = m
weights, m, v, first = step(weights, m, v, batch, 1.0)
first = float(first)
jax.block_until_ready(weights)
start = time.perf_counter()
for t in range(steps):
    weights, m, v, _ = step(weights, m, v, batch, float(t + 2))
jax.block_until_ready(weights)
print(json.dumps({"loss": first, "seconds": (time.perf_counter() - start) / steps}))
