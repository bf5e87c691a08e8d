import { connect, type Socket } from 'node:net';

/** Opens a connection and gathers what comes over it. */
export function openConnection(port: number): { readonly socket: Socket; readonly received: () => string; readonly closed: Promise<void> } {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  // What is sent into a connection that the other side has closed ends in an error; the close is what counts.
  socket.on('error', () => undefined);
  return { socket, received: () => text, closed: new Promise((resolve) => socket.on('close', () => resolve())) };
}

/** Sends bytes as they are, and resolves with all that came until the connection was closed. */
export async function sendBytes(port: number, bytes: string | Buffer): Promise<string> {
  const connection = openConnection(port);
  connection.socket.write(bytes);
  await connection.closed;
  return connection.received();
}
