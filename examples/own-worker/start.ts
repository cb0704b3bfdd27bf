// Starts one: `tsx start.ts 1.4.0 /srv/git/shop.git /srv/board.txt`. The same again changes nothing.

import { connectClient, connectionOptions } from 'outlive';
import { outlive } from './outlive.ts';
import { releaseNotes } from './release-notes.ts';

const [version, repo, board] = process.argv.slice(2);
if (!version || !repo || !board) throw new Error('expected VERSION REPOSITORY BOARD-FILE');

const { client, connection } = await connectClient(connectionOptions(process.env));
try {
  const { id, started } = await outlive.startTask(client, releaseNotes({ version, repo, board }));
  console.log(`${id} ${started ? 'is started' : 'was started before'}: npx outlive show ${id}`);
} finally {
  await connection.close();
}
