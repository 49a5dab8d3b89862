// The OpenAPI document of the relay, out of the contracts of its routes (`npm run openapi`). It is no part of the relay: in
// development this serves the file that was made.

import { toJsonSchema } from '@valibot/to-json-schema';
import type { Hono } from 'hono';
import type { RouterRoute } from 'hono/types';
import type { GenericSchema } from 'valibot';
import type { Shape } from '../client/wire/codec.ts';
import { errorCodes } from '../client/wire/errors.ts';
import { maxAddressLength } from '../client/wire/limits.ts';
import { ProblemSchema } from '../client/wire/problem.ts';
import { epochBytes } from '../client/wire/registration.ts';
import { mediaTypes, ticketProtocolPrefix } from '../client/wire/routes.ts';
import type { App } from './admission.ts';
import type { Contract, Described, Parameter, Schema } from './contract.ts';
import type { ProblemCode } from './errors.ts';
import { version } from './version.ts';

type Json = Readonly<Record<string, unknown>>;

const description = `What a relay does is said in PROTOCOL.md; this says the same of its routes to programs.

Bodies in \`application/cbor\` are deterministic CBOR (RFC 8949 §4.2). Their schemas are of that CBOR as JSON, as RFC 8949 §6.1
has it: a byte string becomes text in base64url without padding. Each struct is an array of its fields, in order.

Every refusal is a problem document (RFC 9457) with a stable code. Identifiers of clients never stand in a URL.`;

/** What callers are refused with, besides the codes of the route. */
const refusals: Readonly<Record<Contract['caller'], readonly ProblemCode[]>> = {
  anybody: [],
  registering: ['bad-signature', 'stale-signature', 'rate-limited'],
  registered: ['bad-signature', 'stale-signature', 'not-registered', 'too-large', 'rate-limited'],
  ticket: ['malformed', 'ticket-invalid', 'origin-refused'],
  operator: [],
};
const refusalsOfBody: readonly ProblemCode[] = ['malformed', 'unsupported-media-type', 'too-large', 'too-slow'];
const refusalsOfAll: readonly ProblemCode[] = ['wrong-host', 'internal-error'];

const signed = [{ signature: [], signatureInput: [] }];
const security: Readonly<Record<Contract['caller'], readonly Json[]>> = {
  anybody: [],
  registering: signed,
  registered: signed,
  ticket: [{ ticket: [] }],
  operator: [{}, { healthToken: [] }],
};

const securitySchemes = {
  signatureInput: {
    type: 'apiKey',
    in: 'header',
    name: 'Signature-Input',
    description:
      'RFC 9421: label `cliquet`; components `"@method" "@authority" "@path" "@query"`, and `"content-digest"` if there is a body; parameters `created`, `nonce`, `keyid` (the HRID of the caller), `alg="ed25519"`, `tag="cliquet"`.',
  },
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'Signature',
    description: 'RFC 9421: the signature with the Ed25519 key of the caller.',
  },
  ticket: {
    type: 'apiKey',
    in: 'header',
    name: 'Sec-WebSocket-Protocol',
    description: `\`cliquet.v1\`, and \`${ticketProtocolPrefix}\` with a ticket of \`POST /v1/tickets\` behind it.`,
  },
  healthToken: { type: 'http', scheme: 'bearer', description: 'The `HEALTH_TOKEN` of the deployment.' },
};

const parameters: Readonly<Record<Parameter, Json>> = {
  address: {
    description: 'Only what was sent there, in JSON.',
    schema: { type: 'string', maxLength: maxAddressLength },
  },
  after: { description: 'From behind this number on.', schema: { type: 'string', pattern: '^[0-9]{1,16}$' } },
  epoch: { description: 'The epoch that `after` is of.', schema: base64Url(epochBytes) },
};

const contentDigest = {
  name: 'Content-Digest',
  in: 'header',
  required: true,
  description: 'RFC 9530, SHA-256 of the body.',
  schema: { type: 'string', pattern: '^sha-256=:[A-Za-z0-9+/]{43}=:$' },
};

/** RFC 9110 §15. */
const phrases: Readonly<Record<string, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  202: 'Accepted',
  204: 'No Content',
  503: 'Service Unavailable',
};

const retryAfter = { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 1 } };

/** @throws TypeError if a route has no contract */
export function describeApi(app: Hono<App>): Json {
  const components = new Components();
  const paths: Record<string, Record<string, Json>> = {};
  for (const { method, path, contract } of contractsOf(app)) {
    const named = path.replace(/:(\w+)\{[^}]*\}/g, '{$1}');
    const operationId = [method.toLowerCase(), ...(named.match(/\w+/g) ?? [])].join('-');
    const operation = { operationId, ...describeRoute(method, path, contract, components) };
    paths[named] = { ...paths[named], [method.toLowerCase()]: operation };
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Cliquet relay', version, description, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: components.schemas, responses: components.responses, securitySchemes },
  };
}

/** Hono lists a route once for each of its handlers. */
function contractsOf({ routes }: Hono<App>): { method: string; path: string; contract: Contract }[] {
  const isDescribed = (handler: object): handler is Described => 'contract' in handler;
  const byName = Map.groupBy(routes, ({ method, path }) => `${method} ${path}`);
  return [...byName.values()].flatMap((handlers) => {
    const [{ method, path }] = handlers as [RouterRoute];
    // What stands before every route.
    if (method === 'ALL') return [];
    const contract = handlers.map(({ handler }) => handler).find(isDescribed)?.contract;
    if (contract === undefined) throw new TypeError(`"described" expected before ${method} ${path}`);
    return [{ method, path, contract }];
  });
}

