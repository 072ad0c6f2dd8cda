import { take } from '../../procedure/draft.ts'
import type { MiraxStep } from '../../procedure/mirax/draft.ts'
import { toSecret } from '../../procedure/secret.ts'

/**
 * The `.mrxs` file holds a picture of the whole glass for file lists, and folders gather logs, copies and annotations: the
 * result has a head of one empty byte and nothing that Slidedat.ini does not name.
 */
export const dropStrays: MiraxStep = async draft =>
  take(
    { ...draft, strays: [] },
    draft.strays.map(({ name, bytes }) => {
      const what = /\.mrxs$/i.test(name) ? 'picture in the .mrxs file' : 'further file'
      return {
        removed: { place: 'files of the slide', kind: 'metadata', name: what, length: bytes, count: 1 },
        secret: toSecret(name.replace(/\.[^.]*$/, '')),
      }
    }),
  )
