import fastify from 'fastify';
import { createGraphiql } from '../../../src/http/explorer/explorer-graphiql';

/** Asks for a token as the explorer's page does, over a connection that comes from `remoteAddress`. */
async function ask(remoteAddress: string): Promise<number> {
  const app = fastify();
  const example = { idType: 'RUC', id: '80012345', contractNumber: '700100' };
  createGraphiql({ kind: 'graphiql', example, faults: [], issueToken: () => 'a-token', schema: null, trustedOnly: false }).register(app);
  const host = 'localhost:4000';
  const response = await app.inject({
    method: 'POST',
    url: '/graphql/explorer/token',
    remoteAddress,
    headers: { host, origin: `http://${host}` },
  });
  await app.close();
  return response.statusCode;
}

describe("The explorer's token endpoint, asked with the right Host and Origin", () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('answers a peer on this machine: %s', async (address) => {
    expect(await ask(address)).toBe(200);
  });

  it.each(['10.0.0.7', '192.168.1.127', '::ffff:10.0.0.7', 'fe80::1', '203.0.113.9'])('refuses a peer elsewhere: %s', async (address) => {
    expect(await ask(address)).toBe(403);
  });
});
