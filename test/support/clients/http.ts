import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type FormattedExecutionResult, print } from 'graphql';
import type { TestServer } from '#test/support/server.js';

/** An operation as a client may send it, valid or not. */
export interface Params {
  query?: unknown;
  variables?: unknown;
  operationName?: unknown;
  extensions?: unknown;
}

/** The request parameters of a typed document. */
export function paramsOf<Result, Variables>(
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): Params {
  return { query: print(document), variables };
}

/** A response with its parsed body. */
export interface Answer {
  status: number;
  headers: Headers;
  body: FormattedExecutionResult;
}

/** Sends an operation as JSON by POST. */
export async function post(server: TestServer, params: Params, headers: Record<string, string> = {}) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
    body: JSON.stringify(params),
  });
  return { status: response.status, headers: response.headers, body: await response.json() } as Answer;
}

/** Runs a query or mutation and returns its data. Throws if there are errors. */
export async function run<Result, Variables>(
  server: TestServer,
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const { body } = await post(server, paramsOf(document, variables));
  if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
  return body.data as Result;
}
