import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../src/config.ts';
import { CodecFailed, loadDataConverter } from '../src/data-converter.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlive-converter-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Loads what a configuration says that names this module beside it. */
async function load(module: string | undefined): Promise<DataConverter | undefined> {
  await writeFile(join(folder, 'outlive.yaml'), 'dataConverter: ./codec.mjs\n');
  if (module !== undefined) await writeFile(join(folder, 'codec.mjs'), module);
  return loadDataConverter(await loadConfig({ env: {}, cwd: folder }));
}

async function refusal(module: string | undefined): Promise<string> {
  const error = await load(module).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
  expect(error).toMatchObject({ code: 'bad_config', lines: [error.message] });
  return error.message.replaceAll(`${folder}/`, '');
}

const PASSES_ON = '{ encode: async (payloads) => payloads, decode: async (payloads) => payloads }';
const FORM = 'a default export that is a DataConverter of @temporalio/common, such as {payloadCodecs: [codec]}';

describe('the data converter of a configuration', () => {
  it('is none where none is named', async () => {
    expect(await loadDataConverter(await loadConfig({ env: {}, cwd: folder }))).toBeUndefined();
  });

  it('is the default export of the module, whatever parts of a converter it has', async () => {
    const failures = join(folder, 'failures.cjs');
    await writeFile(failures, 'exports.failureConverter = { errorToFailure() {}, failureToError() {} };');
    const converter = await load(`export default { payloadCodecs: [${PASSES_ON}], failureConverterPath: ${JSON.stringify(failures)} };`);
    expect(converter).toEqual({
      payloadCodecs: [{ encode: expect.any(Function), decode: expect.any(Function) }],
      failureConverterPath: failures,
    });
    const payloads = [{ data: new Uint8Array([1]) }];
    expect(await converter?.payloadCodecs?.[0]?.encode(payloads)).toEqual(payloads);
  });

  it.each<[string, string | undefined, string]>([
    ['is not there', undefined, `there is no such file; expected a JavaScript module with ${FORM}`],
    [
      'throws',
      "throw new Error('KEY is not set; expected 32 bytes');",
      'cannot be loaded: KEY is not set; expected 32 bytes; put that right and start again',
    ],
    ['has only named exports', `export const codec = ${PASSES_ON};`, `has no default export; expected ${FORM}`],
    ['exports something else', 'export default class Codec {};', `its default export is no DataConverter; expected ${FORM}`],
    ['exports nothing of it', 'export default {};', `its default export is no DataConverter; expected ${FORM}`],
    [
      'exports a codec where a converter is expected',
      `export default ${PASSES_ON};`,
      'its default export has an unknown key encode; expected any of payloadCodecs, payloadConverterPath, failureConverterPath, externalStorage',
    ],
    [
      'exports a codec that is not in a list',
      `export default { payloadCodecs: ${PASSES_ON} };`,
      'payloadCodecs of its default export does not fit; expected a list of codecs, each with encode(payloads) and decode(payloads)',
    ],
    [
      'names a part by a path that Temporal would look for elsewhere',
      "export default { failureConverterPath: './failures.cjs' };",
      'failureConverterPath of its default export does not fit; expected an absolute path',
    ],
    [
      'names a part that is not there',
      "export default { failureConverterPath: '/none/failures.cjs' };",
      "Could not find a file at the specified failureConverterPath: '/none/failures.cjs'; expected paths of modules that can be loaded",
    ],
  ])('is refused with the file, what was found and what is expected where the module %s', async (_, module, says) => {
    expect(await refusal(module)).toBe(`codec.mjs: ${says} (dataConverter in outlive.yaml)`);
  });

  it('tells a module that is missing from one whose own import is', async () => {
    expect(await refusal("import './key.mjs'; export default {};")).toMatch(/^codec\.mjs: cannot be loaded: .*key\.mjs/);
  });

  it('says what failed and where the codec is when it cannot do its work, also where it throws at once', async () => {
    const converter = await load(
      "export default { payloadCodecs: [{ encode() { throw new Error('no key'); }, decode: async () => { throw new Error('other key'); } }] };",
    );
    const [codec] = converter?.payloadCodecs ?? [];
    const file = join(folder, 'codec.mjs');
    await expect(codec?.encode([])).rejects.toThrow(
      new CodecFailed(`The dataConverter ${file} could not encode a message for the server: no key`),
    );
    await expect(codec?.decode([])).rejects.toThrow(
      new CodecFailed(`The dataConverter ${file} could not decode what the server holds: other key`),
    );
    await expect(codec?.decode([])).rejects.toMatchObject({
      code: 'codec_failed',
      cause: expect.objectContaining({ message: 'other key' }),
    });
  });
});
