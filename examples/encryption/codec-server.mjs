// Decodes for Temporal's Web UI and command line: POST /decode and /encode, on this machine alone. The browser of whoever
// may read asks it; the Temporal server never does. Whoever reaches the port can read everything, so it is on loopback.
//
//   OUTLIVE_CODEC_PORT   8888 by default; 0 takes a free one
//   OUTLIVE_UI_ORIGIN    the Web UI's address, with commas between several; that of `outlive up` by default

import { createServer } from 'node:http';
import { codec } from './codec.mjs';

const HOST = '127.0.0.1';
const MOST_BYTES = 64 * 1024 * 1024;
const { OUTLIVE_CODEC_PORT = '8888', OUTLIVE_UI_ORIGIN = 'http://127.0.0.1:8233,http://localhost:8233' } = process.env;
const origins = OUTLIVE_UI_ORIGIN.split(',').map((origin) => origin.trim());
const does = { '/encode': codec.encode, '/decode': codec.decode };

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const server = createServer(async (request, response) => {
  const { origin } = request.headers;
  // A browser names the page that asks; any other page is refused, whatever it would do with the answer.
  const isKnown = origin === undefined || origins.includes(origin);
  try {
    if (!isKnown) throw new Refused(403, `${origin} is not in OUTLIVE_UI_ORIGIN (${origins.join(', ')})`);
    if (origin) response.setHeader('Access-Control-Allow-Origin', origin).setHeader('Vary', 'Origin');
    if (request.method === 'OPTIONS') return preflight(response);
    const work = does[new URL(request.url, `http://${HOST}`).pathname];
    if (!work || request.method !== 'POST') throw new Refused(404, `expected POST ${Object.keys(does).join(' or ')}`);
    const payloads = payloadsIn(await bodyOf(request));
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ payloads: (await work(payloads)).map(asJson) }));
  } catch (error) {
    response.writeHead(error.status ?? 400, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${error.message}\n`);
  }
});

function preflight(response) {
  response.setHeader('Access-Control-Allow-Methods', 'POST, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', 'Content-Type, X-Namespace, Authorization');
  response.writeHead(204).end();
}

async function bodyOf(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Refused(413, `more than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

// In JSON, the bytes of a payload are base64, as in all of Temporal's.
const fromBase64 = (text) => new Uint8Array(Buffer.from(text ?? '', 'base64'));
const toBase64 = (bytes) => Buffer.from(bytes ?? []).toString('base64');
const mapped = (metadata, change) => Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, change(value)]));
const asJson = ({ metadata, data }) => ({ metadata: mapped(metadata, toBase64), data: toBase64(data) });

function payloadsIn(text) {
  const { payloads } = JSON.parse(text);
  if (!Array.isArray(payloads) || !payloads.every((payload) => typeof payload === 'object' && payload !== null))
    throw new Refused(400, 'expected {"payloads": [{"metadata": {…}, "data": "…"}]}');
  return payloads.map(({ metadata, data }) => ({ metadata: mapped(metadata, fromBase64), data: fromBase64(data) }));
}

server.listen(Number(OUTLIVE_CODEC_PORT), HOST, () => {
  console.log(`codec server at http://${HOST}:${server.address().port} for ${origins.join(', ')}`);
});
