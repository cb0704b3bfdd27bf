// The fields that task specs and configuration share, each with the words for its own form.

import { z } from 'zod';
import { DURATION_FORM, parseDuration } from '../domain/duration.ts';
import { parseSize, SIZE_FORM } from '../domain/size.ts';
import { expected, expectedKeys, expectedText } from './expected.ts';

export const DAY_MS = 86_400_000;
const MAX_COUNT = 1000;

/** A mapping with closed keys. `later` are keys of later versions, which are refused by that name. */
export const mapping = <Shape extends z.core.$ZodLooseShape>(shape: Shape, form: string, later: readonly string[] = []) =>
  z.strictObject(shape, { error: expectedKeys(form, Object.keys(shape), later) });

/** Text of the form that `is` accepts. Never with a NUL: neither argv, paths nor environments can carry one. */
export function text(form: string, { pattern, is }: { pattern?: RegExp; is?: (value: string) => boolean } = {}) {
  const error = expectedText(form);
  const some = z.string({ error }).min(1, { error });
  const formed = pattern === undefined ? some : some.regex(pattern, { error });
  const whole = formed.refine((value) => !value.includes('\0'), { error: expected(`${form}, without a NUL character`) });
  return is === undefined ? whole : whole.refine(is, { error });
}

/** One line for people: no control characters, not blank. */
export function line(longest: number) {
  const form = `one line of at most ${longest} characters`;
  const error = expectedText(form);
  return text(form, { is: (value) => value.trim() !== '' && !/\p{Cc}/u.test(value) }).max(longest, { error });
}

/** A program and its arguments. An argument may be empty, the program may not. */
export function argv(example: string) {
  const error = expected(`a program and its arguments, such as ${example}`);
  const part = z
    .string({ error: expectedText('text') })
    .refine((value) => !value.includes('\0'), { error: expected('text without a NUL character') });
  return z
    .array(part, { error })
    .min(1, { error })
    .refine((parts) => parts[0] !== '', { error: expected(`the name of a program first, as in ${example}`) });
}

/** A duration as people write it; the bounds are in milliseconds, their words are for the message. */
export function duration(bounds: { readonly atLeast: number; readonly atMost: number; readonly words: string }) {
  const error = expected(`${DURATION_FORM}, ${bounds.words}`);
  const within = (value: string): boolean => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= bounds.atLeast && ms <= bounds.atMost;
  };
  return z
    .string({ error })
    .regex(/^[0-9]{1,9}(ms|s|m|h|d)$/, { error })
    .refine(within, { error });
}

/** A size as people write it; the bound is in bytes. */
export function size(atLeast: number, words: string) {
  const error = expected(`${SIZE_FORM}, ${words}`);
  return z.string({ error }).refine((value) => (parseSize(value) ?? -1) >= atLeast, { error });
}

export function count() {
  const error = expected(`a whole number from 1 to ${MAX_COUNT}`);
  return z.number({ error }).int({ error }).min(1, { error }).max(MAX_COUNT, { error });
}

export function dollars() {
  const error = expected('an amount in US dollars, more than 0');
  return z.number({ error }).positive({ error });
}

/** Of http or https, and without credentials in it. */
export function isAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}
