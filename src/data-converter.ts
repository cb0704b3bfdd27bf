// How payloads are encoded on their way to the server: the module that `dataConverter` in outlive.yaml names. Every
// worker and every client of a namespace needs the same one, else one cannot read what the other wrote.

import { isAbsolute } from 'node:path';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { loadDataConverter as loadConverters } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { Config } from './config.ts';
import { sayError } from './domain/say-error.ts';
import { loadUserModule, refused, type UserModule } from './user-module.ts';

/** A codec could not do its work: most often a key that is not there, or not the one that was used. */
export class CodecFailed extends Error {
  readonly code = 'codec_failed';
  override readonly name = 'CodecFailed';
}

const FORM = 'a default export that is a DataConverter of @temporalio/common, such as {payloadCodecs: [codec]}';

/** What each key of a DataConverter must hold. */
const KEYS: Readonly<Record<string, { readonly form: string; readonly is: (value: unknown) => boolean }>> = {
  payloadCodecs: {
    form: 'a list of codecs, each with encode(payloads) and decode(payloads)',
    is: (value) => Array.isArray(value) && value.every((codec) => hasFunctions(codec, ['encode', 'decode'])),
  },
  payloadConverterPath: { form: 'an absolute path', is: isAbsolutePath },
  failureConverterPath: { form: 'an absolute path', is: isAbsolutePath },
  externalStorage: { form: 'the external storage of @temporalio/common', is: isObject },
};

/**
 * The converter that the configuration names; undefined where it names none. Its codecs throw CodecFailed with the file
 * and the codec's own words. Throws ConfigError where the module is missing, throws, or exports something else.
 */
export async function loadDataConverter({ dataConverter: file, source }: Config): Promise<DataConverter | undefined> {
  if (file === undefined) return undefined;
  const user: UserModule = { file, key: 'dataConverter', source, form: FORM };
  const refuse = (says: string): never => {
    throw refused(user, says);
  };
  const exported = await loadUserModule(user);
  const wrong = whatIsWrong(exported);
  if (wrong !== undefined) return refuse(wrong);
  const converter = exported as DataConverter;
  try {
    loadConverters(converter);
  } catch (error) {
    return refuse(`${sayError(error).replace(/\.$/, '')}; expected paths of modules that can be loaded`);
  }
  return converter.payloadCodecs
    ? { ...converter, payloadCodecs: converter.payloadCodecs.map((codec) => withWords(codec, file)) }
    : converter;
}

/** The first thing that keeps the export from being a DataConverter. */
function whatIsWrong(exported: unknown): string | undefined {
  if (!isObject(exported) || Object.keys(exported).length === 0) return `its default export is no DataConverter; expected ${FORM}`;
  for (const [key, value] of Object.entries(exported)) {
    const known = KEYS[key];
    if (!known) return `its default export has an unknown key ${key}; expected any of ${Object.keys(KEYS).join(', ')}`;
    if (value !== undefined && !known.is(value)) return `${key} of its default export does not fit; expected ${known.form}`;
  }
  return undefined;
}

function withWords(codec: PayloadCodec, file: string): PayloadCodec {
  const explained =
    (does: PayloadCodec['encode'], what: string): PayloadCodec['encode'] =>
    async (...given) => {
      try {
        return await does.apply(codec, given);
      } catch (error) {
        throw new CodecFailed(`The dataConverter ${file} could not ${what}: ${sayError(error)}`, { cause: error });
      }
    };
  return {
    encode: explained(codec.encode, 'encode a message for the server'),
    decode: explained(codec.decode, 'decode what the server holds'),
  };
}

function isAbsolutePath(value: unknown): boolean {
  return typeof value === 'string' && isAbsolute(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const hasFunctions = (value: unknown, names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
