import { describe, expect, it } from 'vitest'
import { ApiError } from '../api.ts'
import type { AnnotationFeature } from './model.ts'
import { newFeature, sameContent, versionOf, withMetadata, withName } from './model.ts'
import type { RemoteAnnotations } from './remote.ts'
import { createSaver } from './saver.ts'
import type { Shelf } from './unsaved.ts'
import { changed, openUnsaved } from './unsaved.ts'

const shelf: Shelf = { length: 0, key: () => null, getItem: () => null, setItem: () => {}, removeItem: () => {} }
const shape = (id: string) =>
  newFeature({ id, geometry: { type: 'Point', coordinates: [1, 2] }, kind: 'point', layer: 'A', term: null })

/** The API's rules for versions, kept in memory. `fail` happens instead of, or after, the next call. */
function memoryServer() {
  const stored = new Map<string, AnnotationFeature>()
  const fail: { error: Error; after: boolean }[] = []
  const calls: string[] = []
  const store = (feature: AnnotationFeature, version: number) => {
    const result = withMetadata(feature, { version })
    stored.set(feature.id, result)
    return result
  }
  async function call<T>(name: string, run: () => T): Promise<T> {
    calls.push(name)
    const failure = fail.shift()
    if (failure && !failure.after) throw failure.error
    const result = run()
    if (failure) throw failure.error
    return result
  }
  const expectVersion = (id: string, version: number) => {
    const there = stored.get(id)
    if (!there) throw new ApiError(404, 'not-found', 'gone')
    if (versionOf(there) !== version) throw new ApiError(412, 'precondition-failed', 'changed')
  }
  const remote: RemoteAnnotations = {
    list: () => call('list', () => 0),
    get: id => call('get', () => stored.get(id) ?? null),
    create: feature =>
      call('create', () => {
        const there = stored.get(feature.id)
        if (there && !sameContent(there, feature)) throw new ApiError(409, 'conflict', 'id is used')
        return there ?? store(feature, 1)
      }),
    replace: (feature, version) =>
      call('replace', () => {
        expectVersion(feature.id, version)
        return store(feature, version + 1)
      }),
    remove: (id, version) =>
      call('remove', () => {
        expectVersion(id, version)
        stored.delete(id)
      }),
  }
  return { stored, fail, calls, remote }
}

function setUp() {
  const server = memoryServer()
  const unsaved = openUnsaved(shelf, 'anna', 's1')
  const log: unknown[][] = []
  let settled = () => {}
  const saver = createSaver(
    server.remote,
    unsaved,
    {
      saved: (id, stored) => log.push(['saved', id, stored ? versionOf(stored) : null]),
      conflict: (...args) => log.push(['conflict', ...args]),
      refused: (id, reason) => log.push(['refused', id, reason]),
      signedOut: () => log.push(['signed out']),
      count: () => unsaved.all().every(entry => entry.refused) && settled(),
    },
    async () => {},
  )
  const save = () =>
    new Promise<void>(resolve => {
      settled = resolve
      saver.wake()
    })
  return { ...server, unsaved, log, saver, save }
}

const unreachable = new ApiError(0, 'no-answer', 'away')

