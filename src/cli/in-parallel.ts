/** How many calls a listing keeps in flight: more gain nothing on one server. */
const AT_ONCE = 16;

/** Turns what comes into rows, some at a time, in the order in which it came, and keeps those that are wanted. */
export async function inParallel<In, Out>(
  source: AsyncIterable<In> | Iterable<In>,
  turn: (one: In) => Promise<Out>,
  keep: (row: Out) => boolean,
): Promise<readonly Out[]> {
  const rows: Out[] = [];
  let batch: Promise<Out>[] = [];
  const flush = async () => {
    rows.push(...(await Promise.all(batch)).filter(keep));
    batch = [];
  };
  for await (const one of source) {
    const row = turn(one);
    // A row may fail while the next page is fetched; it is awaited, and thrown, with its batch.
    row.catch(() => undefined);
    batch.push(row);
    if (batch.length === AT_ONCE) await flush();
  }
  await flush();
  return rows;
}
