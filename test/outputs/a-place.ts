// Where outputs are looked at in tests: a task of a repository `acme/shop`, and a worker that knows one forge.

import type { Place } from '../../src/outputs/output-type.ts';
import { taskOf } from '../domain/facts.ts';

export const NO_FORGE = { host: 'github.com', api: 'http://127.0.0.1:9', isApiSet: false, token: undefined, tokenFrom: ['GITHUB_TOKEN'] };

export const placeOf = (over: Partial<Place> = {}): Place => ({
  worker: { state: '/nowhere', forge: NO_FORGE, outputBytes: 1024 ** 2, own: {} },
  task: taskOf(),
  env: {},
  mark: '',
  logs: '',
  ...over,
});
