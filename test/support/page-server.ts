import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web site of one empty page: another origin than any gateway's. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the site. */
export async function startPageServer(): Promise<PageServer> {
  const server = createServer((_request, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!DOCTYPE html><link rel="icon" href="data:,"><title>Another origin</title>'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
