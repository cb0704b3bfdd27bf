// How many hosts may be out at once.

/** At most half of the hosts are taken out, and never the last one: beyond that it is not the hosts (DESIGN §4). The first convicted are out. */
export function ejected(convicted: readonly { readonly host: string; readonly sinceMs: number }[], hosts: number): ReadonlySet<string> {
  const most = Math.max(0, Math.min(Math.floor(hosts / 2), hosts - 1));
  const first = convicted.toSorted((a, b) => a.sinceMs - b.sinceMs || (a.host < b.host ? -1 : 1));
  return new Set(first.slice(0, most).map(({ host }) => host));
}
