/** Closes a switch over a union: a new member does not compile until somebody decides what it means. */
export function never(value: never): never {
  throw new Error(`no case for ${JSON.stringify(value)}`);
}
