// Who takes a host or a pool out, or takes it back, and why, from what was typed.

import { readWish, type Wish } from '../domain/host.ts';
import { CliError } from './errors.ts';
import type { Screen } from './screen.ts';

export interface WishOptions {
  readonly why?: string;
  readonly by?: string;
}

/** Who takes something out or back, and why: as given, else whoever is logged in, for no reason given. Throws CliError `bad_input`. */
export function wishOf({ why, by }: WishOptions, { env }: Pick<Screen, 'env'>): Wish {
  const read = readWish({ why, by: by ?? env['USER'] });
  if (!read.ok) throw new CliError('bad_input', `This cannot be put on record: ${read.problem}.`);
  return read.value;
}
