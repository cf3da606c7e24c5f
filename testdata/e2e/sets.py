"""What public libraries make of our data sets, and data sets that they write. One JSON document on standard output."""

import json
import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
import numpy as np
import pyarrow.parquet
from PIL import Image
from pycocotools import mask as coco


def inside(mask):
    a = np.array(mask)
    return {"size": list(mask.size), "mode": mask.mode, "values": sorted(int(v) for v in np.unique(a)), "pixels": int((a > 0).sum())}


def load(folder):
    with tempfile.TemporaryDirectory() as cache:
        out = {}
        for split, rows in datasets.load_dataset(folder, cache_dir=cache).items():
            out[split] = {"columns": rows.column_names, "rows": [
                {"id": r["id"], "problem": r["problem"], "tier": r["tier"], "window": r["window"], "map": list(r["map"].size), "sat": list(r["sat"].size), "mask": inside(r["mask"])}
                for r in rows]}
        return out


def table(file):
    t = pyarrow.parquet.read_table(file)
    with tempfile.TemporaryDirectory() as cache:
        rows = datasets.load_dataset("parquet", data_files=file, cache_dir=cache)["train"]
        pictures = [[list(p.size) for p in (r["images"] if "images" in r else [r["map"], r["sat"]])] for r in rows]
        plain = rows.remove_columns([c for c in ("images", "map", "sat", "mask") if c in rows.column_names])
        return {"columns": t.column_names, "rows": [dict(r) for r in plain], "pictures": pictures}


def masks(n):
    r = np.random.default_rng(5)
    for i in range(n):
        m = (np.array(Image.fromarray(r.integers(0, 255, (6, 8), np.uint8)).resize((80, 60), Image.BICUBIC)) > 150).astype(np.uint8)
        m[20:30, 10 + i:30 + i] = 1
        yield m, Image.fromarray(r.integers(0, 255, (60, 80, 3), np.uint8))


def make(folder):
    """SocioSeg as `datasets` writes it, with the raw files' names of columns, and COCO as pycocotools does."""
    features = datasets.Features({"id": datasets.Value("string"), "problem": datasets.Value("string"), "map_image": datasets.Image(), "sat_image": datasets.Image(), "mask_label": datasets.Image()})
    rows = [{"id": str(i), "problem": f"University {i}", "map_image": p.convert("L"), "sat_image": p, "mask_label": Image.fromarray(m * 255)} for i, (m, p) in enumerate(masks(9))]
    os.makedirs(f"{folder}/hub/data")
    datasets.Dataset.from_list(rows, features=features).to_parquet(f"{folder}/hub/data/train-00000-of-00001.parquet")
    os.makedirs(f"{folder}/coco/images")
    images, notes = [], []
    for i, (m, p) in enumerate(masks(9)):
        p.save(f"{folder}/coco/images/{i}.jpg")
        images.append({"id": i, "file_name": f"{i}.jpg", "width": 80, "height": 60})
        rle = coco.encode(np.asfortranarray(m))
        notes.append({"id": i, "image_id": i, "category_id": 1, "segmentation": {"size": rle["size"], "counts": rle["counts"].decode()}})
    with open(f"{folder}/coco/instances_val.json", "w") as f:
        json.dump({"images": images, "annotations": notes, "categories": [{"id": 1, "name": "university"}]}, f)
    return [int(m.sum()) for m, _ in masks(9)]


datasets.disable_progress_bars()
what, path = sys.argv[1:]
json.dump({"load": load, "table": table, "make": make}[what](path), sys.stdout)
