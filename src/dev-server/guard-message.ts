/** What the guard tells the process that started it. */
export type GuardMessage =
  | { readonly kind: 'started'; readonly pid: number }
  /** `tail`: the server's last output, up to 4,000 characters. */
  | { readonly kind: 'ended'; readonly because: string; readonly tail: string };
