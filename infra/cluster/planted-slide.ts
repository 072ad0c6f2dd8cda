/** A made slide with fake patient data wherever a scanner leaves some, in its name as well. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FAKE_PATIENT, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'

export async function plantedSlide(seed: number): Promise<{ name: string; bytes: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-planted-'))
  const path = join(folder, 'slide.svs')
  await writeSyntheticSlide(path, { width: 1200, height: 900, seed })
  const bytes = await readFile(path)
  await rm(folder, { recursive: true })
  return { name: `${FAKE_PATIENT.fileName}.svs`, bytes }
}
