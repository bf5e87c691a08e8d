// The load, a process of its own: so many connections, each with one request under way, for so many seconds. Requests
// are bytes made beforehand, and of an answer only the status and the length are looked at, so that it costs little;
// what an answer holds was checked before (see measure.mjs), and one of another length counts as an error.
import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

/** One kept-alive connection. Reads answers that have a content-length, as all contestants' have. */
class Connection {
  #socket;
  #head = null;
  #missing = 0;
  #status = 0;
  #length = 0;
  #answered = null;
  #failed = null;

  constructor({ hostname, port }) {
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('data', (piece) => this.#read(piece));
    this.#socket.on('error', (error) => this.#failed?.(error));
    this.#socket.on('close', () => this.#failed?.(new Error('the connection was closed')));
  }

  /** Sends a request; resolves with the answer's status and the length of its body in bytes. */
  ask(bytes) {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(bytes);
    });
  }

  close() {
    this.#failed = null;
    this.#socket.destroy();
  }

  #read(piece) {
    if (this.#missing > 0) {
      this.#take(piece.length);
      return;
    }
    this.#head = this.#head === null ? piece : Buffer.concat([this.#head, piece]);
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#head.latin1Slice(0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#failed?.(new Error('an answer has no content-length'));
      return;
    }
    this.#status = Number(head.slice(9, 12));
    this.#length = this.#missing = Number(length);
    const rest = this.#head.length - end - HEAD_END.length;
    this.#head = null;
    this.#take(rest);
  }

  #take(bytes) {
    this.#missing -= bytes;
    if (this.#missing > 0) return;
    if (this.#missing < 0) this.#failed?.(new Error('more came than was asked for'));
    else this.#answered?.({ status: this.#status, length: this.#length });
  }
}

/** `token`: null sends none. */
function toBytes({ method, path, body, token = 'bench-token' }, host) {
  const headers = [`host: ${host}`, 'accept: */*'];
  if (token !== null) headers.push(`authorization: Bearer ${token}`);
  if (body !== null) headers.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body ?? ''}`);
}

/** Runs the load. `lengths` are those of the right answers, request by request; null where they are not looked at. */
async function run({ url, requests, status: expected = 200, lengths, connections, seconds }) {
  const address = new URL(url);
  const prepared = requests.map((request) => toBytes(request, address.host));
  const endMs = performance.now() + seconds * 1000;
  const problems = [];
  let sent = 0;
  const work = async () => {
    const connection = new Connection(address);
    try {
      do {
        const index = sent++ % prepared.length;
        const { status, length } = await connection.ask(prepared[index]);
        if (status !== expected || (lengths && length !== lengths[index]))
          problems.push(`HTTP ${status} with ${length} bytes instead of ${expected} with ${lengths?.[index]}`);
      } while (performance.now() < endMs && problems.length === 0);
    } catch (error) {
      problems.push(error.message);
    } finally {
      connection.close();
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: connections }, work));
  return { requests: sent, seconds: (performance.now() - startedMs) / 1000, problems };
}

process.on('message', (order) => run(order).then((result) => process.send(result)));
process.on('disconnect', () => process.exit());
