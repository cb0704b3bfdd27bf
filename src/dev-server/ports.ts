import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A server listens here and nowhere else, so that nothing outside the machine reaches it. */
export const LOOPBACK = '127.0.0.1';

/** A port nobody listens on at this instant. Somebody may before it is used: the caller must stand that. */
export async function freePort(): Promise<number> {
  return (await listenBriefly(0)) as number;
}

export async function isPortFree(port: number): Promise<boolean> {
  return (await listenBriefly(port)) !== undefined;
}

/** The port that was listened on, or undefined where it is taken. */
async function listenBriefly(port: number): Promise<number | undefined> {
  const probe = createServer();
  try {
    probe.listen(port, LOOPBACK);
    await once(probe, 'listening');
    const address = probe.address();
    return typeof address === 'object' && address ? address.port : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return undefined;
    throw error;
  } finally {
    if (probe.listening) await new Promise((resolve) => probe.close(resolve));
  }
}

export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, LOOPBACK);
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}
