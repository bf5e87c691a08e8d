import type { Server, Socket } from 'node:net';

/** How long a new connection may take to bring its first byte once the server is stopping, in milliseconds. */
const PATIENCE_MS = 1000;

/**
 * Watches connections that were opened and never used: browsers and load balancers keep such in reserve. Node does not
 * count them as idle, so they would hold up a stop until every request could have run out of time.
 */
export class SilentConnections {
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Closes them, after a moment in which a first request may still come. Returns what calls that off. */
  closeSoon(): () => void {
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    }, PATIENCE_MS);
    return () => clearTimeout(timer);
  }
}
