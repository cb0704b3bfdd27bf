// Before all tests: the supervisor as it is in the source now. Every run of a test lives under it.

import { bundleSupervisor } from '../scripts/bundle-supervisor.ts';

export const setup = bundleSupervisor;
