import { bundleSupervisor } from './bundle-supervisor.ts';

await bundleSupervisor();