function describeRoute(method: string, path: string, contract: Contract, components: Components): Json {
  const { summary, caller, query = [], takes, answers } = contract;
  const isSigned = caller === 'registering' || caller === 'registered';
  return {
    summary,
    security: security[caller],
    parameters: [
      ...[...path.matchAll(/:(\w+)\{([^}]*)\}/g)].map(([, name, pattern]) => ({
        ...{ name, in: 'path', required: true },
        schema: { type: 'string', pattern: `^${pattern}$` },
      })),
      ...query.map((name) => ({ name, in: 'query', ...parameters[name] })),
      ...(isSigned && takes ? [contentDigest] : []),
    ],
    ...(takes && {
      requestBody: {
        description: `At most ${takes.maxBytes} bytes.`,
        required: true,
        content: { [takes.mediaType]: { schema: components.schemaOf(takes.content) } },
      },
    }),
    responses: { ...components.refusals(refusalsOf(method, contract)), ...describeAnswers(answers, components) },
  };
}

function describeAnswers(answers: Contract['answers'], components: Components): Json {
  const contentOf = (content: Schema | string) =>
    typeof content === 'string' ? [content, {}] : [mediaTypeOf(content), { schema: components.schemaOf(content) }];
  return Object.fromEntries(
    Object.entries(answers).map(([status, contents]) => [
      status,
      {
        description: phrases[status] ?? '',
        ...(contents !== null && { content: Object.fromEntries([contents].flat().map(contentOf)) }),
      },
    ]),
  );
}

function refusalsOf(method: string, { caller, takes, refuses = [] }: Contract): ProblemCode[] {
  return [
    ...refusalsOfAll,
    ...refusals[caller],
    // A GET has no body that could be late.
    ...(caller === 'registered' && method !== 'GET' ? (['too-slow'] as const) : []),
    ...(takes ? refusalsOfBody : []),
    ...refuses,
  ];
}

function mediaTypeOf(content: Schema): string {
  return 'encode' in content ? mediaTypes.cbor : mediaTypes.json;
}

/** What several routes have in common, each under its name. */
class Components {
  readonly schemas: Record<string, Json> = { Problem: jsonSchema(ProblemSchema) };
  readonly responses: Record<string, Json> = {
    misconfigured: {
      description: 'The relay is not configured; it says what is missing.',
      content: { 'text/plain': {} },
    },
  };

  /** By status. */
  refusals(codes: readonly ProblemCode[]): Json {
    const byStatus = Map.groupBy(new Set(codes), (code) => errorCodes[code].status);
    const refs = [...byStatus].map(([status, ofStatus]) => {
      const name = ofStatus.join('.');
      this.responses[name] ??= describeRefusal(status, ofStatus);
      return [status, { $ref: `#/components/responses/${name}` }];
    });
    return { ...Object.fromEntries(refs), 503: { $ref: '#/components/responses/misconfigured' } };
  }

  schemaOf(content: Schema): Json {
    return 'encode' in content ? this.#ofShape(content) : jsonSchema(content);
  }

  #ofShape(shape: Shape): Json {
    const { name, kind, min = 0, max = 0, inner, allowed, fields, variants } = shape;
    if (kind === 'bytes') return base64Url(max, min);
    if (kind === 'integer') return { type: 'integer', minimum: min, maximum: max };
    if (kind === 'text') return { type: 'string', maxLength: max };
    if (kind === 'list' && inner) return { type: 'array', items: this.#ofShape(inner), minItems: min, maxItems: max };
    if (inner) return { anyOf: [this.#ofShape(inner), { type: 'null' }] };
    if (allowed) return { enum: allowed };
    if (fields) return this.#named(name, () => this.#tuple(fields));
    return this.#named(name, () => ({
      oneOf: Object.entries(variants ?? {}).map(([type, variant], i) => ({
        title: type,
        ...this.#tuple(variant.fields ?? {}, [{ const: i }]),
      })),
    }));
  }

  #tuple(fields: Readonly<Record<string, Shape>>, before: readonly Json[] = []): Json {
    const items = Object.entries(fields).map(([title, field]) => ({ title, ...this.#ofShape(field) }));
    const prefixItems = [...before, ...items];
    return { type: 'array', prefixItems, items: false, minItems: prefixItems.length, maxItems: prefixItems.length };
  }

  #named(name: string, describe: () => Json): Json {
    const word = name.replace(/(?:^|\W+)(\w)/g, (_, letter: string) => letter.toUpperCase());
    this.schemas[word] ??= describe();
    return { $ref: `#/components/schemas/${word}` };
  }
}

function describeRefusal(status: number, codes: readonly ProblemCode[]): Json {
  const schema = {
    $ref: '#/components/schemas/Problem',
    properties: { status: { const: status }, code: { enum: codes } },
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCodes[code].title}`).join('\n\n'),
    ...(status === 429 && { headers: { 'Retry-After': retryAfter } }),
    content: { [mediaTypes.problem]: { schema } },
  };
}

/** So many bytes, as text. */
function base64Url(maxBytes: number, minBytes: number = maxBytes): Json {
  const lengthOf = (bytes: number) => Math.ceil((bytes * 4) / 3);
  return {
    type: 'string',
    contentEncoding: 'base64url',
    pattern: '^[A-Za-z0-9_-]*$',
    minLength: lengthOf(minBytes),
    maxLength: lengthOf(maxBytes),
  };
}

function jsonSchema(schema: GenericSchema): Json {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    // The codes of a problem.
    overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? { type: 'string' } : null),
    // jsonBytes() has said how long the text is at most, and takes no shorter one.
    overrideAction: ({ valibotAction, jsonSchema: { maxLength = 0 } }) =>
      valibotAction.type === 'raw_transform' ? base64Url(Math.floor((maxLength * 3) / 4)) : null,
  });
  return rest;
}
