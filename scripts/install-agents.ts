// Installs the real agents that the tests of `npm run test:agents` run, and says where they are.

import { installed, PACKS } from '../test/real-agents/installed.ts';

for (const pack of PACKS) {
  const { bin, version } = await installed(pack);
  console.log(`${pack} ${version}: ${bin}`);
}
