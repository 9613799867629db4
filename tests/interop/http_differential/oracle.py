"""Says what each of many HTTP/1.1 responses is: h11's word, and that of a second reader with pfetch's leniencies.

Reads lines of JSON, {"head": bool, "bytes": hex}, and writes one for each:

- "status": the final response's, if its head can be read
- "refused": null, or the reason why the response is none
- "bytes", "sha256": the body's
- "end": the number of bytes that belong to the response; null if its body ends with the connection
- "rules": the entries of the tables below that were needed

h11 judges each response. What it refuses is rewritten, deviation by deviation, to what it means if the deviation
is tolerated, and h11 judges that: it is never wrong about a body then. What h11 takes goes through the same
rewriting, which must not change it, unless a rule of the second table refuses it.
"""

import hashlib
import json
import re
import sys

import h11

# Taken, though h11 refuses it.
LENIENT = {
    "blank lines before the status line": "RFC 9112, 2.2 has servers skip them, and browsers do so here too",
    "status line": "reasons of any bytes, several blanks and a protocol in lower case are common; no body depends on it",
    "blanks before the colon": "RFC 9112, 5.1 has proxies remove them from responses",
    "unreadable line": "curl and browsers drop it; it is refused if it may be one of the framing's",
    "control characters in a value": "RFC 9110, 5.5 allows a blank in their place",
    "interim response's fields": "its framing is never looked at: it has no body",
    "framing of no body": "an answer to HEAD, a 204 and a 304 end with their head, whatever it says (RFC 9112, 6.3)",
    "transfer codings": "`chunked` in a list or repeated, and none but `identity`, leave no doubt about the end",
    "length beside chunks": "Transfer-Encoding overrides it (RFC 9112, 6.3); the connection is closed",
    "equal lengths": "RFC 9110, 8.6 allows the same length several times; 05 is 5",
    "lines of chunks": "LF alone ends lines everywhere (RFC 9112, 2.2), and extensions are ignored, whatever is in them",
    "leading zeros of a chunk": "they change nothing",
    "trailers": "dropped, so that it does not matter what they are",
    "trailers cut off": "the zero chunk ends the body; the connection is closed",
}

# Refused, though h11 takes it.
STRICT = {
    "version": "only HTTP/1.x is known to be framed like this",
    "control character": "in Content-Length, Transfer-Encoding and Location, readers disagree about it",
}

TOKEN = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
STATUS = re.compile(rb"(?i:HTTP/)([^ \t]*)[ \t]+([0-9]{3})(?![0-9])", re.DOTALL)
PLAIN_STATUS = re.compile(rb"HTTP/1\.[0-9] [0-9]{3}(?: (?:[ \t]|[^\x00\s])*)?\Z")
CONTROL = re.compile(rb"[\x01-\x08\x0a-\x1f\x7f]")
FRAMING = (b"transfer-encoding", b"content-length")
DECISIVE = (*FRAMING, b"location")
SIZE = re.compile(rb"([0-9A-Fa-f]+)([ \t]*)(?:(\r?\n)|(;[^\n]*\n))")


class Refused(Exception):
    """The response is none."""


