import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Told of each response: by `onEnd` when all of it has been handed over, and by `onSent` when the operating system has taken it. */
export interface ResponseWatch {
  readonly onEnd: (response: ServerResponse) => void;
  readonly onSent: (response: ServerResponse) => void;
}

/** Makes the class of a server's responses. */
export function toWatchedResponse({ onEnd, onSent }: ResponseWatch): typeof ServerResponse<IncomingMessage> {
  return class extends ServerResponse {
    override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
      super.end(chunk, encoding as BufferEncoding, callback as () => void);
      onEnd(this);
      return this;
    }

    // Node calls it between a response and the next one of the connection.
    override detachSocket(socket: Socket): void {
      super.detachSocket(socket);
      onSent(this);
    }
  };
}
