// The search attributes behind `outlive list` and its filters. They are a convenience: where they are missing or have
// another type, every task still lives and only the filters are lost. So nothing here throws.

import type { ConnectionLike } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from './domain/names.ts';
import { sayError } from './domain/say-error.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const TYPES = { KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD, INT: IndexedValueType.INDEXED_VALUE_TYPE_INT } as const;
const CALL_MS = 5000;

/** `why` says what is lost and how to get it, where not all of them are there with their types. */
export interface SearchAttributesSeen {
  readonly usable: boolean;
  readonly why?: string;
}

type Operator = Pick<ConnectionLike, 'operatorService' | 'withDeadline'>;

/** Makes the missing ones, then looks whether all are there with their types. */
export async function ensureSearchAttributes(connection: Operator, namespace: string): Promise<SearchAttributesSeen> {
  return seeing(async () => {
    const missing = compare(await list(connection, namespace)).missing;
    if (missing.length > 0) {
      const searchAttributes = Object.fromEntries(missing.map(({ name, type }) => [name, TYPES[type]]));
      await connection.withDeadline(Date.now() + CALL_MS, () =>
        connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
      );
    }
    // The server accepts a name that exists with another type, and changes nothing: only a second look tells.
    return say(compare(await list(connection, namespace)));
  });
}

/** Looks, makes nothing. */
export async function haveSearchAttributes(connection: Operator, namespace: string): Promise<SearchAttributesSeen> {
  return seeing(async () => say(compare(await list(connection, namespace))));
}

type Types = Readonly<Record<string, number>>;
type Attribute = (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES];
interface Comparison {
  readonly missing: readonly Attribute[];
  readonly otherType: readonly Attribute[];
}

async function list(connection: Operator, namespace: string): Promise<Types> {
  const answer = await connection.withDeadline(Date.now() + CALL_MS, () => connection.operatorService.listSearchAttributes({ namespace }));
  return answer.customAttributes as Types;
}

/** What the server's own list lacks of ours, or has under another type. */
export function compare(types: Types): Comparison {
  const all: readonly Attribute[] = Object.values(SEARCH_ATTRIBUTES);
  const missing = all.filter(({ name }) => types[name] === undefined);
  const otherType = all.filter(({ name, type }) => types[name] !== undefined && types[name] !== TYPES[type]);
  return { missing, otherType };
}

function say({ missing, otherType }: Comparison): SearchAttributesSeen {
  const lost = [
    ...(missing.length > 0 ? [`${missing.map(({ name }) => name).join(', ')} missing among the search attributes`] : []),
    ...otherType.map(({ name, type }) => `${name} has another type than ${type}`),
  ];
  return lost.length === 0 ? { usable: true } : { usable: false, why: `${lost.join(', ')}: \`outlive list\` works without its filters` };
}

async function seeing(look: () => Promise<SearchAttributesSeen>): Promise<SearchAttributesSeen> {
  try {
    return await look();
  } catch (error) {
    return {
      usable: false,
      why: `the server does not tell its search attributes (${sayError(error)}): \`outlive list\` works without its filters`,
    };
  }
}
