import { type ExecutionArgs, GraphQLError, getOperationAST, type OperationTypeNode } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { ChatError } from '#domain/errors.js';
import type { RateLimit } from '#domain/ports/limiter.js';
import type { Viewer } from '#domain/viewer.js';
import { Documents } from '#server/documents/document-cache.js';
import { isExempt, type OperationCosts } from '#server/guards/operation-costs.js';
import type { OperationRateLimit } from '#server/guards/operation-rate-limit.js';
import type { Caller, Engine } from '#server/operation/engine.js';

export interface PrepareOptions {
  engine: Engine;
  /** Parses and validates with the same rules as HTTP. Throws a GraphQLError for a syntax error. */
  parseAndValidate(
    query: string,
    address: string,
  ): { document: ExecutionArgs['document']; errors: readonly GraphQLError[] };
  /** The document of an operation, from its text or its id. Throws if the document is not allowed. */
  documentOf(payload: SubscribePayload): unknown;
  /** Charges operations to their address. */
  costs: OperationCosts;
  /** How fast one connection may begin operations. */
  operationRate: RateLimit;
  /** Operations that one connection may have open at once. 0 means no limit. */
  operationsPerConnection: number;
}

/** The connection that requests an operation. */
export interface Requester {
  readonly caller: Caller;
  readonly viewer: Viewer | null;
  readonly operationRate: OperationRateLimit;
  /** The open operations, including the one that is being prepared. */
  readonly operations: { readonly size: number };
}

/** An operation that is ready to run, or the errors that prevent it. */
export type Prepared =
  | { kind: OperationTypeNode; args: ExecutionArgs; errors?: undefined }
  | { errors: readonly GraphQLError[] };

/** Prepares operations: checks limits, parses and validates the document, and finds the operation in it. */
export class Preparation {
  readonly #documents = new Documents();

  constructor(private readonly options: PrepareOptions) {}

  /** Never throws. */
  prepare(payload: SubscribePayload, requester: Requester): Prepared {
    const { engine } = this.options;
    try {
      return this.#prepare(payload, requester);
    } catch (error) {
      return { errors: [engine.formatError(error)] };
    }
  }

  #prepare(payload: SubscribePayload, requester: Requester): Prepared {
    const { engine, operationRate, documentOf, parseAndValidate, costs } = this.options;
    const { caller, viewer } = requester;
    const address = isExempt(viewer) ? '' : caller.address;
    requester.operationRate.take(operationRate);
    this.#refuseTooMany(requester.operations.size);
    costs.admitOperation(address);
    const query = documentOf(payload);
    if (typeof query !== 'string') throw new GraphQLError('Must provide query string.');
    const { document, errors } = this.#documents.prepare(query, (text) => parseAndValidate(text, address));
    if (errors.length > 0) return { errors };
    const operation = getOperationAST(document, payload.operationName);
    if (operation == null) {
      throw new GraphQLError(
        'The document has no operation of that name, or it has several and no name was given.',
      );
    }
    const args: ExecutionArgs = {
      schema: engine.schema,
      document,
      rootValue: undefined,
      contextValue: engine.contextOf(caller, viewer),
      variableValues: payload.variables,
      operationName: payload.operationName,
      hideSuggestions: engine.hideSuggestions,
    };
    costs.chargeFields(address, args);
    return { kind: operation.operation, args };
  }

  #refuseTooMany(open: number): void {
    const limit = this.options.operationsPerConnection;
    if (limit === 0 || open <= limit) return;
    const message = `A connection may have at most ${limit} operations open at once. Complete one first.`;
    throw new ChatError('RATE_LIMITED', message, { limit, retryAfterMs: 1_000 });
  }
}
