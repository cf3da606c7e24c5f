"""An implementation of the scores and of the overlay that shares nothing with the Go one: NumPy, SciPy and Pillow do the work.

    oracle.py paper|reference|metrics|overlay < cases.jsonl > results.jsonl

Cases and results are those of `precinct score`; an overlay case is {"size":[h,w],"rgb":BASE64,"boxes","mask"} and its result
{"rgb":BASE64}. The sources are the paper's appendix A.2.2 and, for `reference`, what Python and NumPy do with odd input.
"""

import base64
import json
import math
import re
import sys

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

sys.set_int_max_str_digits(0)


def read_mask(spec):
    if isinstance(spec, str):
        picture = Image.open(spec)
        if picture.mode == "P":
            picture = picture.convert("RGB")
        pixels = np.array(picture)
        if picture.mode in ("RGBA", "LA"):
            pixels = pixels[..., :-1]
        return pixels != 0 if pixels.ndim == 2 else (pixels != 0).any(axis=2)
    values = np.arange(len(spec["counts"])) % 2 == 1
    return np.repeat(values, spec["counts"]).reshape(spec["size"], order=spec.get("order", "C"))


def mask_iou(a, b):
    if a.shape != b.shape or not (a | b).any():
        return 0.0
    return float((a & b).sum() / (a | b).sum())


def without_special(text):
    return text.replace("<|endoftext|>", "").replace("<|im_end|>", "").replace("<pad>", "")


def length_of_points(n):
    return math.exp(-((n - 2) ** 2) / 8)


# --- paper


def strict_groups(completion, stage):
    text = without_special(completion).strip()
    for tag in ("<think>", "</think>", "<answer>", "</answer>"):
        if text.count(tag) != 1:
            raise ValueError(tag)
    body = re.fullmatch(r"<think>(.*)</think>\s*<answer>(.*)</answer>", text, re.DOTALL).group(2)

    def refuse(constant):
        raise ValueError(constant)

    def numbers(value, count):
        if type(value) is not list or len(value) != count:
            raise ValueError(value)
        for v in value:
            if type(v) not in (int, float) or not math.isfinite(float(v)):
                raise ValueError(v)
        return [float(v) for v in value]

    groups = json.loads(body, parse_constant=refuse)
    if type(groups) is not list or not groups:
        raise ValueError("no list")
    keys = {"bbox_2d"} if stage == 1 else {"bbox_2d", "points"}
    out = []
    for group in groups:
        if type(group) is not dict or set(group) != keys:
            raise ValueError("keys")
        points = group.get("points", [])
        if type(points) is not list:
            raise ValueError("points")
        out.append((numbers(group["bbox_2d"], 4), [numbers(p, 2) for p in points]))
    return out


def continuous_iou(a, b):
    def area(r):
        return max(0.0, r[2] - r[0]) * max(0.0, r[3] - r[1])

    if area(a) == 0 or area(b) == 0:
        return 0.0
    inter = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return inter / (area(a) + area(b) - inter)


def paper(case):
    try:
        groups = strict_groups(case["completion"], case["stage"])
    except (ValueError, OverflowError, RecursionError, AttributeError):
        return 0.0, 0.0, 0.0
    if case["stage"] == 2:
        accuracy = mask_iou(read_mask(case["pred_mask"]), read_mask(case["gt_mask"])) if case.get("pred_mask") else 0.0
        return 1.0, accuracy, sum(length_of_points(len(points)) for _, points in groups) / len(groups)
    truth = case["gt_boxes"]
    k, j = len(groups), len(truth)
    if j == 0:
        return 1.0, 0.0, 0.0
    match = np.array([[continuous_iou(box, t) > 0.5 for t in truth] for box, _ in groups], float)
    rows, columns = linear_sum_assignment(1 - match)
    return 1.0, float(match[rows, columns].sum()) / max(k, j), math.exp(-2 * abs(k - j) / j)


# --- reference


def loose_value(text):
    return json.loads(re.search(r"<answer>(.*?)</answer>", text, re.DOTALL).group(1).strip())


def zero_on_exception(term):
    def guarded(*args):
        try:
            return float(term(*args))
        except Exception:
            return 0.0

    return guarded


def tags(text):
    return float(re.fullmatch(r"<think>.*?</think>\s*<answer>.*?</answer>", text, re.DOTALL) is not None)


@zero_on_exception
def share_of_stage1(text):
    items = loose_value(text)
    good = [it.keys() == {"bbox_2d"} and isinstance(it["bbox_2d"], list) and len(it["bbox_2d"]) == 4 for it in items]
    return sum(good) / len(items)


