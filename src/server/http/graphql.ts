import type { IncomingMessage } from 'node:http';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { type DocumentNode, type ExecutionArgs, execute, type GraphQLError } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { BoundedCache } from '#server/documents/document-cache.js';
import { authenticateRequest } from '#server/operation/authentication.js';
import { type Engine, runOperation } from '#server/operation/engine.js';
import { type Offer, preferred } from './accept.js';
import { EXAMPLE_QUERY } from './graphiql.js';
import { refuseBadUrls, refuseForms, requireUtf8 } from './request-checks.js';
import { type Handler, type ServerContext, sendJson } from './server.js';

export type Yoga = YogaServerInstance<ServerContext, object>;

export interface HttpGraphQLOptions {
  endpoint: string;
  bodyBytes: number;
  /** Whether browsers get GraphiQL. */
  graphiql: boolean;
  plugins: Plugin[];
}

/** Serves GraphQL over HTTP with Yoga: POST and GET, streams by `plugins`, and GraphiQL for browsers. */
export function createHttpGraphQL(engine: Engine, options: HttpGraphQLOptions): Yoga {
  // Rendered once: it has nine megabytes, and rendering blocks the process for a tenth of a second.
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
    // formatError logs faults, once each.
    logging: false,
    landingPage: false,
    batching: false,
    multipart: false,
    // The origin guard has decided already.
    cors: false,
    maxRequestBodySize: options.bodyBytes,
    // Yoga's own caches also keep invalid documents, and a thousand documents of any length.
    parserAndValidationCache: { documentCache: new BoundedCache<DocumentNode>(), errorCache: NO_CACHE },
    extraParamNames: ['documentId'],
    graphiql: options.graphiql && {
      title: 'Streamly Chat',
      subscriptionsProtocol: 'WS',
      defaultQuery: EXAMPLE_QUERY,
    },
    renderGraphiQL: (shown) => (page ??= renderGraphiQL(shown)),
    plugins: [refuseForms, refuseBadUrls, requireUtf8, useEngine(engine), ...options.plugins],
  });
}

/**
 * Parses and validates as Yoga does, with all rules of its plugins, and formats the errors. Throws a GraphQLError
 * on a syntax error.
 */
export function parserOf(yoga: Yoga) {
  return (query: string): { document: DocumentNode; errors: readonly GraphQLError[] } => {
    const { parse, validate, schema } = yoga.getEnveloped({ params: { query } });
    const document: DocumentNode = parse(query);
    return { document, errors: validate(schema, document) };
  };
}

/** The media types of a single result. Wildcards mean plain JSON, which every client understands. */
const JSON_TYPES: readonly Offer[] = [
  { type: 'application/graphql-response+json', mustBeNamed: true },
  { type: 'application/json' },
];

const HTML: Offer = { type: 'text/html' };

/**
 * Decides how a request is answered, before it is executed: a single result as JSON, as a stream, or by GraphiQL;
 * a subscription as one of `streams`. Yoga then finds only what was chosen in the Accept header. A request that
 * accepts nothing of this gets 406.
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
      const message = `This endpoint answers with ${types}. The Accept header allows none of them.`;
      const extensions = { code: 'BAD_USER_INPUT' };
      return sendJson(response, 406, { errors: [{ message, extensions }] });
    }
    const chosen = new Set([single, preferred(accept, streams) ?? single]);
    request.headers.accept = [...chosen].map(textOf).join(', ');
    return handler(request, response);
  };
}

/** Whether the client accepts a stream and no JSON, so that it is known to want a stream before it is read. */
export function asksForStream({ headers: { accept } }: IncomingMessage, streams: readonly Offer[]): boolean {
  return preferred(accept, streams) !== undefined && preferred(accept, JSON_TYPES) === undefined;
}

function textOf({ type, parameter }: Offer): string {
  return parameter === undefined ? type : `${type};${parameter}`;
}

/** Executes, subscribes and formats errors as every other transport does. */
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
