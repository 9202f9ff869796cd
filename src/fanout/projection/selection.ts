import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** What of a subscription decides about the bytes that its subscribers receive. */
export interface Selection {
  /** The same text for two operations whose results are the same for the same variables. */
  text: string;
  /** The variables whose values take part in the result. */
  variables: string[];
  /** Whether a field in it says that its result depends on who asks. */
  viewerDependent: boolean;
}

/**
 * Finds the selection of a subscription. The name of the operation and the arguments of its root field do
 * not count: whoever reads from one room's log has the same room, and where each one began is its cursor.
 * Remembers what it found for as long as the document lives.
 */
export class Selections {
  readonly #known = new WeakMap<DocumentNode, Map<string, Selection>>();

  constructor(private readonly schema: GraphQLSchema) {}

  of(document: DocumentNode, operationName?: string | null): Selection {
    let ofDocument = this.#known.get(document);
    if (ofDocument === undefined) {
      ofDocument = new Map();
      this.#known.set(document, ofDocument);
    }
    let selection = ofDocument.get(operationName ?? '');
    if (selection === undefined) {
      selection = this.#analyse(document, operationName);
      ofDocument.set(operationName ?? '', selection);
    }
    return selection;
  }

  #analyse(document: DocumentNode, operationName?: string | null): Selection {
    const operation = getOperationAST(document, operationName);
    if (operation == null) throw new Error('The document holds no such operation.');
    const selectionSet = withoutRootArguments(operation).selectionSet;
    const fragments = fragmentsUsed(document, selectionSet);
    const parts = [selectionSet, ...fragments];
    const variables = new Set<string>();
    for (const part of parts) {
      visit(part, { Variable: (node) => void variables.add(node.name.value) });
    }
    const definitions = (operation.variableDefinitions ?? []).filter((definition) =>
      variables.has(definition.variable.name.value),
    );
    return {
      text: [...definitions, ...parts].map(print).join('\n'),
      variables: [...variables].sort(),
      viewerDependent: this.#readsViewer({
        kind: Kind.DOCUMENT,
        definitions: [operation, ...fragments],
      }),
    };
  }

  #readsViewer(document: DocumentNode): boolean {
    const types = new TypeInfo(this.schema);
    let found = false;
    visit(
      document,
      visitWithTypeInfo(types, {
        Field: (node) => {
          found ||= this.#fieldsMeant(types.getParentType(), node.name.value).some(
            (field) => field.extensions.viewerDependent === true,
          );
        },
      }),
    );
    return found;
  }

  /** The field of a type, and the fields of that name of every type that may stand in its place. */
  #fieldsMeant(parent: ReturnType<TypeInfo['getParentType']>, name: string) {
    const type = parent == null ? parent : getNamedType(parent);
    const types = isAbstractType(type) ? [type, ...this.schema.getPossibleTypes(type)] : [type];
    return types.flatMap((candidate) => {
      const field =
        isObjectType(candidate) || isInterfaceType(candidate) ? candidate.getFields()[name] : undefined;
      return field === undefined ? [] : [field];
    });
  }
}

function withoutRootArguments(operation: OperationDefinitionNode): OperationDefinitionNode {
  return {
    ...operation,
    selectionSet: {
      ...operation.selectionSet,
      selections: operation.selectionSet.selections.map((selection) =>
        selection.kind === Kind.FIELD ? { ...selection, arguments: [] } : selection,
      ),
    },
  };
}

/** The fragments that a selection spreads, and those that they spread, by name. */
function fragmentsUsed(
  document: DocumentNode,
  selectionSet: OperationDefinitionNode['selectionSet'],
): FragmentDefinitionNode[] {
  const defined = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) defined.set(definition.name.value, definition);
  }
  const used = new Map<string, FragmentDefinitionNode>();
  const collect = (node: OperationDefinitionNode['selectionSet'] | FragmentDefinitionNode): void => {
    visit(node, {
      FragmentSpread: ({ name }) => {
        const fragment = defined.get(name.value);
        if (fragment === undefined || used.has(name.value)) return;
        used.set(name.value, fragment);
        collect(fragment);
      },
    });
  };
  collect(selectionSet);
  return [...used.values()].sort((a, b) => (a.name.value < b.name.value ? -1 : 1));
}
