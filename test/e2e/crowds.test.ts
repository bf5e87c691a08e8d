import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../support/cache-fixtures';
import { spawnGateway, type GatewayProcess } from '../support/gateway-process';
import { startMeteredGateway, type MeteredGateway } from '../support/metered-gateway';
import { good } from '../support/scripted-gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const CROWD = 150;
/** Enough for a call to be made and answered meanwhile, on a slow machine too. */
const LARGE_CROWD = 450;
/** Large bodies, and requests that one caller makes meanwhile, one after the other: each takes several turns of the event loop. */
const LARGE_BODIES = 24;
const SMALL_REQUESTS = 20;
/** What one turn of the event loop may take, in milliseconds of CPU time. */
const MAX_TURN_MS = 100;
const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "0991234567") { dueDate } } }';

function toPost(query: string, token: string | null, members = '}'): string {
  const body = JSON.stringify({ query }).slice(0, -1) + members;
  const authorization = token === null ? '' : `Authorization: Bearer ${token}\r\n`;
  return `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${authorization}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A document that nobody has sent before, which takes some milliseconds to be refused. */
const toCostly = (n: number): string =>
  `query(${Array.from({ length: 190 }, (_, index) => `$v${index}x${n}: Int`).join(' ')}) { __typename }`;

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function send(socket: Socket, request: string): Promise<string> {
  socket.write(request);
  return ((await once(socket, 'data')) as [Buffer])[0].toString('latin1');
}

describe('Many requests at once that each take some milliseconds', () => {
  let upstream: ScriptedUpstream;
  let sockets: Socket[];
  beforeEach(async () => {
    upstream = await startScriptedUpstream((request) => good(request));
    sockets = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await upstream.close();
  });

  describe('without an accepted token', () => {
    let gateway: GatewayProcess;
    afterEach(() => gateway.kill());

    it.each([
      ['have none', null],
      ['have one that was made up', 'junk'],
    ])('are not waited for by a caller with an accepted one: they %s', async (_what, token) => {
      gateway = spawnGateway({ BILLING_API_URL: upstream.url, NODE_ENV: 'production', HOST: '127.0.0.1', CACHE_TTL_SECONDS: '0' });
      const port = Number(new URL(await gateway.ready()).port);
      for (let index = 0; index <= LARGE_CROWD; index++) sockets.push(await open(port));
      const [genuine, ...crowd] = sockets as [Socket, ...Socket[]];
      // All connections have been used, and the genuine caller's operation is known.
      for (let times = 0; times < 3; times++) expect(await send(genuine, toPost(QUERY, 'genuine'))).toMatch(/^HTTP\/1\.1 200/);
      await Promise.all(crowd.map((socket) => send(socket, toPost('{ __typename }', null))));
      const order: Socket[] = [];
      for (const socket of sockets) socket.on('data', () => order.push(socket));
      // What is sent to a process that is stopped is there in one turn of its event loop.
      gateway.child.kill('SIGSTOP');
      for (const [index, socket] of crowd.entries()) socket.write(toPost(toCostly(index), token));
      await until(() => crowd.every(({ writableLength }) => writableLength === 0));
      genuine.write(toPost(QUERY, 'genuine'));
      await until(() => genuine.writableLength === 0);
      gateway.child.kill('SIGCONT');
      await until(() => order.length === sockets.length);
      expect(order.indexOf(genuine)).toBeLessThan(LARGE_CROWD / 2);
    });
  });

  it('with large bodies and made-up tokens take a small part of the time of a caller with an accepted one', async () => {
    const gateway = spawnGateway({ BILLING_API_URL: upstream.url, NODE_ENV: 'production', HOST: '127.0.0.1', CACHE_TTL_SECONDS: '0' });
    try {
      const port = Number(new URL(await gateway.ready()).port);
      for (let index = 0; index <= LARGE_BODIES; index++) sockets.push(await open(port));
      const [genuine, ...crowd] = sockets as [Socket, ...Socket[]];
      for (let times = 0; times < 3; times++) expect(await send(genuine, toPost(QUERY, 'genuine'))).toMatch(/^HTTP\/1\.1 200/);
      const answers: string[] = [];
      for (const socket of crowd) socket.once('data', (chunk: Buffer) => answers.push(chunk.toString('latin1')));
      const padding = `,"variables":{"a":[${'{},'.repeat(80_000)}{}]}}`;
      for (const [index, socket] of crowd.entries()) socket.write(toPost(QUERY, `junk-${index}`, padding));
      // The last one is no junk: a first request may be large, and the others are in front of it.
      const newcomer = await open(port);
      sockets.push(newcomer);
      const first = send(newcomer, toPost(QUERY, 'newcomer', `,"extensions":{"a":"${'x'.repeat(100_000)}"}}`));
      await until(() => answers.length > 0);
      const before = answers.length;
      for (let times = 0; times < SMALL_REQUESTS; times++) expect(await send(genuine, toPost(QUERY, 'genuine'))).toMatch(/^HTTP\/1\.1 200/);
      // A turn of the event loop for each of them would have answered all.
      expect(answers.length - before).toBeLessThan(LARGE_BODIES / 2);
      expect(await first).toMatch(/^HTTP\/1\.1 200/);
    } finally {
      await gateway.kill();
    }
  }, 60_000);

  it('with large bodies and made-up tokens wait up to a number, and the others give their bodies up', async () => {
    const gateway = spawnGateway({ BILLING_API_URL: upstream.url, NODE_ENV: 'production', HOST: '127.0.0.1', CACHE_TTL_SECONDS: '0' });
    try {
      const port = Number(new URL(await gateway.ready()).port);
      for (let index = 0; index < 100; index++) sockets.push(await open(port));
      // Larger than what may come without a token, and small enough to be read at once.
      const request = toPost(QUERY, 'junk', `,"extensions":{"a":"${'x'.repeat(40_000)}"}}`);
      const answers = sockets.map((socket) => send(socket, request.slice(0, -1)));
      await until(() => sockets.every(({ writableLength }) => writableLength === 0));
      // What came before this has been read when it is answered.
      const probe = await open(port);
      sockets.push(probe);
      for (let times = 0; times < 3; times++) await send(probe, 'GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n');
      gateway.child.kill('SIGSTOP');
      const crowd = sockets.slice(0, 100);
      for (const socket of crowd) socket.write(request.slice(-1));
      await until(() => crowd.every(({ writableLength }) => writableLength === 0));
      gateway.child.kill('SIGCONT');
      const statuses = (await Promise.all(answers)).map((answer) => answer.slice(9, 12));
      expect(new Set(statuses)).toEqual(new Set(['200', '408']));
    } finally {
      await gateway.kill();
    }
  }, 60_000);

  describe('take many turns of the event loop', () => {
    let gateway: MeteredGateway;
    let sent = 0;
    beforeEach(async () => {
      gateway = await startMeteredGateway({ BILLING_API_URL: upstream.url });
      for (let index = 0; index < CROWD; index++) sockets.push(await open(gateway.port));
    });
    afterEach(() => gateway.close());

    it.each([
      ['no token', null],
      ['a token that was made up', 'junk'],
      ['an accepted token', 'accepted'],
    ])('with %s', async (_what, token) => {
      await Promise.all(sockets.map((socket) => send(socket, toPost('{ __typename }', token))));
      if (token === 'accepted') expect(await send(sockets[0] as Socket, toPost(QUERY, token))).toMatch(/^HTTP\/1\.1 200/);
      let least = Infinity;
      for (let round = 0; least > MAX_TURN_MS && round < 5; round++) {
        await gateway.measure();
        const answers = await Promise.all(sockets.map((socket) => send(socket, toPost(toCostly(sent++), token))));
        for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 400/);
        least = Math.min(least, (await gateway.measure()).turnMs);
      }
      expect(least).toBeLessThan(MAX_TURN_MS);
    });
  });
});
