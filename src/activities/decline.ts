// A run that its host leaves to others, or to a later time.

import { ApplicationFailure } from '@temporalio/activity';
import { type Declined, RUN_DECLINED } from '../domain/contract.ts';

export function decline(why: Declined['why'], message: string, more: Omit<Declined, 'why'> = {}): ApplicationFailure {
  return ApplicationFailure.create({ type: RUN_DECLINED, message, nonRetryable: true, details: [{ why, ...more } satisfies Declined] });
}
