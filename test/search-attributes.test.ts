import { describe, expect, it } from 'vitest';
import { compare } from '../src/search-attributes.ts';

const ALL = { OutliveState: 2, OutliveReason: 2, OutliveHost: 2, OutliveOwner: 2, OutliveIncident: 2, OutliveRuns: 3 };

describe('the search attributes of a server', () => {
  it('are fine where all are there with their types, whatever else is', () => {
    expect(compare({ ...ALL, Other: 1 })).toEqual({ missing: [], otherType: [] });
  });

  it('lack what is missing', () => {
    const { OutliveRuns: _, ...rest } = ALL;
    expect(compare(rest)).toEqual({ missing: [{ name: 'OutliveRuns', type: 'INT' }], otherType: [] });
  });

  it('are of no use under another type', () => {
    expect(compare({ ...ALL, OutliveOwner: 1 })).toEqual({ missing: [], otherType: [{ name: 'OutliveOwner', type: 'KEYWORD' }] });
  });
});
