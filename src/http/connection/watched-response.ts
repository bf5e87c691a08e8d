import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Called for each response: `onEnd` when it has been ended, and `onSent` when the operating system has taken all of it. */
export interface ResponseWatch {
  readonly onEnd: (response: ServerResponse) => void;
  readonly onSent: (response: ServerResponse) => void;
}

/** Creates the response class of a server. */
export function toWatchedResponse({ onEnd, onSent }: ResponseWatch): typeof ServerResponse<IncomingMessage> {
  return class extends ServerResponse {
    override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
      super.end(chunk, encoding as BufferEncoding, callback as () => void);
      onEnd(this);
      return this;
    }

    // Node calls this between two responses of a connection.
    override detachSocket(socket: Socket): void {
      super.detachSocket(socket);
      onSent(this);
    }
  };
}