@zero_on_exception
def accuracy_of_stage1(text, truth):
    boxes = [it["bbox_2d"] for it in loose_value(text)]
    for box in boxes:
        if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, (int, float)) for v in box):
            raise TypeError(box)
    if all(isinstance(v, bool) for box in boxes for v in box):
        raise TypeError("NumPy does not subtract booleans")
    a = np.array(boxes, float)[:120, None]
    b = np.array(truth, float)[None, :120]
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    inter = np.prod(np.maximum(0, high - low + 1), axis=2)
    area = lambda r: np.prod(r[..., 2:] - r[..., :2] + 1, axis=2)
    cost = 2 - (inter / (area(a) + area(b) - inter) > 0.5) - (np.abs(a - b).mean(axis=2) < 10).astype(float)
    rows, columns = linear_sum_assignment(cost)
    return (1 - cost[rows, columns]).sum() / max(cost.shape)


@zero_on_exception
def length_of_stage1(text, truth):
    k, j = len(np.array([it["bbox_2d"] for it in loose_value(text)])), len(truth)
    return (1.0 if k == 0 else 0.0) if j == 0 else math.exp(-2 * abs(k - j) / j)


@zero_on_exception
def share_of_stage2(text, stage1):
    items = loose_value(text)
    if len(items) != len(stage1):
        return 0.0
    good = 0
    for item, want in zip(items, stage1):
        if not {"bbox_2d", "points"} <= item.keys():
            continue
        box, points = item["bbox_2d"], item["points"]
        if not isinstance(box, list) or len(box) != 4 or not isinstance(points, list):
            continue
        fits = box == want
        for p in points:
            fits = fits and isinstance(p, list) and len(p) == 2
            if not (p[0] > box[0] and p[0] < box[2] and p[1] > box[1] and p[1] < box[3]):
                fits = False
                break
        good += fits
    return good / len(items)


@zero_on_exception
def length_of_stage2(text):
    groups = loose_value(text)
    return sum(length_of_points(len(g["points"])) for g in groups if "points" in g) / len(groups)


def reference(case):
    text = without_special(case["completion"])
    if case["stage"] == 1:
        truth = case["gt_boxes"]
        return tags(text) + share_of_stage1(text), accuracy_of_stage1(text, truth), length_of_stage1(text, truth)
    accuracy = mask_iou(read_mask(case["pred_mask"]), read_mask(case["gt_mask"])) if case.get("pred_mask") else 0.0
    return tags(text) + share_of_stage2(text, case.get("stage1_boxes") or []), accuracy, length_of_stage2(text)


# --- metrics


def instances(mask):
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    parts = [labels == i + 1 for i in range(n)]
    return [p for p in parts if p.sum() > 10]


def f1(found, extra, missed, of_nothing=0.0):
    return 2 * found / (2 * found + extra + missed) if found + extra + missed else of_nothing


def metrics(case):
    inter = union = 0
    ious, image, inst, macro = [], np.zeros(3), np.zeros(3), []
    for pair in case["pairs"]:
        gt, pred = read_mask(pair["gt"]), read_mask(pair["pred"])
        i, u = int((gt & pred).sum()), int((gt | pred).sum())
        inter, union = inter + i, union + u
        ious.append(i / u if u else 1.0)
        image += [1, 0, 0] if u and i / u > 0.5 else [0, pred.any(), gt.any()]
        a, b = instances(gt), instances(pred)
        found = 0
        if a and b:
            match = np.array([[mask_iou(x, y) > 0.5 for y in b] for x in a], float)
            found = match[linear_sum_assignment(-match)].sum()
        counts = np.array([found, len(b) - found, len(a) - found])
        inst += counts
        macro.append(f1(*counts, of_nothing=1.0))
    mean = lambda values: float(np.mean(values)) if values else 0.0
    return {
        "n": len(ious), "cIoU": inter / union if union else 0.0, "gIoU": mean(ious), "iou": ious,
        "f1_image": f1(*image), "f1_inst": f1(*inst), "f1_inst_macro": mean(macro),
    }


# --- overlay


def overlay(case):
    h, w = case["size"]
    picture = Image.frombytes("RGB", (w, h), base64.b64decode(case["rgb"]))
    draw = ImageDraw.Draw(picture)
    for box in case["boxes"]:
        try:
            draw.rectangle(box, outline="blue", width=2)
        except ValueError:  # swapped corners
            pass
    mask = read_mask(case["mask"])
    rows, columns = (np.arange(h) * (mask.shape[0] / h)).astype(int), (np.arange(w) * (mask.shape[1] / w)).astype(int)
    red = np.zeros((h, w, 4), np.uint8)
    red[mask[rows][:, columns]] = (255, 0, 0, 102)
    drawn = Image.alpha_composite(picture.convert("RGBA"), Image.fromarray(red)).convert("RGB")
    return {"rgb": base64.b64encode(drawn.tobytes()).decode()}


def score(define):
    def result(case):
        terms = define(case)
        return dict(zip(("format", "accuracy", "length", "total"), (*terms, sum(terms))))

    return result


if __name__ == "__main__":
    np.seterr(all="ignore")
    answer = {"paper": score(paper), "reference": score(reference), "metrics": metrics, "overlay": overlay}[sys.argv[1]]
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps({"id": case.get("id"), **answer(case)}))
