import fc from 'fast-check';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { Caller } from '../../../../src/billing/model/caller';
import type { CallContext } from '../../../../src/billing/ports/billing-source';
import { AdaptiveLimit } from '../../../../src/upstream/resilience/adaptive-limit';
import { FairLimiter, type Slot, type Waiter } from '../../../../src/upstream/resilience/fair-limiter';
import { TokenLimits } from '../../../../src/upstream/resilience/token-limits';

const TOKENS = ['a', 'b', 'c', 'x', 'y', 'z'];
const REFUSED = new BillingError('unavailable', 'refused');

/** Memory of an operation that has room or none, as the test wants it. */
class Memory {
  hasRoom = true;

  reserve(): number {
    return 0;
  }
}

type State = 'waiting' | 'in flight' | 'ended';

/** A call that leaves, comes anew or withdraws another as soon as it is admitted, as the test wants it. */
class Call implements Waiter {
  readonly context: CallContext;
  readonly #run: Run;
  state: State = 'waiting';
  slot: Slot | null = null;

  constructor(run: Run, token: string, memory: Memory | undefined) {
    this.#run = run;
    this.context = { caller: Caller.parse(`Bearer ${token}`), memory } as unknown as CallContext;
  }

  admit(slot: Slot): void {
    this.#expectWaiting();
    this.state = 'in flight';
    this.slot = slot;
    this.#run.afterAdmission(this);
  }

  refuse(): void {
    this.#expectWaiting();
    this.state = 'ended';
  }

  #expectWaiting(): void {
    if (this.state !== 'waiting') throw new Error(`a call that is ${this.state} is told again`);
  }
}

/** What happens: of what kind, and to which of those that it can happen to. */
interface Step {
  readonly kind: 'call' | 'leave' | 'withdraw' | 'fill' | 'free' | 'accept' | 'refuse' | 'throttle';
  readonly choice: number;
}

class Run {
  readonly calls: Call[] = [];
  readonly #accepted = new Set(['a', 'b', 'c']);
  readonly #memories = [new Memory(), new Memory()];
  readonly #tokenLimits = new TokenLimits();
  readonly #limiter: FairLimiter;
  readonly #atOnce: Step[];
  readonly #maxWaiting: number;
  #nowMs = 0;

  constructor({ slots, maxWaiting, atOnce }: { slots: number; maxWaiting: number; atOnce: readonly Step[] }) {
    const accepted = { has: ({ token }: Caller) => this.#accepted.has(token) };
    this.#limiter = new FairLimiter({
      limit: new AdaptiveLimit({ start: slots, max: slots }),
      tokenLimits: this.#tokenLimits,
      accepted,
      maxWaiting,
    });
    this.#atOnce = [...atOnce];
    this.#maxWaiting = maxWaiting;
  }

  afterAdmission(call: Call): void {
    const step = this.#atOnce.pop();
    if (step?.kind === 'leave') this.#leave(call);
    else if (step) this.take(step);
  }

  take({ kind, choice }: Step): void {
    const token = TOKENS[choice % TOKENS.length] as string;
    const memory = this.#memories[choice % 3];
    switch (kind) {
      case 'call':
        this.#call(token, memory);
        return;
      case 'leave':
        this.#leave(this.#choose('in flight', choice));
        return;
      case 'withdraw':
        this.#withdraw(this.#choose('waiting', choice));
        return;
      case 'fill':
        if (memory) memory.hasRoom = false;
        return;
      case 'free':
        if (memory) memory.hasRoom = true;
        this.#limiter.admitWaiting();
        return;
      case 'accept':
        this.#accepted.add(token);
        this.#limiter.moveAccepted(token);
        this.#limiter.admitWaiting();
        return;
      case 'refuse':
        this.#accepted.delete(token);
        this.#limiter.refuse(({ caller }) => (caller.token === token ? REFUSED : null));
        return;
      case 'throttle':
        this.#tokenLimits.noteRefusal(token, 4, (this.#nowMs += 300));
    }
  }

  /** The limiter counts what there is. */
  expectCounted(): void {
    expect(this.#limiter.waiting).toBe(this.#all('waiting').length);
    expect(this.#limiter.inFlight).toBe(this.#all('in flight').length);
    expect(this.#limiter.waiting).toBeLessThanOrEqual(this.#maxWaiting);
  }

  /** Frees all memory, and has the calls in flight leave until there are none: then nobody waits. */
  end(): void {
    for (const memory of this.#memories) memory.hasRoom = true;
    this.#limiter.admitWaiting();
    for (let call = this.#choose('in flight', 0); call; call = this.#choose('in flight', 0)) this.#leave(call);
    expect([this.#limiter.waiting, this.#limiter.inFlight]).toEqual([0, 0]);
    expect(this.calls.filter(({ state }) => state !== 'ended')).toEqual([]);
  }

  #call(token: string, memory: Memory | undefined): void {
    const call = new Call(this, token, memory);
    const slot = this.#limiter.tryEnter(call.context);
    if (slot) Object.assign(call, { slot, state: 'in flight' });
    this.calls.push(call);
    if (!slot) this.#limiter.enter(call);
  }

  #leave(call: Call | undefined): void {
    if (!call?.slot) return;
    call.state = 'ended';
    this.#limiter.leave(call.slot);
  }

  #withdraw(call: Call | undefined): void {
    if (!call) return;
    call.state = 'ended';
    this.#limiter.withdraw(call);
  }

  #all(state: State): Call[] {
    return this.calls.filter((call) => call.state === state);
  }

  #choose(state: State, choice: number): Call | undefined {
    const calls = this.#all(state);
    return calls[choice % calls.length];
  }
}

const step = (...kinds: Step['kind'][]): fc.Arbitrary<Step> => fc.record({ kind: fc.constantFrom(...kinds), choice: fc.nat(1000) });
const steps = step('call', 'call', 'call', 'call', 'leave', 'leave', 'withdraw', 'fill', 'free', 'accept', 'refuse', 'throttle');

describe('A fair limiter', () => {
  it('admits, refuses or lets go each call once, whatever happens meanwhile, and leaves none waiting', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(steps, { maxLength: 100 }),
        fc.array(step('call', 'leave', 'leave', 'withdraw', 'free', 'accept', 'refuse'), { maxLength: 10 }),
        (slots, maxWaiting, all, atOnce) => {
          const run = new Run({ slots, maxWaiting, atOnce });
          for (const each of all) {
            run.take(each);
            run.expectCounted();
          }
          run.end();
        },
      ),
      { numRuns: 300 },
    );
  });
});
