import { Change, Feature } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { expect, it } from 'vitest'
import { changesMessage, featureCollection } from './feature-collection.ts'

const feature = (id: string) =>
  Feature.fromPartial({ id, version: 1n, geojson: Buffer.from(`{"type":"Feature","id":"${id}"}`) })

it.each([[[]], [['a']], [['a', 'b', 'c']]])('puts the features %j together as one collection', ids => {
  const bytes = featureCollection(ids.map(feature), { nextCursor: 'x"y', seq: 12n })
  expect(JSON.parse(bytes.toString())).toEqual({
    type: 'FeatureCollection',
    features: ids.map(id => ({ type: 'Feature', id })),
    nextCursor: 'x"y',
    seq: 12,
  })
})

it('says null at the last page', () => {
  expect(JSON.parse(featureCollection([], { nextCursor: null, seq: 0n }).toString())).toMatchObject({
    nextCursor: null,
  })
})

it('tells changes with the feature, or null for one that is gone', () => {
  const changes = [
    Change.fromPartial({ seq: 4n, annotationId: 'a', feature: feature('a') }),
    Change.fromPartial({ seq: 5n, annotationId: 'b', deleted: true }),
  ]
  expect(JSON.parse(changesMessage(changes, 5n).toString())).toEqual({
    type: 'changes',
    changes: [
      { seq: 4, annotationId: 'a', deleted: false, feature: { type: 'Feature', id: 'a' } },
      { seq: 5, annotationId: 'b', deleted: true, feature: null },
    ],
    seq: 5,
  })
})
