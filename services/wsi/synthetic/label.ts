import sharp, { type Sharp } from 'sharp'
import { code39 } from './code39.ts'
import type { Picture } from './grid.ts'
import type { Patient } from './patient.ts'

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

async function rasterise(image: Sharp): Promise<Picture> {
  const { data, info } = await image
    .flatten({ background: '#fff' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data }
}

/** Narrow bars are two pixels wide, so that every bar begins and ends between two pixels. */
function barcodeSvg(text: string, x: number, y: number, height: number): string {
  const bars = code39(text).bars.map(bar => `<rect x="${bar.x * 2}" width="${bar.width * 2}" height="${height}"/>`)
  return `<g transform="translate(${x} ${y})" fill="#111">${bars.join('')}</g>`
}

const LABEL = { width: 387, height: 463 }

function labelSvg(patient: Patient): string {
  const line = (y: number, size: number, text: string, weight = 'normal') =>
    `<text x="24" y="${y}" font-family="DejaVu Sans, sans-serif" font-size="${size}" font-weight="${weight}">${escapeXml(text)}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LABEL.width}" height="${LABEL.height}">`,
    `<defs><linearGradient id="paper" x2="1" y2="1"><stop stop-color="#f7f4ea"/><stop offset="1" stop-color="#e4e0d2"/></linearGradient></defs>`,
    `<rect width="100%" height="100%" fill="#3d3f42"/>`,
    `<rect x="9" y="8" width="${LABEL.width - 18}" height="${LABEL.height - 16}" rx="6" fill="url(#paper)"/>`,
    `<g fill="#1b1b1f">`,
    line(46, 19, patient.hospital.toUpperCase(), 'bold'),
    line(98, 30, patient.lastName.toUpperCase(), 'bold'),
    line(132, 24, patient.firstName),
    line(172, 20, `DOB ${patient.birthDatePrinted}`),
    line(202, 20, patient.patientId),
    line(252, 34, patient.accession, 'bold'),
    line(290, 22, 'Blk A1   Lvl 3   H&E'),
    line(444, 15, patient.barcode),
    '</g>',
    barcodeSvg(patient.accession, 24, 314, 108),
    '</svg>',
  ].join('')
}

/** The sticker at the slide's end: hospital, name, birth date, numbers and a Code 39 bar code. */
export function drawLabel(patient: Patient): Promise<Picture> {
  return rasterise(sharp(Buffer.from(labelSvg(patient))))
}

const MACRO = { width: 1280, height: 431 }

/** The overview camera's picture of the whole glass, sticker included, with the tissue where it was scanned. */
export async function drawMacro(thumbnail: Picture, label: Picture): Promise<Picture> {
  const room = { left: 450, top: 26, width: 770, height: 379 }
  const tissue = sharp(thumbnail.data, { raw: { width: thumbnail.width, height: thumbnail.height, channels: 3 } })
  const fitted = await tissue
    .resize(room.width, room.height, { fit: 'inside' })
    .png()
    .toBuffer({ resolveWithObject: true })
  const sticker = await sharp(label.data, { raw: { width: label.width, height: label.height, channels: 3 } })
    .resize({ height: MACRO.height - 44 })
    .modulate({ brightness: 0.94 })
    .png()
    .toBuffer()
  const glass = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${MACRO.width}" height="${MACRO.height}">` +
      `<defs><radialGradient id="lamp"><stop stop-color="#f3f4f2"/><stop offset="1" stop-color="#c9cdc9"/></radialGradient></defs>` +
      `<rect width="100%" height="100%" fill="#6b6f70"/>` +
      `<rect x="14" y="10" width="${MACRO.width - 30}" height="${MACRO.height - 20}" rx="5" fill="url(#lamp)" stroke="#f8fbf9" stroke-width="2"/>` +
      `<rect x="420" y="14" width="${MACRO.width - 450}" height="${MACRO.height - 28}" fill="#fff" fill-opacity=".22" stroke="#9fb3ab" stroke-width="1.5"/></svg>`,
  )
  const at = {
    left: room.left + Math.floor((room.width - fitted.info.width) / 2),
    top: room.top + Math.floor((room.height - fitted.info.height) / 2),
  }
  return rasterise(
    sharp(glass).composite([
      { input: fitted.data, ...at, blend: 'multiply' },
      { input: sticker, left: 26, top: 22 },
    ]),
  )
}
