import type { Pin } from './pin.ts';

/** Where a server binary is, or in one line why it is not to be had this way. */
export type Sought = { readonly path: string } | { readonly why: string };

/** What a way of making a server binary is given. */
export interface Making {
  /** Where it writes; nobody else does meanwhile, and what is left there is thrown away. */
  readonly folder: string;
  readonly pin: Pin;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
}
