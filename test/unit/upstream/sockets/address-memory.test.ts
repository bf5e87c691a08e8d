import type { LookupAddress } from 'node:dns';
import { AddressMemory } from '../../../../src/upstream/sockets/address-memory';

const ADDRESSES: LookupAddress[] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => ({ address, family: 4 }));
const namesOf = (memory: AddressMemory): Promise<string[]> =>
  new Promise((resolve, reject) =>
    memory.options.lookup('billing.example', { all: true }, (error, found) =>
      error ? reject(error) : resolve((found as LookupAddress[]).map(({ address }) => address)),
    ),
  );

describe('The memory of addresses', () => {
  it('puts the address that was reached last first, as long as the name has it', async () => {
    let addresses = ADDRESSES;
    const memory = new AddressMemory((_hostname, _options, callback) => callback(null, addresses), 8000);
    expect(await namesOf(memory)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    memory.reached('192.0.2.2');
    expect(await namesOf(memory)).toEqual(['192.0.2.2', '192.0.2.1', '192.0.2.3']);
    addresses = [ADDRESSES[2] as LookupAddress];
    expect(await namesOf(memory)).toEqual(['192.0.2.3']);
  });

  it('puts the address that was of no use last, until it is reached again', async () => {
    const memory = new AddressMemory((_hostname, _options, callback) => callback(null, ADDRESSES), 8000);
    memory.reached('192.0.2.1');
    memory.useless('192.0.2.1');
    expect(await namesOf(memory)).toEqual(['192.0.2.2', '192.0.2.3', '192.0.2.1']);
    memory.reached('192.0.2.3');
    expect(await namesOf(memory)).toEqual(['192.0.2.3', '192.0.2.2', '192.0.2.1']);
    memory.reached('192.0.2.1');
    expect(await namesOf(memory)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  });

  it('gives the first one where only one is asked for, and passes errors on', async () => {
    const memory = new AddressMemory((_hostname, _options, callback) => callback(null, ADDRESSES), 8000);
    memory.reached('192.0.2.3');
    const one = await new Promise((resolve) => memory.options.lookup('billing.example', {}, (...found) => resolve(found)));
    expect(one).toEqual([null, '192.0.2.3', 4]);
    const failing = new AddressMemory(
      (_hostname, _options, callback) => callback(Object.assign(new Error(), { code: 'ENOTFOUND' }), []),
      8000,
    );
    await expect(namesOf(failing)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('gives addresses more time where none was reached, or one has worked: up to a quarter of what an attempt may take', () => {
    const memory = new AddressMemory(() => undefined, 3600);
    const timeOf = ({ options }: AddressMemory): number => options.autoSelectFamilyAttemptTimeout;
    const times = [timeOf(memory)];
    for (let i = 0; i < 4; i++) {
      memory.reachedNone();
      times.push(timeOf(memory));
    }
    expect(times).toEqual([250, 500, 900, 900, 900]);
    const proven = new AddressMemory(() => undefined, 3600);
    proven.reached('192.0.2.1');
    expect(timeOf(proven)).toBe(900);
    proven.useless('192.0.2.1');
    expect(timeOf(proven)).toBe(250);
    const hurried = new AddressMemory(() => undefined, 100);
    hurried.reachedNone();
    expect(timeOf(hurried)).toBe(250);
  });
});
