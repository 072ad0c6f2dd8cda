/** The API's description, OpenAPI 3.1, from the same table that the routes are checked against. */
import { api, problem, type RouteSpec } from '@coverslip/proto/api.ts'
import { z } from 'zod'

type Json = Record<string, unknown>

/** JSON Schema 2020-12, which OpenAPI 3.1 uses as it is. */
function schemaOf(type: z.ZodType): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(type, {
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      if (zodSchema._zod.def.type === 'bigint') Object.assign(jsonSchema, { type: 'integer', minimum: 0 })
    },
  })
  return schema
}

/** @param version of the API, as in package.json */
export function openApi(version: string, publicUrl: string): Json {
  const paths: Record<string, Json> = {}
  for (const route of api) paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Coverslip',
      version,
      description: 'Whole-slide images: intake, slides, tiles, annotations. Coordinates are level-0 pixels, y down.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem) },
      responses: {
        Problem: {
          description: 'What went wrong, RFC 9457',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token' },
        session: { type: 'apiKey', in: 'cookie', name: 'coverslip_session', description: 'The session of a browser' },
      },
    },
    security: [{ token: [] }, { session: [] }],
  }
}

function operation(route: RouteSpec): Json {
  return {
    summary: route.summary,
    operationId: operationId(route),
    ...(route.access === 'anyone' && { security: [] }),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...requestBody(route),
    responses: { ...success(route), ...refusals(route) },
  }
}

/** `GET /api/slides/{id}` is `getApiSlidesId`. */
function operationId({ method, path }: RouteSpec): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter(Boolean)
  return method.toLowerCase() + words.map(word => word[0]!.toUpperCase() + word.slice(1)).join('')
}

function pathParameters({ path }: RouteSpec): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'id' || name === 'annotationId' ? { type: 'string', format: 'uuid' } : { type: 'string' },
  }))
}

function queryParameters({ query }: RouteSpec): Json[] {
  if (!query) return []
  const { properties } = schemaOf(query) as { properties: Record<string, Json> }
  const { shape } = query as z.ZodObject
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !z.safeParse(shape[name]!, undefined).success,
    schema,
  }))
}

/** Changes of one annotation say which version they are of. */
function headerParameters({ method, path }: RouteSpec): Json[] {
  if (!path.endsWith('/{annotationId}') || method === 'GET') return []
  return [{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } }]
}

function requestBody({ body, bodyType }: RouteSpec): Json {
  if (!body && !bodyType) return {}
  const content = body ? { 'application/json': { schema: schemaOf(body) } } : { [bodyType!]: {} }
  return { requestBody: { required: true, content } }
}

function success({ status = 200, answer, summary }: RouteSpec): Json {
  const media =
    typeof answer === 'string' ? { [answer]: {} } : { 'application/json': { schema: answer && schemaOf(answer) } }
  return { [status]: { description: summary, ...(answer && { content: media }) } }
}

function refusals({ access }: RouteSpec): Json {
  const problemAnswer = { $ref: '#/components/responses/Problem' }
  return { ...(access !== 'anyone' && { 401: problemAnswer, 403: problemAnswer }), default: problemAnswer }
}
