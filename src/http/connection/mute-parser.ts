import type { Socket } from 'node:net';

/**
 * Keys of the parser's callbacks for headers, a head, a piece of a body, and the end of a request (`kOnHeaders` to `kOnMessageComplete`
 * in Node's node_http_parser.cc).
 */
const CALLBACKS = [1, 2, 3, 4] as const;

type ParsedSocket = Socket & { readonly parser?: Partial<Record<(typeof CALLBACKS)[number], unknown>> | null };

/**
 * Has Node's HTTP parser drop the rest of the bytes that it was given. It goes through all of them, up to 64 KiB, whatever becomes
 * of the connection meanwhile, and makes an object for each of up to 10,000 chunks or 3,000 requests, at 1 to 10 µs each. For connections
 * that are being closed, or paused, alone: what follows is not understood any more.
 */
export function muteParser(socket: Socket): void {
  const { parser } = socket as ParsedSocket;
  if (!parser || typeof parser[3] !== 'function') return;
  const callbacks = CALLBACKS.map((key) => [key, parser[key]] as const);
  for (const [key] of callbacks) parser[key] = null;
  // Another connection uses the parser next. It is released when this one has been closed, which comes after this phase of the turn.
  setImmediate(() => {
    for (const [key, callback] of callbacks) parser[key] = callback;
  });
}
