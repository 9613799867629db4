"""The samples of tar packs as webdataset reads them: a line of JSON for each."""

import hashlib
import json
import sys

import webdataset

for sample in webdataset.WebDataset(sys.argv[1:], shardshuffle=False):
    record = json.loads(sample["json"])
    bodies = [name for name in sample if not name.startswith("__") and name != "json"]
    (body,) = bodies
    print(json.dumps({
        "key": sample["__key__"],
        "extension": body,
        "sha256": hashlib.sha256(sample[body]).hexdigest(),
        "index": record["index"],
        "url": record["url"],
    }))
