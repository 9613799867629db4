"""The records of a WARC file as warcio reads them, digests checked: a line of JSON for each."""

import json
import sys

from warcio.archiveiterator import ArchiveIterator

with open(sys.argv[1], "rb") as file:
    for record in ArchiveIterator(file, no_record_parse=False, check_digests="raise"):
        header = record.rec_headers.get_header
        record.raw_stream.read()
        print(json.dumps({
            "type": record.rec_type,
            # wget puts it in angle brackets, which WARC/1.0 was read to ask for.
            "uri": (header("WARC-Target-URI") or "").strip("<>"),
            "digest": header("WARC-Payload-Digest"),
            "status": record.http_headers.get_statuscode() if record.rec_type == "response" else None,
        }))
