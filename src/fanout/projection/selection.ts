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

/** The part of a subscription that determines the bytes its clients receive. */
export interface Selection {
  /** Equal for two operations if they have the same results for the same variables. */
  text: string;
  /** Names of the variables that affect the result, sorted. */
  variables: string[];
  /** Whether a selected field is marked as depending on the viewer. */
  viewerDependent: boolean;
}

/**
 * Finds the selection of a subscription, and caches it for the lifetime of the document.
 *
 * The operation's name and the arguments of the root field are not part of it. Subscriptions are shared
 * within one room, so the room is the same for all, and where a subscription starts only affects its cursor.
 */
export class Selections {
  readonly #cache = new WeakMap<DocumentNode, Map<string, Selection>>();

  constructor(private readonly schema: GraphQLSchema) {}

  /**
   * The selection of the named operation, or of the only one. Throws if the document has no such operation.
   */
  of(document: DocumentNode, operationName?: string | null): Selection {
    let ofDocument = this.#cache.get(document);
    if (ofDocument === undefined) {
      ofDocument = new Map();
      this.#cache.set(document, ofDocument);
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
    if (operation == null) throw new Error('The document does not contain this operation.');
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
          found ||= this.#possibleFields(types.getParentType(), node.name.value).some(
            (field) => field.extensions.viewerDependent === true,
          );
        },
      }),
    );
    return found;
  }

  /**
   * The field of a type, and if the type is abstract, the fields with that name of all its possible types.
   */
  #possibleFields(parent: ReturnType<TypeInfo['getParentType']>, name: string) {
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

/** The fragments that a selection uses, directly or through other fragments, sorted by name. */
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
