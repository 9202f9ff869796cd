/**
 * What operations cost, in points. A point is about one microsecond of CPU time. The constants were measured, and
 * rather count too much than too little.
 */
import type { IncomingMessage } from 'node:http';
import { type ExecutionArgs, type FieldNode, type GraphQLCompositeType, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { ChatError } from '#domain/errors.js';
import { MAX_RETRACTED_IDS } from '#domain/limits.js';
import { hasRole, type Viewer } from '#domain/viewer.js';
import { type ListSizes, Weights } from '#server/documents/weights.js';
import type { CostBudget } from './cost-budget.js';

/** Any operation, and any message over WebSocket, even if it is refused. */
const OPERATION = 50;

/** A request over HTTP, besides its operation. */
const REQUEST = 400;

/** A document that is parsed and validated. */
const DOCUMENT = 300;

/** Each of its characters. The slowest documents are those that repeat a field. */
const CHARACTER = 8;

/** A field of Query or Mutation. Each may ask Redis. */
const ROOT_FIELD = 100;

/** Each message to retract, in addition. Redis searches the room for it, and all other rooms wait meanwhile. */
const RETRACTED_MESSAGE = 60;

/** Any other field, for each object that it is read from. */
const FIELD = 2;

/** `__schema` or `__type`. */
const INTROSPECTION = 5_000;

/**
 * How far operations over WebSocket may overdraw the budget, as a share of it. Otherwise someone who floods the server
 * with requests would silence the people behind the same address who are already in a chat.
 */
const WEBSOCKET_OVERDRAFT = 0.5;

/**
 * How far an address may overdraw its budget before its WebSockets are not read from, as a share of the budget. Refusing
 * an operation costs as much as many operations do, and so does answering a ping.
 */
const WEBSOCKET_PAUSE = 1;

/** Charges operations to the budget of their address. Nothing is counted for an empty address. */
export class OperationCosts {
  constructor(
    private readonly budget: CostBudget,
    private readonly sizes: ListSizes,
  ) {}

  /** Charges a request over HTTP, before it is read. Returns RATE_LIMITED if it must be refused. */
  admitRequest(address: string): ChatError | undefined {
    return this.budget.spend(address, REQUEST + OPERATION);
  }

  /** Gives back what a request paid, if its token turns out to be that of an exempt viewer. */
  refundRequest(address: string): void {
    this.budget.charge(address, -(REQUEST + OPERATION));
  }

  /**
   * Charges a message over WebSocket. Returns how long nothing more should be read from its connection, in milliseconds:
   * 0 unless the budget is far overdrawn.
   */
  chargeMessage(address: string): number {
    this.budget.charge(address, OPERATION);
    return this.budget.waitMs(address, this.budget.capacity * WEBSOCKET_PAUSE);
  }

  /** Checks an operation over WebSocket, whose message has been charged. Throws RATE_LIMITED. */
  admitOperation(address: string): void {
    const overdraft = this.budget.capacity * WEBSOCKET_OVERDRAFT;
    const error = this.budget.spend(address, 0, { overdraft });
    if (error !== undefined) throw error;
  }

  /**
   * Charges a document before it is parsed and validated. Cached documents cost nothing. The operation itself may have
   * overdrawn the budget when it was admitted. Throws RATE_LIMITED if others have overdrawn it in the meantime, so that
   * of many requests at once only the first gets a slow document validated.
   */
  admitDocument(address: string, text: string): void {
    const paid = REQUEST + OPERATION;
    const error = this.budget.spend(address, DOCUMENT + CHARACTER * text.length, { paid });
    if (error !== undefined) throw error;
  }

  /** Charges what an operation is about to read. */
  chargeFields(address: string, args: ExecutionArgs): void {
    if (this.budget.counts(address)) this.budget.charge(address, weightOf(args, this.sizes));
  }
}

/** The part of an operation's context that says who asks. */
interface OperationCaller {
  address: string;
  viewer: Viewer | null;
}

/**
 * A Yoga plugin that charges documents of all transports, and the fields of operations over HTTP. It must come after
 * the plugin that limits documents, whose parser it wraps.
 */
export function chargeOperations(
  costs: OperationCosts,
  addressOf: (request: IncomingMessage) => string,
): Plugin {
  const charge = ({ args }: { args: unknown }) => {
    const { address, viewer } = (args as ExecutionArgs).contextValue as OperationCaller;
    if (isExempt(viewer)) costs.refundRequest(address);
    else costs.chargeFields(address, args as ExecutionArgs);
  };
  return {
    onParse: ({ context, parseFn, setParseFn }) => {
      const { address, req } = context as { address?: string; req?: IncomingMessage };
      setParseFn((source, options) => {
        const text = typeof source === 'string' ? source : source.body;
        costs.admitDocument(address ?? (req === undefined ? '' : addressOf(req)), text);
        return parseFn(source, options);
      });
    },
    onExecute: charge,
    onSubscribe: charge,
  };
}

/** Whether an operation is not counted: those of the platform itself. */
export function isExempt(viewer: Viewer | null): boolean {
  return hasRole(viewer, 'service');
}

/** The points for the fields of an operation, with the list sizes that its variables ask for. */
function weightOf({ schema, document, operationName, variableValues }: ExecutionArgs, sizes: ListSizes) {
  const operation = getOperationAST(document, operationName);
  // The operation will fail.
  if (operation == null) return 0;
  const roots = [schema.getQueryType(), schema.getMutationType()];
  const ofField = (node: FieldNode, type: GraphQLCompositeType | undefined) => {
    const { name, selectionSet } = node;
    if (name.value.startsWith('__')) return selectionSet === undefined ? FIELD : INTROSPECTION;
    if (!roots.some((root) => root === type)) return FIELD;
    return ROOT_FIELD + RETRACTED_MESSAGE * retractedBy(node, variableValues);
  };
  const weights = new Weights({
    schema,
    sizes,
    measure: { ofField, perItem: 0 },
    fragmentNamed: (fragment) => {
      for (const definition of document.definitions) {
        if (definition.kind === 'FragmentDefinition' && definition.name.value === fragment) return definition;
      }
      return undefined;
    },
    variable: (name) => {
      const value = variableValues?.[name];
      if (value !== undefined) return value;
      const declared = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
      const standard = declared?.defaultValue;
      return standard?.kind === 'IntValue' ? Number(standard.value) : undefined;
    },
  });
  return weights.of(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
}

/** How many messages a root field asks to retract: the most that it may, if its variable has a default. */
function retractedBy(
  { name, arguments: given = [] }: FieldNode,
  values: ExecutionArgs['variableValues'],
): number {
  if (name.value !== 'retractMessages') return 0;
  const ids = given.find((argument) => argument.name.value === 'ids')?.value;
  if (ids?.kind === 'ListValue') return Math.min(ids.values.length, MAX_RETRACTED_IDS);
  if (ids?.kind !== 'Variable') return 1;
  const value = values?.[ids.name.value];
  if (value === undefined) return MAX_RETRACTED_IDS;
  return Array.isArray(value) ? Math.min(value.length, MAX_RETRACTED_IDS) : 1;
}
