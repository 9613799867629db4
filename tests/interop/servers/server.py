"""Serves the files of a folder: FOLDER PORT VERSION."""

import functools
import http.server
import sys

folder, port, version = sys.argv[1:]


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = version


Server(("127.0.0.1", int(port)), functools.partial(Handler, directory=folder)).serve_forever()
