import { ServerResponse, type IncomingMessage } from 'node:http';

/** Makes the class of a server's responses: `onEnd` is told of each when all of it has been handed over. */
export function toWatchedResponse(onEnd: (response: ServerResponse) => void): typeof ServerResponse<IncomingMessage> {
  return class extends ServerResponse {
    override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
      super.end(chunk, encoding as BufferEncoding, callback as () => void);
      onEnd(this);
      return this;
    }
  };
}
