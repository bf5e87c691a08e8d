import calculateSlot from 'cluster-key-slot';
import { monotonicMs } from '../../../runtime/clock';
import type { StoredValues } from '../../entries/entry-store';
import { NodeHealth } from './node-health';
import { Outage, type OutageListener } from './outage';
import type { ClusterClient } from '../redis-client';

/** What the nodes of a cluster are watched with. */
export interface ClusterNodesOptions {
  /** Called once for each outage of a node. */
  readonly listener: OutageListener;
  /** Called when an outage begins, and when none is left. */
  readonly changed: (isOut: boolean) => void;
  /** The same for nodes that can be read and take no entries. */
  readonly writes: Pick<ClusterNodesOptions, 'listener' | 'changed'>;
  /** Called whenever a node responded in time. */
  readonly responded: () => void;
  /** How long an operation waits for all of them, in milliseconds. */
  readonly waitLimitMs: number;
}

/** How values are read from the nodes of a cluster. */
export interface NodeReads {
  readonly ask: (node: NodeHealth, names: string[]) => Promise<StoredValues>;
  /** Called instead for a node that is out. */
  readonly probe: (node: NodeHealth, names: string[]) => void;
  readonly failed: (node: NodeHealth, error: unknown) => void;
}

/** What is known of the nodes of a cluster, each by itself: one that is out costs its own keys, and nothing else. */
export class ClusterNodes {
  readonly #options: ClusterNodesOptions;
  /** By address. */
  readonly #nodes = new Map<string, NodeHealth>();
  #out = 0;
  /** Nodes that take no entries. */
  #full = 0;

  constructor(options: ClusterNodesOptions) {
    this.#options = options;
  }

  isOut(address: string): boolean {
    return this.#nodes.get(address)?.outage.isOn === true;
  }

  /** Whether no node is left that responds. */
  areAllOut({ masters }: ClusterClient): boolean {
    return this.#out > 0 && masters.every(({ address }) => this.isOut(address));
  }

  /** Lets the next entry for each node be tried. */
  probeWrites(): void {
    for (const { writes } of this.#nodes.values()) writes.probeNow();
  }

  /** The node that has a name now; null where no node has it. */
  of(client: ClusterClient, name: string): NodeHealth | null {
    if (this.#out + this.#full > 0) this.#forgetOthers(client);
    const shard = client.slots[calculateSlot(name)];
    if (!shard) return null;
    const { address } = shard.master;
    let node = this.#nodes.get(address);
    if (!node) this.#nodes.set(address, (node = this.#open(address)));
    return node;
  }

  /** Each value from the node that has it. What a node has that is out is not waited for. Never rejects. */
  async read(client: ClusterClient, names: readonly string[], { ask, probe, failed }: NodeReads): Promise<StoredValues> {
    const values: (Buffer | undefined)[] = [];
    const readFrom = async (node: NodeHealth, places: readonly number[]): Promise<void> => {
      const own = places.map((place) => names[place] as string);
      if (node.outage.isOn) {
        probe(node, own);
        return;
      }
      try {
        const found = await ask(node, own);
        places.forEach((place, index) => (values[place] = found[index]));
      } catch (error) {
        failed(node, error);
      }
    };
    await Promise.all(Array.from(this.#byNode(client, names), ([node, places]) => readFrom(node, places)));
    return values;
  }

  /** The places of names, by the node that has them now. */
  #byNode(client: ClusterClient, names: readonly string[]): Map<NodeHealth, number[]> {
    const places = new Map<NodeHealth, number[]>();
    names.forEach((name, place) => {
      const node = this.of(client, name);
      const known = node && places.get(node);
      if (known) known.push(place);
      else if (node) places.set(node, [place]);
    });
    return places;
  }

  #open(address: string): NodeHealth {
    const { listener, changed, writes, responded, waitLimitMs } = this.#options;
    const ofNode: OutageListener = {
      began: (reason, advice) => listener.began(`node ${address}: ${reason}`, advice),
      ended: () => listener.ended(),
    };
    const onChange = (isOut: boolean): void => {
      this.#out += isOut ? 1 : -1;
      if (isOut || this.#out === 0) changed(isOut);
    };
    const ofWrites: OutageListener = {
      began: (reason, advice) => writes.listener.began(`node ${address}: ${reason}`, advice),
      ended: () => {
        if (this.#full === 0) writes.listener.ended();
      },
    };
    const onWritesChange = (isOut: boolean): void => {
      this.#full += isOut ? 1 : -1;
      if (isOut || this.#full === 0) writes.changed(isOut);
    };
    const outages = { outage: new Outage(ofNode, onChange), writes: new Outage(ofWrites, onWritesChange) };
    return new NodeHealth({ ...outages, waitLimitMs, responded });
  }

  /** A node whose slots other nodes have taken over is no longer out. */
  #forgetOthers({ nodeByAddress }: ClusterClient): void {
    for (const [address, { outage, writes }] of this.#nodes) {
      if (nodeByAddress.has(address)) continue;
      this.#nodes.delete(address);
      outage.succeeded(monotonicMs());
      writes.succeeded(monotonicMs());
    }
  }
}
