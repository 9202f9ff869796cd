/**
 * GraphQL's CreateSourceEventStream (https://spec.graphql.org/draft/#CreateSourceEventStream), planned once
 * per document.
 *
 * graphql-js looks up the operation, the fragments, the root field and its definition for every subscription,
 * in three async functions. This file looks them up once, and creates the stream synchronously if the
 * resolver is synchronous. The results are the same as those of graphql-js, which still handles the documents
 * that this file cannot plan.
 */
import {
  assertValidSchema,
  createSourceEventStream,
  type DocumentNode,
  defaultFieldResolver,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  Kind,
  locatedError,
  type OperationDefinitionNode,
} from 'graphql';

/** What the resolver of a subscription field returned, or the errors that occurred instead. */
export type Source = AsyncIterable<unknown> | ExecutionResult;

/** The part of an operation that is the same for all its subscriptions. */
interface Plan {
  operation: OperationDefinitionNode;
  fragments: Record<string, FragmentDefinitionNode>;
  rootType: GraphQLObjectType;
  field: GraphQLField<unknown, unknown>;
  fieldNodes: FieldNode[];
  path: GraphQLResolveInfo['path'];
}

/** The limit at which graphql-js stops reporting errors in the variables. */
const MAX_VARIABLE_ERRORS = 50;

/** Creates the source streams of one schema's subscriptions. */
export class SourceStreams {
  /** By document and operation name. A plan is cached for the lifetime of its document. */
  readonly #plans = new WeakMap<DocumentNode, Map<string | undefined, Plan>>();

  /** Throws if the schema is invalid. */
  constructor(private readonly schema: GraphQLSchema) {
    assertValidSchema(schema);
  }

  /**
   * Calls the resolver of the operation's root field. Errors in the variables or from the resolver are
   * returned as a result, as in graphql-js' `createSourceEventStream`. Throws or rejects if the resolver
   * returns something other than a stream, which is a bug in the schema.
   */
  create(args: ExecutionArgs): Source | Promise<Source> {
    const plan = this.#isUsual(args) ? this.#planOf(args.document, args.operationName ?? undefined) : null;
    return plan === null ? createSourceEventStream(args) : this.#run(plan, args);
  }

  /** Whether the arguments are of the kind that our transports pass. graphql-js handles the others. */
  #isUsual({ schema, variableValues, subscribeFieldResolver }: ExecutionArgs): boolean {
    return (
      schema === this.schema &&
      (variableValues == null || typeof variableValues === 'object') &&
      subscribeFieldResolver == null
    );
  }

  #run(plan: Plan, args: ExecutionArgs): Source | Promise<Source> {
    const { operation, field, fieldNodes, path } = plan;
    const variables = getVariableValues(
      this.schema,
      operation.variableDefinitions ?? [],
      args.variableValues ?? {},
      {
        maxErrors: args.options?.maxCoercionErrors ?? MAX_VARIABLE_ERRORS,
        hideSuggestions: args.hideSuggestions ?? false,
      },
    );
    if (variables.errors !== undefined) return { errors: variables.errors };
    const failed = (error: unknown): Source => ({ errors: [locatedError(error, fieldNodes, [path.key])] });
    const settled = (value: unknown): Source => (value instanceof Error ? failed(value) : streamOf(value));
    let value: unknown;
    try {
      const resolve = field.subscribe ?? defaultFieldResolver;
      const fieldArgs = getArgumentValues(field, fieldNodes[0]!, variables.coerced);
      value = resolve(args.rootValue, fieldArgs, args.contextValue, {
        fieldName: field.name,
        fieldNodes,
        returnType: field.type,
        parentType: plan.rootType,
        path,
        schema: this.schema,
        fragments: plan.fragments,
        rootValue: args.rootValue,
        operation,
        variableValues: variables.coerced,
      });
    } catch (error) {
      return failed(error);
    }
    return value instanceof Promise ? value.then(settled, failed) : settled(value);
  }

  /** Caches a plan only if the operation exists, so that unknown operation names cannot fill the cache. */
  #planOf(document: DocumentNode, operationName: string | undefined): Plan | null {
    let plans = this.#plans.get(document);
    if (plans === undefined) {
      plans = new Map();
      this.#plans.set(document, plans);
    }
    const known = plans.get(operationName);
    if (known !== undefined) return known;
    const plan = this.#plan(document, operationName);
    if (plan !== null) plans.set(operationName, plan);
    return plan;
  }

  /**
   * Returns null if graphql-js has to handle the operation, for example if its root field is in a fragment,
   * has directives or is not in the schema.
   */
  #plan(document: DocumentNode, operationName: string | undefined): Plan | null {
    const rootType = this.schema.getSubscriptionType();
    const operation = getOperationAST(document, operationName);
    if (!rootType || operation?.operation !== 'subscription') return null;
    const [node, ...others] = operation.selectionSet.selections;
    if (node?.kind !== Kind.FIELD || others.length > 0 || node.directives?.length) return null;
    const field = rootType.getFields()[node.name.value];
    if (field === undefined) return null;
    const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
    }
    const key = node.alias?.value ?? node.name.value;
    const path = { prev: undefined, key, typename: rootType.name };
    return { operation, fragments, rootType, field, fieldNodes: [node], path };
  }
}

function streamOf(value: unknown): AsyncIterable<unknown> {
  if (typeof (value as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === 'function') {
    return value as AsyncIterable<unknown>;
  }
  throw new Error('A subscription field must return an async iterable.');
}
