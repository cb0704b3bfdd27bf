// The entity of one host: signals change its state, and its memo says the state to everybody: to read it takes one
// describe or one list, and no worker. It never ends by itself.

import {
  ApplicationFailure,
  condition,
  defineSignal,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { HEALTH_REFUSED, type HealthInput, HOST_SIGNALS, readHealthInput } from '../domain/host.ts';
import { hostDetails } from '../domain/host-details.ts';

export async function health(sent: HealthInput): Promise<void> {
  const read = readHealthInput(sent, workflowInfo().workflowId);
  if (!read.ok) throw ApplicationFailure.nonRetryable(read.problem, HEALTH_REFUSED);
  const { name } = read.value;
  let state = read.value.state ?? {};
  // What was given to a continued execution stands in its memo already.
  let told = state;
  for (const [signal, { help, take }] of Object.entries(HOST_SIGNALS)) {
    const hear = (given: unknown) => {
      state = take(state, given, { host: name, now: new Date(Date.now()).toISOString() });
    };
    setHandler(defineSignal<[unknown]>(signal), hear, { description: help });
  }
  while (!workflowInfo().continueAsNewSuggested) {
    if (state !== told) upsertMemo({ host: state });
    told = state;
    setCurrentDetails(hostDetails(name, state));
    await condition(() => state !== told || workflowInfo().continueAsNewSuggested);
  }
  // A memo that was upserted is not inherited.
  const goOn = makeContinueAsNewFunc<typeof health>({ memo: { ...workflowInfo().memo, host: state } });
  await goOn({ v: 1, scope: 'host', name, state });
}
