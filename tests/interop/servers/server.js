// Answers in each of the forms that node has for it: PORT REQUESTS-OVER-A-CONNECTION KEEP-ALIVE-MILLISECONDS.
"use strict";

const http = require("node:http");

const [port, most, keepAlive] = process.argv.slice(2).map(Number);
const half = Buffer.alloc(35000, "x");

function sendHalves(response) {
  response.write(half);
  response.end(half);
}

const answers = {
  "/length"(response) {
    response.setHeader("Content-Length", 2 * half.length);
    sendHalves(response);
  },
  "/chunked": sendHalves,
  "/trailers"(response) {
    response.setHeader("Trailer", "Checksum");
    response.write(half);
    response.write(half);
    response.addTrailers({ Checksum: "none" });
    response.end();
  },
  "/hints"(response) {
    response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" }, () => sendHalves(response));
  },
  "/processing"(response) {
    response.writeProcessing();
    sendHalves(response);
  },
  "/none"(response) {
    response.writeHead(204).end();
  },
  "/unchanged"(response) {
    response.writeHead(304, { ETag: '"x"' }).end();
  },
  "/empty"(response) {
    response.end();
  },
  "/closed"(response) {
    response.useChunkedEncodingByDefault = false;
    response.removeHeader("Transfer-Encoding");
    sendHalves(response);
  },
};

const server = http.createServer((request, response) => {
  answers[request.url.split("?")[0]](response);
});
server.keepAliveTimeout = keepAlive;
server.maxRequestsPerSocket = most;
server.listen(port, "127.0.0.1");
