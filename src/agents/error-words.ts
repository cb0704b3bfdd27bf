// What an error object says, as SDKs, agents and providers write them down: its words, line by line, and the HTTP status
// that it carries. Only fields that name or describe the error: what the model wrote (`text`, `content`) is not looked at.

import { isJson, json, parsed, text } from './json.ts';

const WORDS = ['name', 'class', 'type', 'code', 'reason', 'status', 'message', 'details', 'errorMessage'] as const;
const INNER = ['error', 'data', 'body', 'responseBody', 'cause', 'lastError'] as const;
const DEEPEST = 4;

/** One line for the error and one for each error inside it, the innermost last. */
export function errorWords(error: unknown, depth = 0): string[] {
  if (typeof error === 'string') return error === '' ? [] : [error];
  if (!isJson(error) || depth > DEEPEST) return [];
  const words = WORDS.map((field) => text(error[field])).filter((word) => word !== undefined);
  const wait = error['retryAfter'] ?? json(error['responseHeaders'])['retry-after'];
  if (typeof wait === 'string' || typeof wait === 'number') words.push(`retry-after: ${wait}`);
  const inner = INNER.flatMap((field) => errorWords(error[field], depth + 1));
  return words.length > 0 ? [words.join(' '), ...inner] : inner;
}

/** The status in a field of the error, or of the errors inside it. A 200 says nothing of what went wrong. */
export function errorStatus(error: unknown, depth = 0): number | undefined {
  if (!isJson(error) || depth > DEEPEST) return undefined;
  for (const field of ['status', 'statusCode', 'code', 'httpStatusCode'] as const) {
    const status = error[field];
    if (isFailure(status)) return status;
  }
  for (const field of ['error', 'data', 'cause', 'lastError'] as const) {
    const status = errorStatus(error[field], depth + 1);
    if (status !== undefined) return status;
  }
  return undefined;
}

const isFailure = (status: unknown): status is number => Number.isInteger(status) && (status as number) >= 400 && (status as number) < 600;

const LEADING_STATUS = /^(?:Error: )?\[?(?:API Error: )?(?:Error code: )?([45]\d\d)\b/;

/** The status at the beginning of a sentence (`429 Too many…`, `[API Error: 403 …`), or in the body that it quotes. */
export function statusIn(message: string | undefined): number | undefined {
  if (message === undefined) return undefined;
  const leading = LEADING_STATUS.exec(message)?.[1];
  if (leading !== undefined) return Number(leading);
  return errorStatus(parsed(message.slice(message.indexOf('{'), message.lastIndexOf('}') + 1)));
}