describe('saver', () => {
  it('creates, replaces and removes with the version it knows', async () => {
    const { unsaved, log, save, stored } = setUp()
    unsaved.put(changed(undefined, 'a', shape('a'), 0))
    await save()
    unsaved.put(changed(undefined, 'a', withName(shape('a'), 'new'), 1))
    await save()
    unsaved.put(changed(undefined, 'a', null, 2))
    await save()
    expect(log).toEqual([
      ['saved', 'a', 1],
      ['saved', 'a', 2],
      ['saved', 'a', null],
    ])
    expect(stored.size).toBe(0)
  })

  it('tries again until the server answers, and doubles nothing', async () => {
    const { unsaved, log, save, fail, calls, stored } = setUp()
    fail.push({ error: unreachable, after: false }, { error: unreachable, after: true })
    unsaved.put(changed(undefined, 'a', shape('a'), 0))
    await save()
    expect(calls).toEqual(['create', 'create', 'create'])
    expect(log).toEqual([['saved', 'a', 1]])
    expect(stored.size).toBe(1)
  })

  it('finds a creation that arrived unanswered and was changed since', async () => {
    const { unsaved, remote, log, save, stored } = setUp()
    await remote.create(shape('a'))
    unsaved.put({ ...changed(undefined, 'a', withName(shape('a'), 'later'), 0), sent: true })
    await save()
    expect(log).toEqual([['saved', 'a', 2]])
    expect(stored.get('a')?.properties.name).toBe('later')
  })

  it('removes a creation that arrived unanswered and is no longer wanted', async () => {
    const { unsaved, remote, save, stored } = setUp()
    await remote.create(shape('a'))
    unsaved.put({ ...changed(undefined, 'a', null, 0), sent: true })
    await save()
    expect(stored.size).toBe(0)
  })

  it('says nothing to the server about what it never saw', async () => {
    const { unsaved, calls, save, log } = setUp()
    unsaved.put(changed(undefined, 'a', null, 0))
    await save()
    expect(calls).toEqual([])
    expect(log).toEqual([['saved', 'a', null]])
  })

  it('gives way to a faster colleague and offers both sides', async () => {
    const { unsaved, remote, log, save, stored } = setUp()
    await remote.create(shape('a'))
    await remote.replace(withName(shape('a'), 'theirs'), 1)
    const mine = withName(shape('a'), 'mine')
    unsaved.put(changed(undefined, 'a', mine, 1))
    await save()
    expect(log).toEqual([['conflict', 'a', mine, stored.get('a')]])
    expect(stored.get('a')?.properties.name).toBe('theirs')
  })

  it('calls a change of something deleted a conflict, and a second deletion no news', async () => {
    const { unsaved, log, save } = setUp()
    unsaved.put(changed(undefined, 'a', shape('a'), 3))
    await save()
    unsaved.put(changed(undefined, 'b', null, 3))
    await save()
    expect(log).toEqual([
      ['conflict', 'a', shape('a'), null],
      ['saved', 'b', null],
    ])
  })

  it('keeps what the server refuses, says why, and goes on with the rest', async () => {
    const { unsaved, log, save, fail } = setUp()
    fail.push({ error: new ApiError(422, 'invalid', 'too many corners'), after: false })
    unsaved.put(changed(undefined, 'a', shape('a'), 0))
    unsaved.put(changed(undefined, 'b', shape('b'), 0))
    await save()
    expect(log).toEqual([
      ['refused', 'a', 'too many corners'],
      ['saved', 'b', 1],
    ])
    expect(unsaved.get('a')?.refused).toBe('too many corners')
  })

  it('sends a change that was made while an earlier one was on its way', async () => {
    const { unsaved, remote, log, save, stored } = setUp()
    const create = remote.create
    remote.create = async feature => {
      const result = await create(feature)
      unsaved.put(changed(unsaved.get('a'), 'a', withName(feature, 'meanwhile'), 0))
      return result
    }
    unsaved.put(changed(undefined, 'a', shape('a'), 0))
    await save()
    expect(log).toEqual([['saved', 'a', 2]])
    expect(stored.get('a')?.properties.name).toBe('meanwhile')
  })

  it('stops and keeps everything when nobody is signed in', async () => {
    const { unsaved, log, saver, fail } = setUp()
    fail.push({ error: new ApiError(401, 'unauthenticated', 'sign in'), after: false })
    unsaved.put(changed(undefined, 'a', shape('a'), 0))
    saver.wake()
    await expect.poll(() => log).toEqual([['signed out']])
    expect(unsaved.get('a')?.feature).toEqual(shape('a'))
  })
})
