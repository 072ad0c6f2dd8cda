import { api } from '@coverslip/proto/api.ts'
import { expect, test } from 'vitest'
import { createRouter } from './routes.ts'

const find = createRouter(api)

test('a tile path gives its parameters, the first of several templates counts', () => {
  const found = find('GET', '/tiles/ab-c/7_files/12/3_4.jpeg')
  expect(found).toMatchObject({
    route: { name: 'GET /tiles/{id}/{rendition}_files/{level}/{x}_{y}.{format}' },
    params: { id: 'ab-c', rendition: '7', level: '12', x: '3', y: '4', format: 'jpeg' },
  })
})

test('HEAD is answered by GET, another method by the list of allowed ones', () => {
  expect(find('HEAD', '/api/slides/x')).toHaveProperty('route.name', 'GET /api/slides/{id}')
  expect(find('PATCH', '/api/slides/x')).toEqual({ allowed: ['GET', 'DELETE'] })
  expect(find('GET', '/nowhere')).toEqual({ allowed: [] })
})

test('a parameter never spans a slash', () => {
  expect(find('GET', '/api/slides/a/b/c')).toEqual({ allowed: [] })
})

test('a parameter that cannot be decoded stays as it is', () => {
  expect(find('GET', '/api/slides/%E0%A4%A')).toHaveProperty('params.id', '%E0%A4%A')
})

test('a path with a zero character is none of ours', () => {
  expect(find('GET', '/api/slides/a%00b')).toEqual({ allowed: [] })
})
