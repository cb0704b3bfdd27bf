// The origin as hosts reach it: over HTTP, so that it can be as unreachable as one on a network. Git's own CGI program does
// the work; what it was in the middle of when the listener goes away, it brings to its end, and nobody hears of it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';

export interface HttpOrigin {
  readonly url: string;
  /** Nothing listens any more, and open connections are cut. */
  close(): void;
  /** On the same port as before. */
  open(): Promise<void>;
}

/** Serves a bare repository, to everybody who is on this machine. */
export async function serveOrigin(repository: string): Promise<HttpOrigin> {
  const server = createServer((request, response) => answer(dirname(repository), request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/${basename(repository)}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
    open: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}

function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://origin');
  const { headers } = request;
  const cgi = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      // Whoever has a name may push.
      REMOTE_USER: 'soak',
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: headers['content-type'],
      HTTP_CONTENT_ENCODING: headers['content-encoding'],
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Either side may be gone before the other.
  for (const stream of [cgi.stdin, cgi.stdout, request, response]) stream.on('error', () => undefined);
  request.pipe(cgi.stdin);
  let head = '';
  const readHead = (chunk: Buffer) => {
    head += chunk.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    cgi.stdout.off('data', readHead);
    for (const line of head.slice(0, end).split('\r\n')) {
      const [, name = '', value = ''] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.write(Buffer.from(head.slice(end + 4), 'latin1'));
    cgi.stdout.pipe(response);
  };
  cgi.stdout.on('data', readHead);
  cgi.once('close', () => response.end());
}
