import type { IncomingMessage } from 'node:http';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { type DocumentNode, type ExecutionArgs, execute, type GraphQLError } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { BoundedCache } from '#server/documents/document-cache.js';
import { authenticateRequest } from '#server/operation/authentication.js';
import { type Engine, runOperation } from '#server/operation/engine.js';
import { type Offer, preferred } from './accept.js';
import { EXAMPLE_QUERY } from './graphiql.js';
import type { RequestBodies } from './request-body.js';
import { checkBodies, refuseBadUrls, refuseForms } from './request-checks.js';
import { type Handler, type ServerContext, sendJson } from './server.js';

export type Yoga = YogaServerInstance<ServerContext, object>;

export interface HttpGraphQLOptions {
  endpoint: string;
  bodies: RequestBodies;
  /** Whether browsers get GraphiQL. */
  graphiql: boolean;
  plugins: Plugin[];
}

/** Serves GraphQL over HTTP with Yoga: POST and GET, streams through `plugins`, and GraphiQL for browsers. */
export function createHttpGraphQL(engine: Engine, options: HttpGraphQLOptions): Yoga {
  // Render it once. It is nine megabytes, and rendering blocks the process for a tenth of a second.
  let page: string | undefined;
  return createYoga<ServerContext, object>({
    schema: engine.schema,
    graphqlEndpoint: options.endpoint,
    context: async ({ req }: ServerContext & { params: GraphQLParams }) => {
      const viewer = await authenticateRequest(req, engine.verifier);
      const lastEventId = req.headers['last-event-id']?.toString();
      const connectionId = engine.ids.next();
      return engine.contextOf({ connectionId, address: engine.addressOf(req), lastEventId }, viewer);
    },
    maskedErrors: { maskError: (error) => engine.formatError(error) },
    // `formatError` logs bugs.
    logging: false,
    landingPage: false,
    batching: false,
    multipart: false,
    // The origin guard adds the CORS headers.
    cors: false,
    // `checkBodies` limits it.
    maxRequestBodySize: false,
    // Yoga's own caches also keep invalid documents, and up to a thousand documents of any length.
    parserAndValidationCache: { documentCache: new BoundedCache<DocumentNode>(), errorCache: NO_CACHE },
    extraParamNames: ['documentId'],
    graphiql: options.graphiql && {
      title: 'Streamly Chat',
      subscriptionsProtocol: 'WS',
      defaultQuery: EXAMPLE_QUERY,
    },
    renderGraphiQL: (shown) => (page ??= renderGraphiQL(shown)),
    plugins: [refuseForms, refuseBadUrls, checkBodies(options.bodies), useEngine(engine), ...options.plugins],
  });
}

/**
 * Returns a function that parses and validates like Yoga, with the rules of all plugins, and formats the
 * errors. It throws a GraphQLError on a syntax error. `address` is the network address that pays for it.
 */
export function parserOf(yoga: Yoga) {
  return (query: string, address: string): { document: DocumentNode; errors: readonly GraphQLError[] } => {
    const { parse, validate, schema } = yoga.getEnveloped({ params: { query }, address });
    const document: DocumentNode = parse(query);
    return { document, errors: validate(schema, document) };
  };
}

/** The media types of a single result. A wildcard means plain JSON, which every client understands. */
const JSON_TYPES: readonly Offer[] = [
  { type: 'application/graphql-response+json', mustBeNamed: true },
  { type: 'application/json' },
];

const HTML: Offer = { type: 'text/html' };

/**
 * Chooses the format of the response before the request is executed. A single result can be JSON, a stream or
 * GraphiQL; a subscription can be any of `streams`. The Accept header is rewritten to the chosen types, so
 * that Yoga makes the same choice. A request that accepts none of them gets 406.
 */
export function negotiate(
  handler: Handler,
  { streams, graphiql }: { streams: readonly Offer[]; graphiql: boolean },
): Handler {
  const singles = [...JSON_TYPES, ...streams];
  const withPage = graphiql ? [...singles, HTML] : singles;
  return (request, response) => {
    const { accept } = request.headers;
    const single = preferred(accept, request.method === 'GET' ? withPage : singles);
    if (single === undefined) {
      const types = singles.map(textOf).join(', ');
      const message = `This endpoint responds with ${types}, but the Accept header allows none of them.`;
      const extensions = { code: 'BAD_USER_INPUT' };
      return sendJson(response, 406, { errors: [{ message, extensions }] });
    }
    const chosen = new Set([single, preferred(accept, streams) ?? single]);
    request.headers.accept = [...chosen].map(textOf).join(', ');
    return handler(request, response);
  };
}

/** Whether the client accepts a stream but not JSON, so it wants a stream whatever its operation is. */
export function asksForStream({ headers: { accept } }: IncomingMessage, streams: readonly Offer[]): boolean {
  return preferred(accept, streams) !== undefined && preferred(accept, JSON_TYPES) === undefined;
}

function textOf({ type, parameter }: Offer): string {
  return parameter === undefined ? type : `${type};${parameter}`;
}

/** Executes, subscribes and formats errors in the same way as every other transport. */
function useEngine(engine: Engine): Plugin {
  return {
    // Yoga formats other errors itself.
    onValidate:
      () =>
      ({ result, setResult }) =>
        setResult(result.map((error) => engine.formatError(error))),
    onExecute: ({ setExecuteFn }) =>
      setExecuteFn((args: ExecutionArgs) => runOperation(engine, 'http', args, () => execute(args))),
    onSubscribe: ({ setSubscribeFn }) =>
      setSubscribeFn((args: ExecutionArgs) =>
        runOperation(engine, 'sse', args, () => engine.subscribe(args)),
      ),
  };
}

const NO_CACHE = { get: () => undefined, set: () => undefined };
