// docs/openapi.json, and whether what a client and a relay say to each other is what it says.

import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { decode } from 'cborg';
import { encodeBase64Url, isBytes } from '../../client/wire/bytes.ts';
import type { Exchange } from './exchange.ts';

interface Content {
  readonly [mediaType: string]: { readonly schema?: object };
}

interface Answer {
  readonly $ref?: string;
  readonly content?: Content;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: object;
}

interface Operation {
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly responses: Readonly<Record<string, Answer>>;
    readonly securitySchemes: Readonly<Record<string, { readonly name?: string }>>;
  };
}

/** What references in the document are relative to. */
const id = 'openapi';
const document = closed(
  JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8')),
) as Document;
const ajv = new Ajv2020({ strict: false, schemas: { [id]: document } });

/** Every route and status that the document knows: `GET /v1/info 200`. */
export const documented: readonly string[] = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { responses }]) =>
    Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
  ),
);

/** Those of them that were seen so far, in this file of tests. */
export const seen = new Set<string>();

/**
 * Compares an exchange with the document: the answer in any case, the request if it was not refused. What stands at no
 * route must be refused as such.
 * @throws Error that says what differs
 */
export function checkExchange(exchange: Exchange): void {
  const { method, url, status } = exchange;
  const { pathname } = new URL(url);
  const path = Object.keys(document.paths).find((each) => patternOf(each).test(pathname));
  const operation = document.paths[path ?? '']?.[method.toLowerCase()];
  if (path === undefined || operation === undefined) {
    if (status === 404 || ['HEAD', 'OPTIONS'].includes(method)) return;
    throw new Error(`${method} ${pathname} is not documented, and answers ${status}`);
  }
  try {
    checkAnswer(operation, exchange);
    if (status < 400) checkRequest(operation, exchange);
  } catch (error) {
    throw new Error(`${method} ${path}, answered ${status}: ${(error as Error).message}`);
  }
  seen.add(`${method} ${path} ${status}`);
}

function checkAnswer({ responses }: Operation, { status, answerFields, answer }: Exchange): void {
  const found = responses[status];
  if (found === undefined) throw new Error('this status is not documented');
  const { content } = document.components.responses[found.$ref?.split('/').at(-1) ?? ''] ?? found;
  checkBody(content, answerFields, answer);
}

function checkRequest({ security, parameters, requestBody }: Operation, { url, fields, body }: Exchange): void {
  const query = new URL(url).searchParams;
  for (const { name, in: place, required = false, schema } of parameters) {
    if (place === 'path') continue;
    const value = place === 'query' ? query.get(name) : fields.get(name);
    query.delete(name);
    if (value === null && required) throw new Error(`${name} is missing`);
    if (value !== null) checkValue(name, schema, value);
  }
  if (query.size > 0) throw new Error(`the query has ${[...query.keys()]}`);
  // Any of them will do; one that asks for nothing, too.
  const isProved = (scheme: string) => fields.has(document.components.securitySchemes[scheme]?.name ?? 'authorization');
  if (security.length > 0 && !security.some((schemes) => Object.keys(schemes).every(isProved))) {
    throw new Error('a signature or a ticket is missing');
  }
  if (body !== null) checkBody(requestBody?.content, fields, body);
}

function checkBody(content: Content | undefined, fields: Headers, body: Uint8Array): void {
  if (content === undefined) {
    if (body.length > 0) throw new Error('there is a body');
    return;
  }
  const [mediaType = ''] = (fields.get('content-type') ?? '').toLowerCase().split(/\s*;/);
  const found = content[mediaType];
  if (found === undefined) throw new Error(`"${mediaType}" is not documented`);
  if (found.schema === undefined) return;
  const value: unknown = mediaType.endsWith('cbor') ? asJson(decode(body)) : JSON.parse(new TextDecoder().decode(body));
  checkValue('the body', found.schema, value);
}

const validators = new WeakMap<object, ValidateFunction>();

function checkValue(name: string, schema: object, value: unknown): void {
  const validate = validators.get(schema) ?? ajv.compile(schema);
  validators.set(schema, validate);
  if (!validate(value)) throw new Error(`${name}: ${ajv.errorsText(validate.errors)}`);
}

/** CBOR as JSON (RFC 8949 §6.1), as far as the protocol has it. */
function asJson(item: unknown): unknown {
  if (isBytes(item)) return encodeBase64Url(item);
  return Array.isArray(item) ? item.map(asJson) : item;
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
}

/** The same with objects that have no other fields than the documented ones, and with references that are absolute. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    key === '$ref' && String(value).includes('/schemas/') ? `${id}${value}` : closed(value),
  ]);
  return { ...Object.fromEntries(entries), ...('properties' in node && { unevaluatedProperties: false }) };
}
