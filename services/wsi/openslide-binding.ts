import type koffiModule from 'koffi'
import type { OpenedSlide } from './openslide-protocol.ts'

/** libopenslide's calls (openslide.h), as far as they are needed. Handles are opaque. */
export interface OpenSlide {
  detectVendor(path: string): string | null
  open(path: string): unknown
  getError(slide: unknown): string | null
  describe(slide: unknown): Omit<OpenedSlide, 'vendor'>
  /** Pixels of a level as premultiplied ARGB into `target`, from a level-0 place; runs on libuv's thread pool. */
  readRegion(
    slide: unknown,
    target: Buffer,
    level: number,
    place: { x: number; y: number },
    size: { width: number; height: number },
  ): Promise<void>
  /** An associated image as premultiplied ARGB into `target`, which must have the room for it. */
  readAssociated(slide: unknown, name: string, target: Buffer): Promise<void>
}

type Koffi = typeof koffiModule
type Library = ReturnType<Koffi['load']>

/** Debian 12 has OpenSlide 3.4 under the first name, OpenSlide 4 has the second. */
const NAMES = ['libopenslide.so.1', 'libopenslide.so.0', 'libopenslide.1.dylib', 'libopenslide.0.dylib']

function load(koffi: Koffi): Library | undefined {
  for (const name of NAMES) {
    try {
      return koffi.load(name)
    } catch {
      // The next name is tried.
    }
  }
  return undefined
}

/** Binds the installed libopenslide; undefined when there is none. */
export function bindOpenSlide(koffi: Koffi): OpenSlide | undefined {
  const lib = load(koffi)
  if (!lib) return undefined
  const readRegion = lib.func(
    'void openslide_read_region(void *osr, void *dest, int64_t x, int64_t y, int32_t level, int64_t w, int64_t h)',
  )
  const readAssociated = lib.func('void openslide_read_associated_image(void *osr, const char *name, void *dest)')
  return {
    detectVendor: lib.func('const char *openslide_detect_vendor(const char *filename)'),
    open: lib.func('void *openslide_open(const char *filename)'),
    getError: lib.func('const char *openslide_get_error(void *osr)'),
    describe: bindDescribe(koffi, lib),
    readRegion: (slide, target, level, { x, y }, { width, height }) =>
      new Promise((resolve, reject) => {
        const done = (error: unknown) => (error ? reject(error) : resolve())
        readRegion.async(slide, target, x, y, level, width, height, done)
      }),
    readAssociated: (slide, name, target) =>
      new Promise((resolve, reject) => {
        readAssociated.async(slide, name, target, (error: unknown) => (error ? reject(error) : resolve()))
      }),
  }
}

function bindDescribe(koffi: Koffi, lib: Library): OpenSlide['describe'] {
  const levelCount = lib.func('int32_t openslide_get_level_count(void *osr)')
  const levelSize = lib.func(
    'void openslide_get_level_dimensions(void *osr, int32_t level, _Out_ int64_t *w, _Out_ int64_t *h)',
  )
  const property = lib.func('const char *openslide_get_property_value(void *osr, const char *name)')
  const names = lib.func('const char **openslide_get_associated_image_names(void *osr)')
  const imageSize = lib.func(
    'void openslide_get_associated_image_dimensions(void *osr, const char *name, _Out_ int64_t *w, _Out_ int64_t *h)',
  )
  const icc = bindIcc(lib)
  const size = (fill: (w: number[], h: number[]) => void) => {
    const [w, h] = [[0], [0]]
    fill(w, h)
    return { width: Number(w[0]), height: Number(h[0]) }
  }
  return slide => ({
    levels: Array.from({ length: levelCount(slide) }, (_, level) => size((w, h) => levelSize(slide, level, w, h))),
    mppX: property(slide, 'openslide.mpp-x'),
    mppY: property(slide, 'openslide.mpp-y'),
    objectivePower: property(slide, 'openslide.objective-power'),
    icc: icc(slide),
    associated: strings(koffi, names(slide)).map(name => ({
      name,
      ...size((w, h) => imageSize(slide, name, w, h)),
    })),
  })
}

/** OpenSlide 4 hands out ICC profiles, 3.4 has no such call. */
function bindIcc(lib: Library): (slide: unknown) => Uint8Array | null {
  try {
    const profileSize = lib.func('int64_t openslide_get_icc_profile_size(void *osr)')
    const readProfile = lib.func('void openslide_read_icc_profile(void *osr, void *dest)')
    return slide => {
      const length = Number(profileSize(slide))
      if (length <= 0) return null
      const profile = Buffer.alloc(length)
      readProfile(slide, profile)
      return profile
    }
  } catch {
    return () => null
  }
}

/** A NULL-terminated array of C strings. */
function strings(koffi: Koffi, array: unknown): string[] {
  const found: string[] = []
  for (let i = 0; array !== null; i++) {
    const text = koffi.decode(array as Parameters<Koffi['decode']>[0], i * 8, 'const char *') as string | null
    if (text === null) return found
    found.push(text)
  }
  return found
}
