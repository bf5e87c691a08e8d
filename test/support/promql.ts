import { parser } from '@prometheus-io/lezer-promql';

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

/** What a query names, and so needs to be there. */
export interface QueryNeeds {
  readonly metrics: readonly MetricNeed[];
  /** Labels that it groups by. */
  readonly groupedBy: readonly string[];
}

/** A metric, with the labels that are looked at and the values that are looked for, where they are plain texts. */
export interface MetricNeed {
  readonly name: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** Reads a query of Prometheus'. Throws where it is none. Grafana's variables have to be replaced before. */
export function parsePromql(query: string): QueryNeeds {
  const metrics: MetricNeed[] = [];
  const groupedBy: string[] = [];
  const textOf = ({ from, to }: SyntaxNode): string => query.slice(from, to);
  parser.parse(query).iterate({
    enter: ({ node, type, from }) => {
      if (type.isError) throw new Error(`This is no PromQL, at character ${from}: ${query}`);
      if (type.name === 'VectorSelector') metrics.push(toNeed(node, textOf));
      if (type.name === 'GroupingLabels') groupedBy.push(...node.getChildren('LabelName').map(textOf));
    },
  });
  return { metrics, groupedBy };
}

function toNeed(selector: SyntaxNode, textOf: (node: SyntaxNode) => string): MetricNeed {
  const name = selector.getChild('Identifier');
  if (!name) throw new Error('A selector without the name of a metric cannot be checked.');
  const matchers = selector.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
  const labels = matchers.map((matcher): [string, string[]] => {
    const [label, value] = [matcher.getChild('LabelName'), matcher.getChild('StringLiteral')].map((node) => (node ? textOf(node) : ''));
    const text = JSON.parse(value as string) as string;
    // A pattern of plain alternatives, a|b, names values too.
    const values =
      matcher.getChild('MatchOp')?.getChild('EqlRegex') || matcher.getChild('MatchOp')?.getChild('NeqRegex') ? text.split('|') : [text];
    return [label as string, values.filter((each) => /^[\w-]+$/.test(each))];
  });
  return { name: textOf(name), labels: Object.fromEntries(labels) };
}
