import { describe, expect, it } from 'vitest'
import { fingerprint, forgetSet, setId, urlStorage } from './resume.ts'

function memoryShelf() {
  const map = new Map<string, string>()
  return {
    map,
    get length() {
      return map.size
    },
    key: (index: number) => [...map.keys()][index] ?? null,
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
  }
}

describe('resume', () => {
  const file = { path: 'Doe, Jane.svs', size: 10, lastModified: 5 }

  it('knows files again by path, size and time', () => {
    expect(fingerprint([file])).toBe(fingerprint([{ ...file }]))
    expect(fingerprint([])).toMatch(/^[0-9a-f]{16}$/)
    const others = [
      { ...file, size: 11 },
      { ...file, path: 'x' },
      { ...file, lastModified: 6 },
    ]
    expect(new Set([file, ...others].map(one => fingerprint([one]))).size).toBe(4)
  })

  it('gives a set its id again until it is complete', () => {
    const shelf = memoryShelf()
    const print = fingerprint([file])
    const id = setId(shelf, print)
    expect(setId(shelf, print)).toBe(id)
    forgetSet(shelf, print)
    expect(setId(shelf, print)).not.toBe(id)
  })

  it('keeps no file name in the browser', async () => {
    const shelf = memoryShelf()
    const storage = urlStorage(shelf)
    const print = fingerprint([file])
    const upload = {
      size: 10,
      metadata: { filename: file.path },
      creationTime: 'now',
      urlStorageKey: '',
      uploadUrl: '/u/1',
      parallelUploadUrls: null,
    }
    const key = await storage.addUpload(print, upload)
    setId(shelf, print)
    expect(JSON.stringify([...shelf.map])).not.toContain('Jane')
    expect(await storage.findUploadsByFingerprint(print)).toMatchObject([{ uploadUrl: '/u/1', urlStorageKey: key }])
    await storage.removeUpload(key)
    expect(await storage.findAllUploads()).toEqual([])
  })
})
