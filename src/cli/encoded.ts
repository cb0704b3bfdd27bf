// What the server holds may be encoded, and a command may lack what decodes it. That is no fault of the task, and no
// reason to tell its story from half of what is there.

import { ValueError } from '@temporalio/common';
import type { Config } from '../config.ts';
import { CodecFailed } from '../data-converter.ts';
import { CliError } from './errors.ts';

const UNKNOWN = /^Unknown encoding: (.*)$/;

/** The answer is there, and this command cannot read it. */
export const isUnreadable = (error: unknown): boolean => encodingIn(error) !== undefined || error instanceof CodecFailed;

/** An error about the encoding in the words of the CLI; every other error as it is. */
export function inWordsOfEncoding(error: unknown, { dataConverter, source }: Config): unknown {
  const encoding = encodingIn(error);
  if (encoding === undefined) return error;
  const found = `The answer is encoded (${encoding})`;
  if (dataConverter !== undefined)
    return new CliError(
      'encoded',
      `${found}, and ${dataConverter} does not decode it. Name the dataConverter of the workers in ${source}.`,
    );
  const where = source ?? 'outlive.yaml, or say with OUTLIVE_CONFIG where that file is';
  return new CliError('encoded', `${found}: this command has no dataConverter. Name the one of the workers in ${where}.`);
}

function encodingIn(error: unknown): string | undefined {
  return error instanceof ValueError ? UNKNOWN.exec(error.message)?.[1] : undefined;
}
