import type { FastifyError, FastifyReply } from 'fastify';

/** Messages for what can be wrong with a request before GraphQL sees it, by Fastify's code. */
const MESSAGES: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The address of the request cannot be read.',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The request body must be JSON: send the header "Content-Type: application/json".',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The request body is empty; it must be a JSON object with a "query".',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The request body is not JSON.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The request body is not as long as its Content-Length says.',
};

/** Answers a request that never reached GraphQL in the shape that GraphQL clients read. */
export function toHttpError(error: unknown, reply: FastifyReply): FastifyReply {
  const { statusCode, code } = error as Partial<FastifyError>;
  const isClients = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  const message =
    code === 'FST_ERR_CTP_BODY_TOO_LARGE'
      ? toTooLarge(reply)
      : (code !== undefined && MESSAGES[code]) || (isClients ? 'The request is not well formed.' : 'Something went wrong in the gateway.');
  return reply
    .code(isClients ? statusCode : 500)
    .header('cache-control', 'no-store')
    .send({ errors: [{ message, extensions: { code: isClients ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR' } }] });
}

function toTooLarge(reply: FastifyReply): string {
  return (
    `The request body is larger than the ${reply.server.initialConfig.bodyLimit ?? 0} bytes that are ` +
    `allowed (MAX_REQUEST_BYTES). Split the operation, or send fewer variables at once.`
  );
}
