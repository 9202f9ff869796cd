/** Generates random selections on `messageAdded`. Their documents are always valid. */
import fc from 'fast-check';

type TypeName = 'Message' | 'User' | 'Room';

/** A field, an inline fragment or a fragment spread. */
interface Node {
  kind: 'field' | 'inline' | 'spread';
  type: TypeName;
  name: string;
  alias: string;
  directives: Directive[];
  /** Whether an inline fragment has a type condition. */
  named: boolean;
  children: Node[];
}

interface Directive {
  name: 'include' | 'skip';
  /** A variable or a constant. */
  condition: '$a' | '$b' | '$c' | 'true' | 'false';
}

/** The values of the variables. `c` has a default and may be missing. Null for `c` is an error. */
export interface Values {
  a: boolean;
  b: boolean;
  c: boolean | null | undefined;
}

export interface RandomSelection {
  nodes: Node[];
  defaultOfC: boolean;
  values: Values;
}

const LEAVES: Record<TypeName, string[]> = {
  Message: ['id', 'roomId', 'content', 'createdAt', '__typename'],
  User: ['id', 'name', '__typename'],
  Room: ['id', 'connectionCount', '__typename'],
};
const BRANCHES: Record<TypeName, Record<string, TypeName>> = {
  Message: { author: 'User', room: 'Room' },
  User: {},
  Room: { lastMessage: 'Message' },
};

const directives = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Directive[]>([]) },
  {
    weight: 1,
    arbitrary: fc.uniqueArray(
      fc.record<Directive>({
        name: fc.constantFrom('include', 'skip'),
        condition: fc.constantFrom('$a', '$b', '$c', 'true', 'false'),
      }),
      { selector: ({ name }) => name, minLength: 1, maxLength: 2 },
    ),
  },
);
const alias = fc.constantFrom('', '', '', 'x_', 'y_');

function nodesOf(type: TypeName, depth: number): fc.Arbitrary<Node[]> {
  const common = { type: fc.constant(type), directives, named: fc.boolean() };
  const leaf = fc.record<Node>({
    ...common,
    kind: fc.constant('field'),
    name: fc.constantFrom(...LEAVES[type]),
    alias,
    children: fc.constant([]),
  });
  if (depth === 0) return fc.array(leaf, { minLength: 1, maxLength: 3 });
  const branches = Object.entries(BRANCHES[type]).map(([name, to]) =>
    fc.record<Node>({
      ...common,
      kind: fc.constant('field'),
      name: fc.constant(name),
      alias,
      children: nodesOf(to, depth - 1),
    }),
  );
  const fragment = fc.record<Node>({
    ...common,
    kind: fc.constantFrom('inline', 'spread'),
    name: fc.constant(''),
    alias: fc.constant(''),
    children: nodesOf(type, depth - 1),
  });
  return fc.array(fc.oneof({ weight: 3, arbitrary: leaf }, ...branches, fragment), {
    minLength: 1,
    maxLength: 4,
  });
}

export const randomSelection: fc.Arbitrary<RandomSelection> = fc.record({
  nodes: nodesOf('Message', 3),
  defaultOfC: fc.boolean(),
  values: fc.record({ a: fc.boolean(), b: fc.boolean(), c: fc.option(fc.boolean(), { nil: undefined }) }),
});

/** Returns the values as the variables of an operation. */
export function variablesOf({ a, b, c }: Values): Record<string, unknown> {
  return { a, b, ...(c !== undefined && { c }) };
}

/** Differences in how a selection is written that do not affect its results. */
export interface Spelling {
  operationName: string;
  rootArguments: string;
  rootVariables: string[];
  separator: string;
  /** Whether fragments are written where they are used, fields in two parts, and variables as their values. */
  expanded: boolean;
}

export const PLAIN_SPELLING: Spelling = {
  operationName: '',
  rootArguments: 'roomId: "room1"',
  rootVariables: [],
  separator: ' ',
  expanded: false,
};

export const OTHER_SPELLING: Spelling = {
  operationName: 'Live',
  rootArguments: 'last: $last, roomId: $room',
  rootVariables: ['$room: ID!', '$last: Int'],
  separator: '\n  , # or so\n',
  expanded: true,
};

/** Prints a selection as a document. Numbers its fragments in order of appearance. */
export function documentOf({ nodes, defaultOfC, values }: RandomSelection, spelling: Spelling): string {
  const fragments: string[] = [];
  const used = new Set<string>();
  const { separator, expanded } = spelling;
  const literals: Record<string, unknown> = { $a: values.a, $b: values.b, $c: values.c ?? defaultOfC };
  const print = (node: Node): string => {
    const annotated = node.directives
      .map(({ name, condition }) => {
        if (expanded) return ` @${name}(if: ${literals[condition] ?? condition})`;
        if (condition.startsWith('$')) used.add(condition);
        return ` @${name}(if: ${condition})`;
      })
      .join('');
    const braces = (nodes: Node[]): string =>
      nodes.length === 0 ? '' : ` {${separator}${nodes.map(print).join(separator)} }`;
    const children = braces(node.children);
    if (node.kind === 'field') {
      const alias = node.alias && `${node.alias}${node.name.replaceAll('_', '')}: `;
      const field = `${alias}${node.name}${annotated}`;
      if (!expanded) return field + children;
      // In two parts; a part without children is a repetition of the other.
      const half = Math.ceil(node.children.length / 2);
      const rest = node.children.slice(half);
      const first = braces(node.children.slice(0, half));
      return `${field}${first} ${field}${rest.length === 0 ? first : braces(rest)}`;
    }
    if (node.kind === 'inline') return `...${node.named ? ` on ${node.type}` : ''}${annotated}${children}`;
    if (expanded) return `... on ${node.type}${annotated}${children}`;
    const name = `F${fragments.length}`;
    // Reserve the number before nested fragments take the next ones.
    fragments.push('');
    fragments[Number(name.slice(1))] = `fragment ${name} on ${node.type}${children}`;
    return `...${name}${annotated}`;
  };
  const selection = nodes.map(print).join(separator);
  const types: Record<string, string> = { $a: 'Boolean!', $b: 'Boolean!', $c: `Boolean = ${defaultOfC}` };
  const definitions = [
    ...spelling.rootVariables,
    ...[...used].sort().map((name) => `${name}: ${types[name]}`),
  ];
  const head = definitions.length === 0 ? '' : `(${definitions.join(', ')})`;
  const root = `messageAdded(${spelling.rootArguments}) {${separator}${selection} }`;
  return [`subscription ${spelling.operationName}${head} { ${root} }`, ...fragments].join('\n');
}
