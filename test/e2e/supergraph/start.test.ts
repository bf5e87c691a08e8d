import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { repository } from '../../support/documents';
import { spawnCommand } from '../../support/gateway-process';

/** Starts the example as `npm run supergraph` does, once it is built, and reads the command that it prints. */
function startExample(router: string): Promise<{ child: ChildProcess; url: string; authorization: string; body: string }> {
  const child = spawn(process.execPath, [join(__dirname, 'start.cjs'), '--router', router, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
      const [, url, authorization, body] =
        /curl -s (\S+) -H 'Content-Type: application\/json' -H 'Authorization: ([^']+)' -d '([^']+)'\n/.exec(printed) ?? [];
      if (url !== undefined) resolve({ child, url, authorization: authorization!, body: body! });
    });
    child.once('exit', () => reject(new Error(`The example ended: ${printed}`)));
  });
}

describe('The example supergraph', () => {
  it.each(['apollo', 'hive'])('starts with one command behind %s, prints a query that works, and ends on a signal', async (router) => {
    const { child, url, authorization, body } = await startExample(router);
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', authorization }, body });
    const { data, errors } = (await response.json()) as { data: { account: unknown }; errors?: unknown };
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(errors).toBeUndefined();
    expect(data.account).toMatchObject({
      customer: { legalName: 'Distribuidora del Este S.A.' },
      contracts: [
        {
          number: '700100',
          lineCount: 12,
          dueDate: '2025-07-15',
          invoices: { nodes: [{ number: '001100009000000' }, { number: '001100008999999' }] },
        },
        { number: '700101', lineCount: 880 },
        { number: '700102', lineCount: 1, invoices: { nodes: [] } },
        { number: '700103', lineCount: 4 },
      ],
    });
  });

  it.each([
    ['test/e2e/supergraph/start.cjs', '--router', 'apollo'],
    ['test/e2e/supergraph/start.cjs', '--router', 'hive'],
    ['examples/react/start.cjs'],
  ])('says what to do where its port is in use: %s %s %s', async (file, ...options) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const example = spawnCommand('node', [join(repository, file), ...options, '--port', String(port)], {
      cwd: repository,
      env: { PATH: process.env['PATH'] },
    });
    expect(await example.exited).toBe(1);
    expect(example.stderr()).toContain(`Port ${port} is in use: stop what listens there, or choose another one with --port`);
    expect(example.stderr()).not.toMatch(/^ +at /m);
    other.close();
  });
});
