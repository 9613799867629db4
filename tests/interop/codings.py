"""Encoded bodies, most of them damaged, and what Python's own decoders make of them.

usage: codings.py COUNT SEED     prints a line of JSON for each body
"""
import base64, io, gzip, json, random, re, sys, zlib

import brotli, zstandard

# From 1.5.6 on libzstd refuses reserved bits that are set (RFC 8878, 3.1.1.3.2.1). This is the decoders'.
IS_OLD = zstandard.ZSTD_VERSION < (1, 5, 6)
MOST = 64 << 20
WINDOW = 8 << 20


class Refused(Exception):
    pass


# ---- Decoders: each gives the content of its format, and the bytes behind the format's end.


def undo_zlib(data, bits):
    decoder = zlib.decompressobj(bits)
    try:
        content = decoder.decompress(data, MOST)
    except zlib.error as error:
        raise Refused(error)
    if not decoder.eof:
        raise Refused('cut off')
    return content, decoder.unused_data


def undo_gzip(data):
    content, rest = undo_zlib(data, 31)
    while rest[:1] == b'\x1f':
        more, rest = undo_zlib(rest, 31)
        content += more
    return content, rest


def undo_deflate(data):
    # What zlib does not take as a header is no zlib: then it is raw, as curl and browsers try it.
    is_zlib = len(data) > 1 and data[0] & 15 == 8 and data[0] >> 4 <= 7 and (data[0] << 8 | data[1]) % 31 == 0
    return undo_zlib(data, 15 if is_zlib else -15)


def undo_br(data):
    decoder, content = brotli.Decompressor(), []
    for at in range(len(data)):
        try:
            content.append(decoder.process(data[at:at + 1]))
        except brotli.error as error:
            raise Refused(error)
        if decoder.is_finished():
            return b''.join(content), data[at + 1:]
    raise Refused('cut off')


def undo_zstd(data, window=WINDOW):
    content, rest, first = [], data, True
    while first or rest[:1] == b'\x28' or 0x50 <= (rest or b'\0')[0] <= 0x5f:
        first = False
        decoder = zstandard.ZstdDecompressor(max_window_size=window).decompressobj()
        try:
            content.append(decoder.decompress(rest))
        except zstandard.ZstdError as error:
            raise Refused(error)
        if not decoder.eof:
            raise Refused('cut off')
        rest = decoder.unused_data
    return b''.join(content), rest


UNDO = {'gzip': undo_gzip, 'x-gzip': undo_gzip, 'deflate': undo_deflate, 'br': undo_br, 'zstd': undo_zstd}
PADDING = re.compile(rb'\0*(\r\n|\r|\n)?\Z')


def undo(codings, data):
    """The content, or None, and the deviation that decided it, if one did."""
    deviation = None
    for coding in reversed(codings):
        if not data:
            # By itself no decoder takes this.
            deviation = 'nothing'
            continue
        try:
            data, rest = UNDO[coding](data)
        except Refused:
            if coding == 'zstd':
                try:
                    undo_zstd(data, 1 << 31)
                    return None, 'wide'
                except (Refused, MemoryError):
                    pass
            return None, None
        if rest:
            if not PADDING.match(rest):
                return None, None
            deviation = deviation or 'padding'
    return data, deviation


# ---- Encoders, with all that their formats leave open.


def encode_gzip(plain, dice):
    members = [plain]
    if dice.random() < 0.3:
        at = dice.randrange(len(plain) + 1)
        members = [plain[:at], plain[at:]]
    out = b''
    for member in members:
        flags = dice.choice([0, 0, 0, 1, 4, 8, 16, 2, 31])
        head = b'\x1f\x8b\x08' + bytes([flags]) + dice.randbytes(4) + b'\0\x03'
        if flags & 4: head += b'\x05\0extra'
        if flags & 8: head += b'name\0'
        if flags & 16: head += b'a comment\0'
        if flags & 2: head += (zlib.crc32(head) & 0xffff).to_bytes(2, 'little')
        tail = zlib.crc32(member).to_bytes(4, 'little') + len(member).to_bytes(4, 'little')
        out += head + deflated(member, dice, -15) + tail
    return out


def deflated(plain, dice, bits):
    strategy = dice.choice([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE])
    encoder = zlib.compressobj(dice.choice([0, 1, 6, 9]), zlib.DEFLATED, bits, 8, strategy)
    at = dice.randrange(len(plain) + 1)
    # A flush in the middle, as servers do that send what they have.
    flush = dice.choice([zlib.Z_NO_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH])
    return encoder.compress(plain[:at]) + encoder.flush(flush) + encoder.compress(plain[at:]) + encoder.flush()


def encode_deflate(plain, dice):
    return deflated(plain, dice, dice.choice([15, 15, 9, -15, -9 - dice.randrange(7)]))


def encode_br(plain, dice):
    return brotli.compress(plain, quality=dice.choice([0, 1, 5, 9]), lgwin=dice.choice([10, 16, 22, 24]))


