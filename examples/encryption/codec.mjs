// Encrypts every payload with AES-256-GCM before it leaves this process: prompts, results, evidence, heartbeats, memos,
// summaries, details, answers. The server, its database and its Web UI hold nothing else of them.
//
//   OUTLIVE_ENCRYPTION_KEY       32 bytes in base64; what is written is encrypted with it
//   OUTLIVE_ENCRYPTION_OLD_KEYS  keys used before, with commas between them; only for reading

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const ENCODING = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const utf8 = new TextEncoder();
const textOf = (bytes) => new TextDecoder().decode(bytes);

/** A key and its name, which may be known: it stands beside everything that the key has encrypted. */
function keyFrom(base64, variable) {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== KEY_BYTES)
    throw new Error(`${variable} holds ${bytes.length} bytes of base64; expected ${KEY_BYTES}: openssl rand -base64 ${KEY_BYTES}`);
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
}

function keysFrom({ OUTLIVE_ENCRYPTION_KEY: newest, OUTLIVE_ENCRYPTION_OLD_KEYS: older = '' }) {
  if (!newest)
    throw new Error(`OUTLIVE_ENCRYPTION_KEY is not set; expected ${KEY_BYTES} bytes in base64: openssl rand -base64 ${KEY_BYTES}`);
  const before = older.split(',').map((key) => key.trim());
  return [keyFrom(newest, 'OUTLIVE_ENCRYPTION_KEY'), ...before.filter(Boolean).map((key) => keyFrom(key, 'OUTLIVE_ENCRYPTION_OLD_KEYS'))];
}

// A payload is metadata and data. Metadata says how to read the data, so they are encrypted together:
// the length of the metadata in JSON (4 bytes), that JSON, the data.

function packed({ metadata, data }) {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  const head = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, data ?? Buffer.alloc(0)]);
}

function unpacked(bytes) {
  const end = 4 + bytes.readUInt32BE();
  const entries = Object.entries(JSON.parse(textOf(bytes.subarray(4, end))));
  // What Buffer gives is a view into shared memory; the SDK expects arrays that own theirs.
  return {
    metadata: Object.fromEntries(entries.map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))])),
    data: new Uint8Array(bytes.subarray(end)),
  };
}

function encrypted(payload, key) {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.bytes, nonce);
  const data = Buffer.concat([nonce, cipher.update(packed(payload)), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { encoding: utf8.encode(ENCODING), 'encryption-key-id': utf8.encode(key.id) }, data: new Uint8Array(data) };
}

function decrypted({ metadata, data }, keys) {
  const id = textOf(metadata['encryption-key-id']);
  const key = keys.find((one) => one.id === id);
  if (!key)
    throw new Error(
      `this was encrypted with the key ${id}, and this process has only ${keys.map((one) => one.id).join(', ')}; ` +
        'add that key to OUTLIVE_ENCRYPTION_OLD_KEYS',
    );
  try {
    const decipher = createDecipheriv(CIPHER, key.bytes, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    return unpacked(Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]));
  } catch {
    throw new Error(`this was encrypted with the key ${id} and is not what was written then: it was changed or cut off`);
  }
}

const isEncrypted = ({ metadata }) => metadata?.encoding !== undefined && textOf(metadata.encoding) === ENCODING;

const keys = keysFrom(process.env);

export const codec = {
  encode: async (payloads) => payloads.map((payload) => encrypted(payload, keys[0])),
  // What was written before there was encryption, or by Temporal itself, is as it was.
  decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypted(payload, keys) : payload)),
};

export default {
  payloadCodecs: [codec],
  failureConverterPath: fileURLToPath(new URL('./failure-converter.cjs', import.meta.url)),
};
