import { connect, type Socket } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startGateway, type Gateway } from '../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

// All answers are written in one buffer. A client that reads slowly must get its own answer, whoever asks meanwhile: this
// fails where an answer is sent out of that buffer without a copy.

const PAGE = 'contract(number: $number) { dueDate invoices(first: 1000) { nodes { number contractNumber billPeriod amount status } } }';
/** More than the kernel takes for a client that reads nothing. */
const QUERY = `query Long($number: ID!) { customer(idType: "RUC", id: "80012345") { ${Array.from({ length: 60 }, (_, index) => `a${index}: ${PAGE}`).join(' ')} } }`;

describe('A long answer', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  const executions = jest.spyOn(ApolloServer.prototype, 'executeOperation');

  beforeAll(async () => {
    upstream = await startScriptedUpstream(({ url, headers }) => ({
      body: toBillsBody(toAskedBills(url), 1000, { dueDate: headers.authorization }),
    }));
    gateway = await startGateway({ NODE_ENV: 'production', BILLING_API_URL: upstream.url, MAX_ALIASES: '100', MAX_RESULTS: '1000000' });
  });
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  const ask = async (token: string, number: string): Promise<string> => (await gateway.query(QUERY, { number }, { token })).text;

  it("is its own caller's, however slowly it is read", async () => {
    const [first, second, others] = [await ask('slow', '1001'), await ask('slow', '1003'), await ask('other', '2002')];
    expect(first.length).toBeGreaterThan(5_000_000);
    expect(first).toContain('Bearer slow');
    executions.mockClear();
    const slow = await connectSlowly(gateway.port);
    const before = upstream.requests.length;
    slow.write(toRequest('1001', 'keep-alive') + toRequest('1003', 'close'));
    await upstream.waitForRequests(before + 2);
    for (let i = 0; i < 5; i++) expect((await ask('other', '2002')) === others).toBe(true);
    const bodies = await readBodies(slow);
    expect(bodies.map((body, index) => body === [first, second][index])).toEqual([true, true]);
    expect(executions).not.toHaveBeenCalled();
  });

  it('costs no other its own when its client goes away in its middle', async () => {
    const others = await ask('other', '2002');
    for (let i = 0; i < 3; i++) {
      const gone = await connectSlowly(gateway.port);
      gone.write(toRequest('1001', 'keep-alive'));
      await new Promise((resolve) => gone.once('readable', resolve));
      const asking = ask('other', '2002');
      gone.destroy();
      expect((await asking) === others).toBe(true);
    }
  });
});

/** A connection on which nothing is read until somebody asks for it. */
async function connectSlowly(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket.pause();
}

function toRequest(number: string, connection: string): string {
  const body = JSON.stringify({ query: QUERY, variables: { number } });
  return `POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Type: application/json\r\nAuthorization: Bearer slow\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** The bodies of all answers on a connection that the other side closes, each with its length in its headers. */
async function readBodies(socket: Socket): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  let text = Buffer.concat(chunks).toString('latin1');
  const bodies: string[] = [];
  while (text.length > 0) {
    const start = text.indexOf('\r\n\r\n') + 4;
    const end = start + Number(/content-length: (\d+)/i.exec(text.slice(0, start))?.[1]);
    bodies.push(text.slice(start, end));
    text = text.slice(end);
  }
  return bodies;
}
