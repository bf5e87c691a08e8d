import type { LookupAddress } from 'node:dns';
import { NameLookup } from '../../../../src/upstream/sockets/name-lookup';

const OLD: LookupAddress[] = [{ address: '192.0.2.1', family: 4 }];
const NEW: LookupAddress[] = [{ address: '192.0.2.2', family: 4 }];
type Outcome = string | LookupAddress[];

/** DNS as a test has it: pending lookups are answered by the test, with addresses or an error's code. */
class Dns {
  readonly told: string[] = [];
  readonly #pending: ((outcome: Outcome) => void)[] = [];
  readonly #lookup: NameLookup;
  lookups = 0;

  constructor(limitMs: number) {
    this.#lookup = new NameLookup(limitMs, { nameUnresolved: ({ reason }) => this.told.push(reason) }, (_hostname, _options, callback) => {
      this.lookups++;
      this.#pending.push((outcome) =>
        typeof outcome === 'string' ? callback(Object.assign(new Error(), { code: outcome }), []) : callback(null, outcome),
      );
    });
  }

  ask(): Promise<Outcome> {
    return new Promise((resolve) =>
      this.#lookup.resolve('billing.example', { all: true }, (error, addresses) => resolve(error ? (error.code ?? '') : addresses)),
    );
  }

  answer(outcome: Outcome): void {
    for (const answer of this.#pending.splice(0)) answer(outcome);
  }
}

describe('The lookup of a name', () => {
  it('is made once for all who ask while it is pending, and again for those who come later', async () => {
    const dns = new Dns(60_000);
    const asked = Promise.all([dns.ask(), dns.ask(), dns.ask()]);
    dns.answer(OLD);
    expect(await asked).toEqual([OLD, OLD, OLD]);
    const later = dns.ask();
    dns.answer(NEW);
    expect([await later, dns.lookups]).toEqual([NEW, 2]);
  });

  it('fails for all who ask where no address is known, with the code or the time that it took', async () => {
    const dns = new Dns(60_000);
    const failing = Promise.all([dns.ask(), dns.ask()]);
    dns.answer('EAI_AGAIN');
    expect(await failing).toEqual(['EAI_AGAIN', 'EAI_AGAIN']);
    const hurried = new Dns(20);
    expect(await hurried.ask()).toBe('no answer from DNS within 20 ms');
    // Whoever asks next waits for the same lookup.
    const next = hurried.ask();
    hurried.answer(OLD);
    expect([await next, hurried.lookups, [...dns.told, ...hurried.told]]).toEqual([OLD, 1, []]);
  });

  it('gives the last known addresses while DNS fails, without waiting, says so once, and asks on', async () => {
    const dns = new Dns(60_000);
    const first = dns.ask();
    dns.answer(OLD);
    await first;
    const failing = dns.ask();
    dns.answer('EAI_AGAIN');
    expect(await failing).toEqual(OLD);
    expect([await dns.ask(), await dns.ask(), dns.lookups]).toEqual([OLD, OLD, 3]);
    dns.answer('EAI_AGAIN');
    expect([await dns.ask(), dns.told]).toEqual([OLD, ['EAI_AGAIN']]);
    dns.answer(NEW);
    const after = dns.ask();
    dns.answer(NEW);
    expect(await after).toEqual(NEW);
    const again = dns.ask();
    dns.answer('EAI_FAIL');
    expect([await again, dns.told]).toEqual([NEW, ['EAI_AGAIN', 'EAI_FAIL']]);
  });

  it('gives the last known addresses where DNS does not answer, until it does', async () => {
    const dns = new Dns(60_000);
    const first = dns.ask();
    dns.answer(OLD);
    await first;
    expect([await dns.ask(), await dns.ask(), dns.lookups]).toEqual([OLD, OLD, 2]);
    expect(dns.told).toEqual(['no answer from DNS within 1000 ms']);
    dns.answer(NEW);
    const after = dns.ask();
    dns.answer(NEW);
    expect(await after).toEqual(NEW);
  });

  it('gives no address of a name that does not exist any more', async () => {
    const dns = new Dns(60_000);
    const first = dns.ask();
    dns.answer(OLD);
    await first;
    const gone = dns.ask();
    dns.answer('ENOTFOUND');
    expect([await gone, dns.told]).toEqual(['ENOTFOUND', []]);
  });
});
