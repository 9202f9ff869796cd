import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type Offer, preferred } from '#server/http/accept.js';
import type { ServerContext } from '#server/http/server.js';

export interface StreamAdmissionOptions {
  formats: readonly Offer[];
  /** Runs the guards for long-lived connections. Returns the error for the client if one refuses. */
  admit(request: IncomingMessage, response: ServerResponse): Promise<GraphQLError | undefined>;
}

const NOT_ACCEPTABLE = new GraphQLError(
  'Subscriptions need a stream. Accept text/event-stream or multipart/mixed;subscriptionSpec=1.0.',
  { extensions: { code: 'BAD_USER_INPUT', http: { status: 406 } } },
);

/**
 * Checks a subscription over HTTP before it starts: whether the client
 * accepts a stream, and whether the guards admit one more. This cannot happen
 * earlier, because only parsing shows that a request is a subscription.
 */
export function admitStreams({ formats, admit }: StreamAdmissionOptions): Plugin {
  return {
    onSubscribe: async ({ args, setResultAndStopExecution }) => {
      const { req, res } = (args as ExecutionArgs).contextValue as ServerContext;
      const isAcceptable = preferred(req.headers.accept, formats) !== undefined;
      const refused = isAcceptable ? await admit(req, res) : NOT_ACCEPTABLE;
      if (refused !== undefined) setResultAndStopExecution({ errors: [refused] });
    },
  };
}
