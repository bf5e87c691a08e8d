import type { FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import { admit } from '../../graphql/limits/admission';
import type { TrustedDocuments } from '../../graphql/limits/trusted-documents';

/** Refuses, before GraphQL sees them, requests that hold several operations, and documents that are not trusted. */
export function createAdmissionHook(trusted: TrustedDocuments | null): preHandlerHookHandler {
  return (request, reply, done) => {
    if (Array.isArray(request.body)) {
      refuse(
        reply,
        'BAD_REQUEST',
        'A request holds one operation: send several operations as several requests, or put their fields into one.',
      );
      return;
    }
    if (!trusted) {
      done();
      return;
    }
    if (request.method === 'GET') admitGet(request, reply, trusted, done);
    else admitBody(request, reply, trusted, done);
  };
}

function admitBody(request: FastifyRequest, reply: FastifyReply, trusted: TrustedDocuments, done: () => void): void {
  const { body } = request;
  if (typeof body !== 'object' || body === null) {
    done();
    return;
  }
  const admission = admit(body, trusted);
  if (admission.kind === 'refuse') {
    refuse(reply, admission.code, admission.message);
    return;
  }
  // The text takes the place of whatever else named it: an id may be any text, and is not to be checked as a hash again.
  if (admission.kind === 'run') request.body = { ...body, query: admission.text, documentId: null, extensions: null };
  done();
}

function admitGet(request: FastifyRequest, reply: FastifyReply, trusted: TrustedDocuments, done: () => void): void {
  const [path = '', search = ''] = request.url.split('?', 2);
  const params = new URLSearchParams(search);
  // A name that is there twice is refused later on; here, none of the two may slip through.
  const texts = params.getAll('query');
  const query = texts.find((text) => !trusted.hasText(text)) ?? texts[0];
  const admission = admit(
    { query, documentId: params.get('documentId') ?? undefined, extensions: parseJson(params.get('extensions')) },
    trusted,
  );
  if (admission.kind === 'refuse') {
    refuse(reply, admission.code, admission.message);
    return;
  }
  if (admission.kind === 'run') {
    params.delete('documentId');
    params.delete('extensions');
    params.set('query', admission.text);
    request.raw.url = `${path}?${params.toString()}`;
  }
  done();
}

function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuse(reply: FastifyReply, code: string, message: string): void {
  void reply
    .code(400)
    .header('cache-control', 'no-store')
    .send({ errors: [{ message, extensions: { code } }] });
}
