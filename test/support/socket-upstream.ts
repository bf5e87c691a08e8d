import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server that does with a connection what no HTTP server would. */
export interface SocketUpstream {
  readonly url: string;
  /** Requests so far. */
  requestCount(): number;
  close(): Promise<void>;
}

/** Starts a server that calls `answer` for each request's head, with the socket, the request's number from 0, and its head. */
export async function startSocketUpstream(answer: (socket: Socket, index: number, head: string) => unknown): Promise<SocketUpstream> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let head = '';
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      const request = head;
      head = '';
      answer(socket, count++, request);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requestCount: () => count,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Writes pieces for as long as the other side reads them; `piece` gets their number. */
export function writeForever(socket: Socket, head: string, piece: (index: number) => string): void {
  socket.write(head);
  let index = 0;
  const more = (): void => {
    while (!socket.destroyed && socket.writable) if (!socket.write(piece(index++))) return;
  };
  socket.on('drain', more);
  more();
}
