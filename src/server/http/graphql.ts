import type { IncomingMessage, ServerResponse } from 'node:http';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { type DocumentNode, type ExecutionArgs, execute, type GraphQLError } from 'graphql';
import {
  createGraphQLError,
  createYoga,
  type GraphQLParams,
  type Plugin,
  type YogaServerInstance,
} from 'graphql-yoga';
import { BoundedCache } from '#server/documents/document-cache.js';
import { viewerOfRequest } from '#server/operation/authentication.js';
import { type Engine, telling } from '#server/operation/engine.js';
import { EXAMPLE_QUERY } from './graphiql.js';

/** What node:http hands to Yoga. */
export interface ServerContext {
  req: IncomingMessage;
  res: ServerResponse;
}

export type Yoga = YogaServerInstance<ServerContext, object>;

export interface HttpGraphQLOptions {
  endpoint: string;
  bodyBytes: number;
  /** Whether a browser gets a page to try things out. */
  graphiql: boolean;
  plugins: Plugin[];
}

/** GraphQL over HTTP, by Yoga: POST and GET, the SSE of `plugins`, and GraphiQL for a browser. */
export function createHttpGraphQL(engine: Engine, options: HttpGraphQLOptions): Yoga {
  // Nine megabytes, put together once: it would hold up everyone for a tenth of a second each time.
  let page: string | undefined;
  return createYoga<ServerContext, object>({
    schema: engine.schema,
    graphqlEndpoint: options.endpoint,
    context: async ({ req }: ServerContext & { params: GraphQLParams }) => {
      const viewer = await viewerOfRequest(req, engine.verifier);
      return engine.contextOf({ connectionId: engine.ids.next(), address: engine.addressOf(req) }, viewer);
    },
    maskedErrors: { maskError: (error) => engine.formatError(error) },
    // Faults are logged where they are masked, once.
    logging: false,
    landingPage: false,
    batching: false,
    multipart: false,
    // Who may ask is decided before: see origins.ts.
    cors: false,
    maxRequestBodySize: options.bodyBytes,
    // Yoga's own caches keep what was refused too, and a thousand documents of any length.
    parserAndValidationCache: { documentCache: new BoundedCache<DocumentNode>(), errorCache: NOTHING_KEPT },
    extraParamNames: ['documentId'],
    graphiql: options.graphiql && {
      title: 'Streamly Chat',
      subscriptionsProtocol: 'WS',
      defaultQuery: EXAMPLE_QUERY,
    },
    renderGraphiQL: (shown) => (page ??= renderGraphiQL(shown)),
    plugins: [refuseForms, refuseBadUrls, sharing(engine), ...options.plugins],
  });
}

/** Parses and validates as Yoga does, with every rule that its plugins add. Throws a GraphQLError. */
export function parserOf(yoga: Yoga) {
  return (query: string): { document: DocumentNode; errors: readonly GraphQLError[] } => {
    const { parse, validate, schema } = yoga.getEnveloped({ params: { query } });
    const document: DocumentNode = parse(query);
    return { document, errors: validate(schema, document) };
  };
}

/** A form is what a page elsewhere may send in its visitor's name without asking the browser; JSON is not. */
const refuseForms: Plugin = {
  onRequestParse: ({ request }) => {
    if (!request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')) return;
    throw createGraphQLError('Send the operation as JSON: forms are not taken.', {
      extensions: { code: 'BAD_USER_INPUT', http: { status: 415 } },
    });
  },
};

/** Yoga parses these two of a GET by itself, and takes what is no JSON for a fault of its own. */
const refuseBadUrls: Plugin = {
  onRequestParse: ({ request, url }) => {
    if (request.method !== 'GET') return;
    for (const name of ['variables', 'extensions']) {
      const text = url.searchParams.get(name);
      if (text !== null && text !== '' && !isJson(text)) {
        throw createGraphQLError(`${name}: must be JSON`, {
          extensions: { code: 'BAD_USER_INPUT', field: name, http: { status: 400 } },
        });
      }
    }
  },
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The same `execute` and `subscribe` as on every other transport. */
function sharing(engine: Engine): Plugin {
  return {
    onExecute: ({ setExecuteFn }) =>
      setExecuteFn(async (args: ExecutionArgs) => telling(engine, 'http', args, () => execute(args))),
    onSubscribe: ({ setSubscribeFn }) =>
      setSubscribeFn(async (args: ExecutionArgs) =>
        telling(engine, 'sse', args, () => engine.subscribe(args)),
      ),
  };
}

const NOTHING_KEPT = { get: () => undefined, set: () => undefined };
