import { api } from '@coverslip/proto/api.ts'
import { describe, expect, it } from 'vitest'
import { openApi } from './openapi.ts'

interface Operation {
  operationId: string
  parameters: { name: string; in: string; required: boolean; schema: Record<string, unknown> }[]
  responses: Record<string, unknown>
  security?: unknown[]
  requestBody?: { content: Record<string, unknown> }
}
const document = openApi('1.2.3', 'http://localhost:8080') as { paths: Record<string, Record<string, Operation>> }
const operations = api.map(route => ({ route, operation: document.paths[route.path]?.[route.method.toLowerCase()] }))

describe('the description of the API', () => {
  it('has every route, and nothing else', () => {
    for (const { route, operation } of operations) expect(operation, `${route.method} ${route.path}`).toBeDefined()
    const described = Object.values(document.paths).flatMap(path => Object.keys(path))
    expect(described).toHaveLength(api.length)
  })

  it('names every parameter of a path, and each operation once', () => {
    for (const { route, operation } of operations) {
      const named = operation!.parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name)
      expect(named).toEqual([...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    }
    expect(new Set(operations.map(({ operation }) => operation!.operationId)).size).toBe(api.length)
  })

  it('says which status to expect, and how refusals look', () => {
    for (const { route, operation } of operations) {
      expect(operation!.responses).toHaveProperty(String(route.status ?? 200))
      expect('401' in operation!.responses).toBe(route.access !== 'anyone')
      expect(operation!.security).toEqual(route.access === 'anyone' ? [] : undefined)
    }
  })

  it('describes parameters of the query with their bounds', () => {
    const { parameters } = document.paths['/api/slides']!.get!
    expect(parameters.find(({ name }) => name === 'limit')).toMatchObject({
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
    })
    const after = document.paths['/api/slides/{id}/live']!.get!.parameters.find(({ name }) => name === 'after')
    expect(after).toMatchObject({ required: false, schema: { type: 'integer', minimum: 0 } })
  })

  it('can be written down', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })
})
