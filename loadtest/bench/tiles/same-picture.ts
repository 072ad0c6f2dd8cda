/** Whether servers show the same place: otherwise a comparison of their speed says nothing. */
import sharp from 'sharp'

/** Mean difference of samples: two encodings of a place differ by less, two places of one slide by more. */
const LARGEST_DIFFERENCE = 6

export interface Answer {
  name: string
  url: string
  token?: string
}

/** @throws Error that names the answer that is not a picture like that of the first */
export async function assertSamePicture([first, ...others]: Answer[]): Promise<void> {
  const wanted = await samplesOf(first!)
  for (const other of others) {
    const { data, info } = await samplesOf(other)
    const size = `${info.width}x${info.height}`
    if (data.length !== wanted.data.length)
      throw new Error(`${other.name} answers ${size} px, ${first!.name} ${wanted.info.width}x${wanted.info.height}`)
    const difference = data.reduce((sum, sample, i) => sum + Math.abs(sample - wanted.data[i]!), 0) / data.length
    if (difference > LARGEST_DIFFERENCE)
      throw new Error(
        `${other.name} shows another picture than ${first!.name}: they differ by ${difference.toFixed(1)}`,
      )
  }
}

async function samplesOf({ name, url, token }: Answer) {
  const answer = await fetch(url, { headers: token ? { authorization: `Bearer ${token}` } : {} })
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`)
  return sharp(Buffer.from(await answer.arrayBuffer()))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
}
