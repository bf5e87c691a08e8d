import { Lexer, parse, TokenKind, type DocumentNode, type Source } from 'graphql';

/**
 * Parses a file of operations; null where it has nothing but comments, which is no mistake of its author's.
 * @throws GraphQLError with the place.
 */
export function parseDocument(source: Source): DocumentNode | null {
  return new Lexer(source).lookahead().kind === TokenKind.EOF ? null : parse(source);
}
