import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
} from 'graphql';

/** A field, or a fragment that applies only to some of the types that its parent can have. */
type Item =
  | { kind: 'field'; node: FieldNode; sets: SelectionSetNode[] }
  | { kind: 'fragment'; type: GraphQLCompositeType; sets: SelectionSetNode[] };

/** What is collected for one pair of braces. */
interface Level {
  items: Item[];
  /** The fields since the last fragment, by response key. Fields with the same key are merged into one. */
  fields: Map<string, { sets: SelectionSetNode[] }>;
  /** Names of fragments that this level contains already. GraphQL ignores repetitions. */
  visited: Set<string>;
}

/** Selections to visit. An operation that uses its fragments very often can visit far more selections than its length suggests. */
const MAX_NODES = 2_000;

/**
 * Writes what an operation selects so that two operations get the same text only if every event gives both the
 * same bytes. It follows GraphQL's CollectFields (https://spec.graphql.org/draft/#CollectFields()):
 *
 * - fragments that always apply are replaced by their fields, and fields that occur twice are merged;
 * - `@skip` and `@include` are evaluated;
 * - arguments are written with their values, whether they come from the document, a variable or a default.
 *
 * The order of fields and their aliases stay, because the client sees them. The root field has no arguments.
 *
 * `values` are the coerced variables. Throws if it does not know how to write the operation.
 */
export function canonicalText(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  values: Record<string, unknown>,
): string {
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error('The schema has no such operations.');
  return new Writer(schema, fragments, values).write(root, [operation.selectionSet], true);
}

class Writer {
  #nodes = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    private readonly values: Record<string, unknown>,
  ) {}

  write(type: GraphQLCompositeType, sets: readonly SelectionSetNode[], isRoot = false): string {
    const level: Level = { items: [], fields: new Map(), visited: new Set() };
    for (const set of sets) this.#collect(type, set, level);
    const texts = level.items.map((item) =>
      item.kind === 'field'
        ? this.#field(type, item.node, item.sets, isRoot)
        : `...${item.type.name}${this.write(item.type, item.sets)}`,
    );
    return `{${texts.join(' ')}}`;
  }

  #collect(type: GraphQLCompositeType, { selections }: SelectionSetNode, level: Level): void {
    for (const node of selections) {
      this.#nodes += 1;
      if (this.#nodes > MAX_NODES) throw new Error('The operation is too large.');
      if (!this.#isIncluded(node)) continue;
      if (node.kind === Kind.FIELD) {
        addField(node, level);
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        this.#collectFragment(type, node.typeCondition?.name.value, node.selectionSet, level);
      } else if (!level.visited.has(node.name.value)) {
        level.visited.add(node.name.value);
        const fragment = this.fragments.get(node.name.value);
        if (fragment === undefined) throw new Error('The document does not contain this fragment.');
        this.#collectFragment(type, fragment.typeCondition.name.value, fragment.selectionSet, level);
      }
    }
  }

  #collectFragment(
    type: GraphQLCompositeType,
    condition: string | undefined,
    set: SelectionSetNode,
    level: Level,
  ): void {
    const of = condition === undefined ? type : this.schema.getType(condition);
    if (!isCompositeType(of)) throw new Error('A fragment must be on a composite type.');
    if (of === type || (isAbstractType(of) && !isUnion(type) && this.schema.isSubType(of, type))) {
      this.#collect(type, set, level);
      return;
    }
    level.items.push({ kind: 'fragment', type: of, sets: [set] });
    // It may select the same fields, and then the order in which subfields are merged matters.
    level.fields.clear();
  }

  #field(parent: GraphQLCompositeType, node: FieldNode, sets: SelectionSetNode[], isRoot: boolean): string {
    const name = node.name.value;
    const alias = node.alias === undefined || node.alias.value === name ? '' : `${node.alias.value}:`;
    if (name === TypeNameMetaFieldDef.name) return alias + name;
    const field = isUnion(parent) ? undefined : parent.getFields()[name];
    if (field === undefined) throw new Error('The schema does not have this field.');
    let args = '';
    if (field.args.length > 0 && !isRoot) {
      // The type that is found at run time may have other defaults.
      if (isAbstractType(parent)) throw new Error('The arguments depend on the type.');
      args = `(${JSON.stringify(getArgumentValues(field, node, this.values))})`;
    }
    const type = getNamedType(field.type);
    return alias + name + args + (isCompositeType(type) ? this.write(type, sets) : '');
  }

  #isIncluded(node: SelectionNode): boolean {
    if (!node.directives?.length) return true;
    const known = [GraphQLSkipDirective.name, GraphQLIncludeDirective.name];
    if (!node.directives.every(({ name }) => known.includes(name.value))) {
      throw new Error('The effect of a directive is not known.');
    }
    const skip = getDirectiveValues(GraphQLSkipDirective, node, this.values);
    const include = getDirectiveValues(GraphQLIncludeDirective, node, this.values);
    return skip?.if !== true && include?.if !== false;
  }
}

function addField(node: FieldNode, { items, fields }: Level): void {
  const key = node.alias?.value ?? node.name.value;
  const sets = node.selectionSet === undefined ? [] : [node.selectionSet];
  const known = fields.get(key);
  if (known !== undefined) {
    known.sets.push(...sets);
    return;
  }
  const item = { kind: 'field' as const, node, sets };
  items.push(item);
  fields.set(key, item);
}

function isUnion(type: GraphQLCompositeType): type is Extract<GraphQLCompositeType, { getTypes(): unknown }> {
  return 'getTypes' in type;
}
