import { RequestSlots, UNACCEPTED, type RequestSlot } from '../../../../src/http/connection/request-slots';

const SLOTS = 800;
const UNCOUNTED = SLOTS / 8;

describe('The slots for requests under way', () => {
  let slots: RequestSlots<string>;
  /** How often it was asked whose a request is. */
  let asked: number;
  beforeEach(() => {
    asked = 0;
    slots = new RequestSlots(SLOTS, (owner) => {
      asked++;
      return owner;
    });
  });

  /** Takes as many as the owner gets. */
  function fill(owner: string): RequestSlot[] {
    const taken: RequestSlot[] = [];
    for (let slot = slots.take(owner); slot; slot = slots.take(owner)) taken.push(slot);
    expect(slots.hasFree(owner)).toBe(false);
    return taken;
  }

  it('are half at most those of tokens that were never accepted, beside the uncounted ones', () => {
    expect(fill(UNACCEPTED)).toHaveLength(UNCOUNTED + (SLOTS - UNCOUNTED) / 2);
  });

  it('are nearly all one accepted token’s if nobody else needs them, and there is always one for another', () => {
    expect(fill('alone').length).toBeGreaterThan(SLOTS * 0.94);
    for (const owner of ['second', 'third', 'fourth', UNACCEPTED]) expect(slots.take(owner)).not.toBeNull();
  });

  it('go to accepted tokens when those without one have taken theirs, and come back to those', () => {
    fill(UNACCEPTED);
    const accepted = fill('accepted');
    expect(accepted.length).toBeGreaterThan(SLOTS * 0.4);
    expect(slots.take(UNACCEPTED)).toBeNull();
    for (const slot of accepted) slots.give(slot);
    expect(slots.taken).toBe(UNCOUNTED + (SLOTS - UNCOUNTED) / 2);
    expect(slots.take('accepted')).not.toBeNull();
  });

  it('are shared evenly by two that take all they get', () => {
    const counts = { a: 0, b: 0 };
    for (let turn = 0; turn < 2 * SLOTS; turn++) for (const owner of ['a', 'b'] as const) if (slots.take(owner)) counts[owner]++;
    expect(Math.abs(counts.a - counts.b)).toBeLessThanOrEqual(1);
    expect(slots.taken).toBeGreaterThan(SLOTS * 0.96);
  });

  it('cost no question whose a request is while few are taken, and are never more than there are', () => {
    for (let taken = 0; taken < UNCOUNTED; taken++) expect(slots.take('someone')).toEqual({ owner: null });
    expect(asked).toBe(0);
    for (let owner = 0; owner < 2 * SLOTS; owner++) slots.take(`owner-${owner}`);
    expect(slots.taken).toBe(SLOTS);
    expect(slots.hasFree('late')).toBe(false);
  });

  it('are all free again when all were returned', () => {
    const taken = [...fill(UNACCEPTED), ...fill('a'), ...fill('b')];
    for (const slot of taken) slots.give(slot);
    expect(slots.taken).toBe(0);
    expect(fill('a').length).toBeGreaterThan(SLOTS * 0.94);
  });

  it('are free however often one was taken and returned while nobody was counted', () => {
    for (let times = 0; times < 20 * SLOTS; times++) slots.give(slots.take('someone')!);
    expect([slots.taken, asked, slots.hasFree('someone'), slots.hasFree(UNACCEPTED)]).toEqual([0, 0, true, true]);
    fill('a');
  });

  it('let anyone in where there is only one', () => {
    for (const owner of [UNACCEPTED, 'accepted']) expect(new RequestSlots<string>(1, () => owner).take(owner)).not.toBeNull();
  });
});
