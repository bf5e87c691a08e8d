// What stands around the gateways in the load test of the rolling restart: nginx with the configuration of deploy/, and a Redis.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const CONFIGURATION = new URL('../../deploy/nginx.conf', import.meta.url);

/** A port that nothing listens on now. */
export async function findFreePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * The configuration of deploy/ with the addresses of this machine. Whatever of it cannot be found any more is an error:
 * a test of another configuration than the one that is shipped would show nothing.
 */
export function toConfiguration(text, { port, gatewayPorts, directory }) {
  const replace = (from, to) => {
    if (!from.test(text)) throw new Error(`deploy/nginx.conf has nothing that matches ${from}`);
    text = text.replaceAll(new RegExp(from, 'g'), to);
  };
  const server = / {4}server gateway-\d:4000 resolve (max_fails=.*;)\n/;
  const options = server.exec(text)?.[1];
  // "resolve" is for names that move; Debian's nginx has it only in newer versions.
  replace(/( {4}server gateway-\d:4000 resolve .*;\n)+/, gatewayPorts.map((each) => `    server 127.0.0.1:${each} ${options}\n`).join(''));
  replace(/ {2}resolver .*\n/, '');
  replace(/listen 8080;/, `listen 127.0.0.1:${port};`);
  replace(/\/tmp\//, `${directory}/`);
  return `daemon off;\n${text}`;
}

/** Starts nginx in front of the gateways on these ports. Rejects where it does not start. */
export async function startBalancer(gatewayPorts) {
  const directory = mkdtempSync(join(tmpdir(), 'balancer-'));
  const port = await findFreePort();
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, toConfiguration(readFileSync(CONFIGURATION, 'utf8'), { port, gatewayPorts, directory }));
  const server = await startServer('nginx', ['-c', file, '-p', directory], port);
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    pid: server.pid,
    stop: () => server.stop().then(() => rmSync(directory, { recursive: true, force: true })),
  };
}

/** Starts a Redis with nothing on disk. */
export async function startRedis() {
  const port = await findFreePort();
  const server = await startServer(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    port,
  );
  return { url: `redis://127.0.0.1:${port}`, pid: server.pid, stop: server.stop };
}

async function startServer(command, args, port) {
  const child = spawn(command, args, { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (output = (output + piece).slice(-4000)));
  let failure = null;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code) => (failure ??= `exit code ${code}`));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  };
  for (let waitedMs = 0; !(await isOpen(port)); waitedMs += 20) {
    if (failure === null && waitedMs > 20_000) failure = 'no answer within 20 seconds';
    if (failure !== null) {
      await stop();
      throw new Error(`${command} cannot be started (${failure}). Debian has it: apt-get install ${command}.\n${output}`);
    }
    await pause(20);
  }
  return { pid: child.pid, stop };
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (open) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