def encode_zstd(plain, dice):
    out = b''
    if dice.random() < 0.2:
        out += b'\x5a\x2a\x4d\x18\x03\0\0\0abc'
    at = dice.choice([len(plain), dice.randrange(len(plain) + 1)])
    for piece in (plain[:at], plain[at:]):
        if piece or dice.random() < 0.2 or not out:
            out += zstd_frame(piece, dice)
    return out


def zstd_frame(piece, dice):
    if dice.random() < 0.05:
        # One raw block with a window that is too wide, or only just not.
        window = dice.choice([0x68, 0x69, 0x70, 0x78])
        block = piece[:1000]
        head = b'\x28\xb5\x2f\xfd\0' + bytes([window])
        return head + (len(block) << 3 | 1).to_bytes(3, 'little') + block
    encoder = zstandard.ZstdCompressor(
        level=dice.choice([-5, 1, 3, 9]), write_checksum=dice.random() < 0.5,
        write_content_size=dice.random() < 0.7)
    return encoder.compress(piece)


ENCODE = {'gzip': encode_gzip, 'x-gzip': encode_gzip, 'deflate': encode_deflate, 'br': encode_br, 'zstd': encode_zstd}


def plains(dice):
    words = [b'all', b'work', b'and', b'no', b'play', b'makes', b'jack', b'a', b'dull', b'boy']
    return [
        b'', b'h', b'hello', dice.randbytes(300), dice.randbytes(3000), b'\0' * 40000, b'ab' * 700,
        b' '.join(dice.choice(words) for _ in range(4000)),
        bytes(i * i >> 5 & 255 for i in range(20000)),
        dice.randbytes(500) * 30 + b'\n',
    ]


# ---- Damage.


def spot(data, dice):
    """A place in it: often near its beginning or end, where the headers and checksums are."""
    near = min(len(data), dice.choice([2, 12, 40]))
    return dice.choice([dice.randrange(near + 1), len(data) - dice.randrange(near + 1), dice.randrange(len(data) + 1)])


def damaged(data, dice):
    kind = dice.choice(['flip', 'flip', 'set', 'cut', 'drop', 'insert', 'repeat', 'tail', 'tail', 'swap'])
    at = spot(data, dice)
    end = min(len(data), at + dice.choice([1, 2, 4, 30, 400]))
    if kind == 'flip' and at < len(data):
        data = data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1:]
    elif kind == 'set' and at < len(data):
        data = data[:at] + bytes([dice.choice([0, 255, 31, 40, dice.randrange(256)])]) + data[at + 1:]
    elif kind == 'cut':
        data = data[:at]
    elif kind == 'drop':
        data = data[:at] + data[end:]
    elif kind == 'insert':
        data = data[:at] + dice.randbytes(dice.choice([1, 2, 5, 50])) + data[at:]
    elif kind == 'repeat':
        data = data[:end] + data[at:]
    elif kind == 'swap':
        data = data[:at] + data[end:end + end - at] + data[at:end] + data[end + end - at:]
    elif kind == 'tail':
        data += dice.choice([
            b'\0', b'\0' * 600, b'\r\n', b'\n', b'\r', b'\0\0\n', b'\n\n', b'\n\0', b'Z', b'\x1f', b'(', b' ',
            b'\x1f\x8b', gzip.compress(b''), gzip.compress(b'more'), zstandard.compress(b''), zstandard.compress(b'more'),
            b'\x50\x2a\x4d\x18\0\0\0\0', b'\x03\0', zlib.compress(b''), dice.randbytes(20), data])
    return kind, data


def case(dice, contents):
    codings = [dice.choice(['gzip', 'gzip', 'x-gzip', 'deflate', 'deflate', 'br', 'br', 'zstd', 'zstd'])
               for _ in range(dice.choice([1, 1, 1, 2]))]
    body, story = dice.choice(contents), []
    for number, coding in enumerate(codings):
        body = ENCODE[coding](body, dice)
        is_last = number + 1 == len(codings)
        # Half of the damage is below another coding, which is whole then.
        for _ in range(dice.choice([0, 1, 1, 2, 3] if is_last else [0, 0, 1])):
            kind, body = damaged(body, dice)
            story.append(kind + ' in ' + coding)
    content, deviation = undo(codings, body)
    names = [', '.join(codings)] if dice.random() < 0.7 else codings
    text = lambda data: None if data is None else base64.b64encode(data).decode()
    may_differ = IS_OLD and bool(story) and 'zstd' in codings
    return {'names': names, 'story': ', '.join(story), 'body': text(body), 'content': text(content), 'deviation': deviation,
            'may_differ': may_differ}


count, seed = int(sys.argv[1]), int(sys.argv[2])
dice = random.Random(seed)
contents = plains(dice)
for _ in range(count):
    print(json.dumps(case(dice, contents)))