class Reader:
    """Rewrites one response in such a way that nothing is odd about it."""

    def __init__(self, raw, is_head):
        self.raw = raw
        self.is_head = is_head
        self.at = 0
        self.rules = set()
        self.status = None
        self.end = None
        self.out = []

    def need(self, rule, if_so=True):
        if if_so:
            self.rules.add(rule)

    def line(self):
        """The next line without its end, and that end."""
        end = self.raw.find(b"\n", self.at)
        if end < 0:
            raise Refused("cut off in a line")
        line = self.raw[self.at : end]
        self.at = end + 1
        return (line[:-1], b"\r\n") if line.endswith(b"\r") else (line, b"\n")

    def read(self):
        while True:
            version, status, fields = self.head()
            if status == 101:
                raise Refused("switching protocols")
            if status >= 200:
                break
            framing = {name for name, _ in fields} & set(FRAMING)
            self.need("interim response's fields", framing)
            self.out.append(b"HTTP/1.%d %d \r\n\r\n" % (version, status))
        self.status = status
        self.out.append(b"HTTP/1.%d %d \r\n" % (version, status))
        self.body(fields)
        return b"".join(self.out)

    def head(self):
        start = self.at
        while self.raw[self.at : self.at + 1] in (b"\r", b"\n"):
            self.at += 1
        self.need("blank lines before the status line", self.at > start)
        if not self.raw[self.at : self.at + 5].upper() == b"HTTP/":
            raise Refused("not HTTP")
        line, _ = self.line()
        match = STATUS.match(line)
        version = match and re.fullmatch(rb"1\.([0-9])", match[1])
        if match and re.fullmatch(rb"[0-9]\.[0-9]", match[1]) and not version:
            raise Refused("version")
        if not version or match[2] < b"100":
            raise Refused("status line")
        self.need("status line", not PLAIN_STATUS.match(line))
        lines = [line]
        while lines[-1]:
            lines.append(self.line()[0])
        if any(b"\0" in line for line in lines):
            raise Refused("NUL")
        return int(version[1]), int(match[2]), self.fields(lines[1:-1])

    def fields(self, lines):
        fields = []
        is_open = False
        for line in lines:
            if line[:1] in (b" ", b"\t"):
                if is_open:
                    fields[-1][1] += b" " + line
                else:
                    self.drop(line, line)
                continue
            name = TOKEN.match(line)
            colon = re.compile(rb"[ \t]*:").match(line, name.end()) if name else None
            is_open = colon is not None
            if is_open:
                self.need("blanks before the colon", len(colon[0]) > 1)
                fields.append([name[0].lower(), line[colon.end() :]])
            else:
                self.drop(line, line.split(b":")[0])
        for field in fields:
            if CONTROL.search(field[1]):
                if field[0] in DECISIVE:
                    raise Refused("control character")
                self.need("control characters in a value")
            field[1] = CONTROL.sub(b" ", field[1]).strip(b" \t")
        return fields

    def drop(self, line, name):
        letters = bytes(byte for byte in name.lower() if 0x21 <= byte <= 0x7E)
        if any(framing in letters for framing in FRAMING):
            raise Refused("a line that may be one of the framing's")
        self.need("unreadable line")

    def body(self, fields):
        codings = [value for name, value in fields if name == b"transfer-encoding"]
        lengths = [value for name, value in fields if name == b"content-length"]
        if self.is_head or self.status in (204, 304):
            self.need("framing of no body", codings or lengths)
            self.out.append(b"\r\n")
            self.end = self.at
            return
        elements = [element.strip(b" \t").lower() for value in codings for element in value.split(b",")]
        elements = [element for element in elements if element]
        self.need("transfer codings", codings and [value.lower() for value in codings] != [b"chunked"])
        if elements and set(elements) == {b"chunked"}:
            self.need("length beside chunks", lengths)
            self.out.append(b"Transfer-Encoding: chunked\r\n\r\n")
            self.chunks()
            return
        if elements and set(elements) != {b"identity"}:
            raise Refused("transfer coding")
        items = [item.strip(b" \t") for value in lengths for item in value.split(b",")]
        if not items:
            self.out.append(b"\r\n" + self.raw[self.at :])
            return
        if not all(re.fullmatch(rb"[0-9]+", item) for item in items):
            raise Refused("no length")
        if any(int(item) >= 1 << 64 for item in items):
            raise Refused("too long")
        self.need("equal lengths", len(set(items)) > 1)
        if len({int(item) for item in items}) > 1:
            raise Refused("two lengths")
        self.end = self.at + int(items[0])
        if self.end > len(self.raw):
            raise Refused("cut off in the body")
        self.out.append(b"Content-Length: %d\r\n\r\n" % int(items[0]) + self.raw[self.at : self.end])

    def chunks(self):
        while True:
            match = SIZE.match(self.raw, self.at)
            if not match:
                raise Refused("size of a chunk")
            self.need("leading zeros of a chunk", len(match[1]) > 20)
            is_odd = match[4] and (match[2] or not match[4].endswith(b"\r\n"))
            self.need("lines of chunks", is_odd or match[3] == b"\n")
            size = int(match[1], 16)
            if size >= 1 << 64:
                raise Refused("size of a chunk")
            self.at = match.end()
            self.out.append(b"%x\r\n" % size)
            if size == 0:
                break
            data = self.raw[self.at : self.at + size]
            self.at += size
            ending = re.compile(rb"\r?\n").match(self.raw, self.at)
            if not ending:
                raise Refused("end of a chunk")
            self.need("lines of chunks", ending[0] == b"\n")
            self.at = ending.end()
            self.out.append(data + b"\r\n")
        self.out.append(b"\r\n")
        while True:
            if b"\n" not in self.raw[self.at :]:
                self.need("trailers cut off")
                self.end = len(self.raw)
                return
            line, _ = self.line()
            if not line.strip(b"\r"):
                self.need("trailers", line)
                self.end = self.at
                return
            self.need("trailers")


def judge(raw, is_head):
    """h11's word on a response behind which the connection is closed."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    method = "HEAD" if is_head else "GET"
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(raw)
    status, body, ends_with_connection = None, b"", False
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            return {"status": status, "refused": str(error)}
        if type(event) is h11.Response:
            status = event.status_code
        elif type(event) is h11.Data:
            body += event.data
        elif event is h11.NEED_DATA:
            ends_with_connection = True
            connection.receive_data(b"")
        elif type(event) is h11.EndOfMessage:
            end = None if ends_with_connection else len(raw) - len(connection.trailing_data[0])
            return {"status": status, "refused": None, "body": body, "end": end}
        elif type(event) is not h11.InformationalResponse:
            return {"status": status, "refused": repr(event)}


def compare(raw, is_head):
    strict = judge(raw, is_head)
    reader = Reader(raw, is_head)
    try:
        rewritten = reader.read()
    except Refused as refused:
        reason = str(refused)
        if strict["refused"] is None and reason not in STRICT:
            raise AssertionError(f"h11 takes what is refused here: {reason}")
        return {"status": reader.status, "refused": reason, "rules": [reason] if strict["refused"] is None else []}
    lenient = judge(rewritten, is_head)
    if lenient["refused"] is not None or lenient["status"] != reader.status:
        raise AssertionError(f"h11 says of {rewritten!r}: {lenient}")
    if strict["refused"] is None:
        for key in ("status", "body"):
            if strict[key] != lenient[key]:
                raise AssertionError(f"{key}: h11 says {strict[key]!r}, this {lenient[key]!r}")
        if strict["end"] != reader.end:
            raise AssertionError(f"h11 says that it ends at {strict['end']}, this at {reader.end}")
        rules = []
    else:
        rules = sorted(reader.rules)
        if not rules:
            raise AssertionError(f"no rule says why this is taken, and h11 says: {strict['refused']}")
    body = lenient["body"]
    return {
        "status": reader.status,
        "refused": None,
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "end": reader.end,
        "rules": rules,
    }


def main():
    for line in sys.stdin:
        case = json.loads(line)
        raw = bytes.fromhex(case["bytes"])
        try:
            verdict = compare(raw, case["head"])
        except AssertionError as error:
            verdict = {"unclear": str(error)}
        print(json.dumps(verdict))
    for rule in (*LENIENT, *STRICT):
        print(json.dumps(rule))


main()
